"""A movie solved from its first frame to its last, as the tests of the engine need it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.backends import Backend
from engine.bundle import ActorBundle
from engine.frames import CropRect
from engine.handoff import EndOfStream
from engine.movies import MovieReader
from engine.solve_movie import MovieSolve
from engine.solved import SolvedMovie
from engine.unfinished import Unfinished
from engine.view_movies import ViewMovie


def solve_whole(
    folder: Path,
    movie: MovieReader,
    bundle: ActorBundle,
    backend: Backend,
    crop: CropRect,
    batch_size: int = 4,
    on_solved: Callable[[int], None] = lambda _: None,
    others: Sequence[ViewMovie] = (),
    keeps_errors: bool = True,
) -> SolvedMovie:
    """Solve what is not yet solved in `folder`; the rows stay there."""
    rows = Unfinished(folder, "work", bundle, keeps_errors=keeps_errors)
    solve = None
    try:
        solve = MovieSolve([ViewMovie(bundle.views[0], movie, crop), *others], bundle, rows, batch_size)
        while True:
            num_frames = solve.step(backend, 1.0)
            if num_frames is not None:
                on_solved(num_frames)
    except EndOfStream:
        assert solve is not None
        return solve.result("work")
    finally:
        rows.close()
        if solve is not None:
            solve.close()
