"""Movies decoded and prepared on a thread of their own, a few batches ahead of whoever solves them.

Rule: nothing is dropped. The decoder waits for a permit before each batch, so it never runs further ahead.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.bundle import ActorBundle
from engine.errors import CameraError
from engine.handoff import Fifo
from engine.preparation import Prepare, open_preparation
from engine.view_movies import Synchronous, ViewMovie
from engine.views import stacked
from engine.worker import Worker

BATCHES_AHEAD = 2
_WAIT_S = 1.0
_JOIN_TIMEOUT_S = 30.0  # a batch of a very large movie may still be decoding


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Moments in a row.

    Args:
        crops: [B, num_views, height, width] uint8, what the network sees.
        num_unfound: [B] pictures of each in which a face was looked for and not found.
    """

    crops: np.ndarray
    num_unfound: np.ndarray


class Decoding:
    """Movies of one performance on their way to the network.

    Args:
        movies: Of the actor's views, the first one's first; at their start.
        bundle: The actor.
        batch_size: Moments in each batch but the last.
        first: Leave out as many moments.
        on_ready: Called on the decoder's thread when there is something to take and there was nothing before.

    Raises:
        CameraError: The movies do not belong together.
        TrackerError: The actor's pictures are stabilised, and dlib is not installed.
    """

    def __init__(
        self,
        movies: Sequence[ViewMovie],
        bundle: ActorBundle,
        batch_size: int,
        first: int = 0,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        moments = Synchronous(movies[0], movies[1:])
        self.notes = moments.notes
        preparation = open_preparation(bundle.preparation, bundle.stabiliser())
        source = _batches(moments.moments(first), preparation, movies, bundle, batch_size)
        overrun = CameraError("The decoder ran further ahead than it may.", "Please report this.")
        self._batches: Fifo[Batch] = Fifo(BATCHES_AHEAD, overrun, on_ready)
        self._permits: Fifo[int] = Fifo(BATCHES_AHEAD, overrun)

        def decode() -> None:
            self._wait_for_permit()
            for batch in source:
                self._batches.put(batch)
                self._wait_for_permit()

        self._worker = Worker("decode", decode, self._batches.close)

    def start(self) -> None:
        """Begin; once."""
        for _ in range(BATCHES_AHEAD):
            self.permit()
        self._worker.start()

    def take(self, timeout_s: float) -> Batch | None:
        """The next batch, waiting `timeout_s` at most; None when none came. The decoder makes no other in its place.

        Raises:
            EndOfStream: Every batch was taken.
            CameraError: Likewise, and the movie is damaged or does not match the others.
        """
        return self._batches.take(timeout_s)

    def permit(self) -> None:
        """Let the decoder make one more batch: once for each that was taken."""
        self._permits.put(0)

    def close(self) -> None:
        """Stop decoding, and wait for it."""
        self._permits.close()
        self._worker.join(_JOIN_TIMEOUT_S)

    def _wait_for_permit(self) -> None:
        while self._permits.take(_WAIT_S) is None:
            pass


def _batches(
    moments: Iterator[tuple[np.ndarray, ...]],
    preparation: Prepare,
    movies: Sequence[ViewMovie],
    bundle: ActorBundle,
    batch_size: int,
) -> Iterator[Batch]:
    size_px = (bundle.input_width_px, bundle.input_height_px)
    places = {one.view.camera: place for place, one in enumerate(movies)}
    in_order = [places.get(view.camera) for view in bundle.views]
    crops: list[np.ndarray] = []
    num_unfound: list[int] = []
    for images in moments:
        before = preparation.num_unfound
        seen = [preparation.prepare(image, one.crop, *size_px) for image, one in zip(images, movies, strict=True)]
        num_unfound.append(preparation.num_unfound - before)
        crops.append(stacked([None if place is None else seen[place] for place in in_order], *size_px))
        if len(crops) == batch_size:
            yield Batch(np.stack(crops), np.array(num_unfound))
            crops.clear()
            num_unfound.clear()
    if crops:
        yield Batch(np.stack(crops), np.array(num_unfound))
