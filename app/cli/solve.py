"""`livedouble solve`: every frame of movies, in batches, into files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import (
    ActorOption,
    BackendOption,
    JsonOption,
    PrecisionOption,
    UsageError,
    actor_folder,
    check_can_write,
    check_results,
    parse_crop,
)

if TYPE_CHECKING:
    from engine.bundle import ActorBundle

_PLACES = ("{folder}", "{stem}")


def solve(
    movies: Annotated[list[Path], typer.Argument(metavar="MOVIE", help="Any movies FFmpeg reads.")],
    place: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE|DIR", help="The result of one movie, a file ending in .npz; or a folder for any."
        ),
    ],
    actor: ActorOption = "demo",
    side: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The side camera's movie, for an actor that sees two.")
    ] = None,
    view: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="Another camera's movie; may be given several times. For many movies {folder} and {stem} in it stand"
            " for each movie's own.",
        ),
    ] = None,
    crop: Annotated[
        str | None,
        typer.Option(metavar="X,Y,W,H", help="What the network sees, in the movie's pixels; by default the actor's."),
    ] = None,
    vertices: Annotated[
        bool | None,
        typer.Option("--vertices/--no-vertices", help="Write vertices beside the latents; by default up to 1 GiB."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Frames solved together.")] = 32,
    backend: BackendOption = None,
    precision: PrecisionOption = None,
    parallel: Annotated[
        int | None, typer.Option(min=1, help="Movies decoded side by side; by default one for each core, 8 at most.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Share the movies among the machines of this Ray cluster (optional)."),
    ] = None,
    json_file: JsonOption = None,
) -> None:
    """Solve every frame of movies, in batches, into one file each.

    A file holds `latents` [N, 160] and `vertices` [N, V, 3] in centimetres, float32, and the `basis` and `mean`
    that turn one into the other. Read it with numpy.load.

    An actor of several cameras is given a movie of each; they are matched by timecode where they have one, otherwise
    frame by frame. Without a camera's movie the actor does with the others.

    A folder also gets manifest.json, which tells of every movie. Movies that are done are not solved again, and what
    was stopped or killed goes on from its last batch when the same command is given again.

    Exit codes: 0 all done; 2 something to put right first; 3 some movies failed, the others are done; 75
    another process is at one of them, try again later; 130 stopped.

    Example: livedouble solve take.mp4 --actor demo --out take.npz

    Example: livedouble solve day1/*.mov --actor demo --out solved
    """
    from app.cli.solve_movies import solve_file, solve_folder
    from engine.bundle import ActorBundle
    from engine.solve_job import SolveJob

    is_file = _is_file(place)
    if is_file and (len(movies) > 1 or ray is not None):
        raise UsageError(f"{place} is one file.", "Give a folder with --out for many movies.")
    if json_file is not None:
        check_can_write(json_file)
    more = parse_views(view or [], side)
    if len(movies) > 1:
        _check_patterns(more)
    asked = parse_crop(crop) if crop else None
    bundle = ActorBundle.open(actor_folder(actor))
    _check_cameras(bundle, more)
    jobs = [
        SolveJob(
            movie=movie,
            result=place,
            views={camera: _of_movie(file, movie) for camera, file in more.items()},
            crop=asked,
            vertices=vertices,
            batch_size=batch,
            backend=backend and backend.value,
            precision=precision and precision.value,
        )
        for movie in (movies if is_file else _distinct(movies))
    ]
    if is_file:
        for read in (jobs[0].movie, *jobs[0].views.values()):
            check_results(read, place, json_file)
        solve_file(jobs[0], bundle, json_file)
    else:
        solve_folder(jobs, place, bundle, parallel, ray, json_file)


def _is_file(place: Path) -> bool:
    """Whether the result is one file rather than a folder of them.

    Raises:
        UsageError: It is neither.
    """
    if place.is_dir():
        return False
    if place.suffix.lower() == ".npz":
        return True
    if place.suffix or place.exists():
        raise UsageError(
            f"{place} is not a name for the result.",
            "Give a file name ending in .npz, or a folder; one with a dot in its name must exist.",
        )
    return False


def _distinct(movies: Sequence[Path]) -> list[Path]:
    """Whole paths, each once: the same command is known again wherever it is given."""
    return list(dict.fromkeys(movie.resolve() for movie in movies))


def _check_patterns(files: Mapping[str, Path]) -> None:
    for camera, file in files.items():
        if not any(place in str(file) for place in _PLACES):
            raise UsageError(
                f"{file} is one movie of the camera {camera}, for many movies.",
                "Say where each has its own, for example '{folder}/side.mp4' or '{folder}/{stem}_side.mov'.",
            )


def _of_movie(pattern: Path, movie: Path) -> Path:
    return Path(str(pattern).replace(_PLACES[0], str(movie.parent)).replace(_PLACES[1], movie.stem))


def _check_cameras(bundle: "ActorBundle", files: Mapping[str, Path]) -> None:
    known = [view.camera for view in bundle.views[1:]]
    for camera in files:
        if camera not in known:
            raise UsageError(
                f"The actor {bundle.name} has no second camera {camera}.",
                f"It has: {', '.join(known)}." if known else "Leave it out: this actor sees one camera.",
            )


def parse_views(texts: Sequence[str], side: Path | None) -> dict[str, Path]:
    """Cameras' movies as people write them, `side=FILE`.

    Raises:
        UsageError: One is not a name and a file, or a camera is given twice.
    """
    files = {} if side is None else {"side": side}
    for text in texts:
        name, _, file = text.partition("=")
        if not name or not file:
            raise UsageError(f"'{text}' is no camera with its movie.", "Give both, for example --view side=take.mp4.")
        if name in files:
            raise UsageError(f"The camera {name} is given twice.", "Give one movie for each camera.")
        files[name] = Path(file)
    return files
