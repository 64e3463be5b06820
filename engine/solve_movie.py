"""Every frame of a movie through the network, in batches: a thread decodes ahead while the backend solves.

Rule: nothing is dropped. The decoder waits for a permit, so it never runs further ahead than a few batches.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from engine.backends import Backend
from engine.bundle import ActorBundle
from engine.crop import check_crop
from engine.errors import CameraError
from engine.expected import ExpectedTally
from engine.frames import CropRect
from engine.handoff import EndOfStream, Fifo
from engine.movies import MovieReader
from engine.preparation import Prepare, open_preparation
from engine.solved import SolvedMovie
from engine.view_movies import Synchronous, ViewMovie
from engine.views import absent_note, stacked
from engine.worker import Worker

DEFAULT_BATCH = 32
_BATCHES_AHEAD = 2
_WAIT_S = 1.0
_JOIN_TIMEOUT_S = 30.0  # a batch of a very large movie may still be decoding


def solve_movie(
    movie: MovieReader,
    bundle: ActorBundle,
    backend: Backend,
    crop: CropRect,
    batch_size: int = DEFAULT_BATCH,
    on_solved: Callable[[int], None] | None = None,
    *,
    others: Sequence[ViewMovie] = (),
    keeps_errors: bool = True,
) -> SolvedMovie:
    """Solve a movie from its first frame to its last. Returns when all is done; any one thread.

    Args:
        movie: Of the actor's first view, at its start; it is read on another thread until this returns.
        bundle: The actor.
        backend: Runs that actor's network.
        crop: What the network sees, in the movie's pixels.
        batch_size: Frames solved together; the result is the same for any.
        on_solved: Told how many more frames are done, on the caller's thread.
        others: Movies of the actor's other views; a view without one is absent.
        keeps_errors: Whether every vertex's expected error is kept, where the network foretells them.

    Raises:
        CameraError: A crop leaves its picture, a movie is damaged or without pictures, or they do not match.
        TrackerError: The actor's pictures are stabilised, and dlib is not installed.
    """
    if batch_size < 1:
        raise ValueError(f"a batch has at least one frame, got {batch_size}")
    movies = (ViewMovie(bundle.views[0], movie, crop), *others)
    for one in movies:
        check_crop(one.crop, one.movie.facts.width_px, one.movie.facts.height_px)
    moments = Synchronous(movies[0], others)
    latents: list[np.ndarray] = []
    expected = ExpectedTally(bundle.topology, keeps_vertices=keeps_errors)
    preparation = open_preparation(bundle.preparation, bundle.stabiliser())
    with _decoded_ahead(_batches(moments, preparation, movies, bundle, batch_size)) as batches:
        for crops in batches:
            solved = backend.run(crops)
            latents.append(solved.latents)
            if solved.errors_mm is not None:
                expected.add(solved.errors_mm)
            if on_solved is not None:
                on_solved(len(crops))
    if not latents:
        raise CameraError("The movie has no pictures.", "Give a movie that plays.")
    cameras = tuple(one.view.camera for one in movies)
    return SolvedMovie(
        latents=np.concatenate(latents),
        bundle=bundle,
        crop=crop,
        rate=movie.facts.rate,
        timecode=str(movie.facts.timecode or ""),
        num_unfound=preparation.num_unfound,
        cameras=cameras,
        expected=expected.result(),
        notes=(*moments.notes, *absent_note(bundle.views, cameras)),
    )


@contextmanager
def _decoded_ahead(source: Iterator[np.ndarray]) -> Iterator[Iterator[np.ndarray]]:
    overrun = CameraError("The decoder ran further ahead than it may.", "Please report this.")
    batches: Fifo[np.ndarray] = Fifo(_BATCHES_AHEAD, overrun)
    permits: Fifo[int] = Fifo(_BATCHES_AHEAD, overrun)
    for number in range(_BATCHES_AHEAD):
        permits.put(number)

    def decode() -> None:
        for batch in source:
            while permits.take(_WAIT_S) is None:
                pass
            batches.put(batch)

    worker = Worker("decode", decode, batches.close)
    worker.start()
    try:
        yield _taken(batches, permits)
    finally:
        permits.close()
        worker.join(_JOIN_TIMEOUT_S)


def _taken(batches: Fifo[np.ndarray], permits: Fifo[int]) -> Iterator[np.ndarray]:
    while True:
        try:
            batch = batches.take(_WAIT_S)
        except EndOfStream:
            return
        if batch is not None:
            permits.put(0)  # while the caller works on this one, the decoder may make another
            yield batch


def _batches(
    moments: Synchronous, preparation: Prepare, movies: Sequence[ViewMovie], bundle: ActorBundle, batch_size: int
) -> Iterator[np.ndarray]:
    """[B, num_views, height, width] uint8, B = `batch_size` except in the last."""
    size_px = (bundle.input_width_px, bundle.input_height_px)
    places = {one.view.camera: place for place, one in enumerate(movies)}
    in_order = [places.get(view.camera) for view in bundle.views]
    crops: list[np.ndarray] = []
    for images in moments:
        seen = [preparation.prepare(image, one.crop, *size_px) for image, one in zip(images, movies, strict=True)]
        crops.append(stacked([None if place is None else seen[place] for place in in_order], *size_px))
        if len(crops) == batch_size:
            yield np.stack(crops)
            crops.clear()
    if crops:
        yield np.stack(crops)
