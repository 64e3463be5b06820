"""One movie on its way through the network: batches in, rows on disk, a result at the end.

Rule: a frame's row lies on the disk before the next batch is solved, so a process that is killed loses one batch.
"""

from collections.abc import Callable, Sequence

from engine.backends import Backend
from engine.bundle import ActorBundle
from engine.crop import check_crop
from engine.decoding import BATCHES_AHEAD, Batch, Decoding
from engine.errors import CameraError, LiveDoubleError
from engine.handoff import EndOfStream
from engine.solved import SolvedMovie
from engine.unfinished import Unfinished
from engine.view_movies import ViewMovie
from engine.views import absent_note

DEFAULT_BATCH = 32
_WAIT_S = 1.0


class MovieSolve:
    """Solves a movie from its first frame, or from the first that is missing, to its last. Any one thread.

    Args:
        movies: Of the actor's views, each at its start, the first view's first; a view without one is absent. They are
            read on another thread until `close`.
        bundle: The actor.
        unfinished: Takes the rows; those that it holds are not solved again.
        batch_size: Frames solved together; the result is the same for any.
        on_ready: Called on the decoder's thread when there is something to solve and there was nothing before.

    Raises:
        CameraError: A crop leaves its picture, or the movies do not match.
        TrackerError: The actor's pictures are stabilised, and dlib is not installed.
    """

    def __init__(
        self,
        movies: Sequence[ViewMovie],
        bundle: ActorBundle,
        unfinished: Unfinished,
        batch_size: int = DEFAULT_BATCH,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"a batch has at least one frame, got {batch_size}")
        for one in movies:
            check_crop(one.crop, one.movie.facts.width_px, one.movie.facts.height_px)
        self._movies, self._bundle, self._unfinished = tuple(movies), bundle, unfinished
        self.first_frame = unfinished.num_frames
        self._decoding = Decoding(movies, bundle, batch_size, self.first_frame, on_ready)
        self._decoding.start()

    @property
    def num_frames(self) -> int:
        """That have their row."""
        return self._unfinished.num_frames

    def step(self, backend: Backend, timeout_s: float) -> int | None:
        """Solve a batch, waiting `timeout_s` at most for it; how many frames it had, None when none came.

        Raises:
            EndOfStream: Every frame is solved.
            CameraError: The movie is damaged, has no pictures or does not match the others.
            BackendError: The runtime failed.
            StorageError: The disk is full.
        """
        batch = self._decoding.take(timeout_s)
        if batch is None:
            return None
        self._decoding.permit()  # while this one is solved, the decoder makes another
        return self.solve(batch, backend)

    def take_ahead(self) -> list[Batch]:
        """What the decoder may make ahead, waiting for it; it then rests until `go_on`. Fewer at the movie's end."""
        batches: list[Batch] = []
        try:
            while len(batches) < BATCHES_AHEAD:
                batch = self._decoding.take(_WAIT_S)
                batches += [] if batch is None else [batch]
        except (EndOfStream, LiveDoubleError):
            pass  # the next step meets it again
        return batches

    def go_on(self) -> None:
        """Let the decoder make as many again as `take_ahead` took."""
        for _ in range(BATCHES_AHEAD):
            self._decoding.permit()

    def solve(self, batch: Batch, backend: Backend) -> int:
        """Solve what `take_ahead` gave, in its order; see `step`."""
        solved = backend.run(batch.crops)
        self._unfinished.add(solved.latents, batch.num_unfound, solved.errors_mm)
        return len(batch.crops)

    def result(self, work: str) -> SolvedMovie:
        """The whole movie, when a step has met its end; it lies on the disk still.

        Args:
            work: See `SolvedMovie`.

        Raises:
            CameraError: The movie has no pictures.
        """
        rows, main = self._unfinished, self._movies[0]
        if not rows.num_frames:
            raise CameraError("The movie has no pictures.", "Give a movie that plays.")
        cameras = tuple(one.view.camera for one in self._movies)
        return SolvedMovie(
            latents=rows.latents(),
            bundle=self._bundle,
            crop=main.crop,
            rate=main.movie.facts.rate,
            timecode=str(main.movie.facts.timecode or ""),
            num_unfound=rows.num_unfound(),
            cameras=cameras,
            expected=rows.expected(),
            errors_mm=rows.errors_mm(),
            notes=(*self._decoding.notes, *absent_note(self._bundle.views, cameras)),
            work=work,
        )

    def close(self) -> None:
        """Stop decoding and keep the rows."""
        self._decoding.close()
        self._unfinished.close()
