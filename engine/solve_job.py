"""A movie to solve, what its result is known by, and the record that a run leaves of it.

Rule: a job is idempotent. Its result is written once, by one process at a time, and found again by what it was made of.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import astuple, dataclass
from enum import StrEnum
from pathlib import Path

from engine.backends import Backend
from engine.bundle import INT8_FILE, SKIN_FILE, ActorBundle
from engine.claim import claimed
from engine.crop_choice import choose_crop
from engine.errors import CameraError, LiveDoubleError, TakenError
from engine.exit_codes import EXIT_DONE, EXIT_FAILED, EXIT_TAKEN
from engine.expected import Moment
from engine.frames import CropRect
from engine.movies import MovieReader
from engine.solve_movie import DEFAULT_BATCH, MovieSolve
from engine.solved import SolvedMovie, bytes_needed, check_space, find_result, is_with_vertices
from engine.unfinished import Unfinished, bytes_kept, unfinished_folder
from engine.view_movies import ViewMovie

_SAMPLE_BYTES = 1 << 20
_LEAST_OF_CLAIMED, _CLAIMED_TOO_MANY = 0.99, 2  # frames; a container may count by its duration


class State(StrEnum):
    """How far a movie is."""

    WAITING = "waiting"
    SOLVING = "solving"
    DONE = "done"
    FAILED = "failed"
    TAKEN = "taken"  # by another process, which tells the manifest


@dataclass(frozen=True, slots=True)
class SolveJob:
    """A movie to solve.

    Args:
        movie: Of the actor's first view.
        result: The `.npz` it becomes.
        views: Movies of other cameras, by camera.
        crop: What the network sees of the first view, in the movie's pixels; None takes the actor's.
        vertices: Whether the result holds vertices; None leaves them out of long movies.
        batch_size: Frames solved together.
        backend: As asked for; None is the fastest that works.
        precision: Likewise.
    """

    movie: Path
    result: Path
    views: Mapping[str, Path]
    crop: CropRect | None = None
    vertices: bool | None = None
    batch_size: int = DEFAULT_BATCH
    backend: str | None = None
    precision: str | None = None

    def work(self, bundle: ActorBundle) -> str:
        """What the result depends on, as a text: movies, actor, crop and settings, but not where they lie.

        Raises:
            CameraError: A movie cannot be read.
        """
        files = {bundle.views[0].camera: self.movie, **self.views}
        parts = {
            "movies": {camera: _fingerprint(path) for camera, path in files.items()},
            "actor": _actor_digest(bundle, self.precision),
            "crop": None if self.crop is None else astuple(self.crop),
            "vertices": self.vertices,
            "backend": self.backend,
            "precision": self.precision,
        }
        return json.dumps(parts, sort_keys=True)


@dataclass(frozen=True, slots=True)
class MovieRecord:
    """What is known of a movie and its result; plain values."""

    movie: str
    file: str
    state: State = State.WAITING
    exit: int | None = None  # what its own command would end with; None while nobody knows
    error: str = ""
    frames: int = 0
    frames_claimed: int = 0  # by the movie's container; 0 where it does not say
    first_frame: int = 0  # that this run solved; those before are an earlier run's
    seconds: float = 0.0  # from opening the movie to its whole result, beside others
    write_seconds: float = 0.0  # of them, writing the result
    checksum: str = ""  # SHA-256 of the result
    work: str = ""  # what it was made of and how
    has_vertices: bool = False
    cameras: tuple[str, ...] = ()  # whose movies were solved together
    crop: tuple[int, ...] = ()  # x, y, width, height
    backend: str = ""
    precision: str = ""
    provider: str = ""
    notes: tuple[str, ...] = ()  # about crop, stabilising and cameras, for people
    expected_mm: float | None = None  # mean of the errors that the network expects of itself
    record_next: tuple[Moment, ...] = ()  # where it is least sure of itself


@dataclass(frozen=True, slots=True)
class Plan:
    """A job that has been looked at.

    Args:
        job: To do.
        work: Its `work`.
        num_frames: As its movie claims; 0 where it does not say.
        num_bytes: About what it will take on the disk, beyond the rows that lie there.
    """

    job: SolveJob
    work: str
    num_frames: int
    num_bytes: int


class OpenJob:
    """A job being worked on: its movies open, its unfinished result claimed. One thread.

    Args:
        plan: What to do.
        bundle: The actor.
        backend: Runs that actor's network.
        on_ready: Called on the decoder's thread when there is something to solve and there was nothing before.
        claim_timeout_s: How long to wait for another process that solves the same movie.

    Raises:
        CameraError: A movie cannot be read, they do not match, or a crop leaves its picture.
        StorageError: The result cannot be written, or another process writes it.
    """

    def __init__(
        self,
        plan: Plan,
        bundle: ActorBundle,
        backend: Backend,
        on_ready: Callable[[], None] | None = None,
        claim_timeout_s: float = 0.0,
    ) -> None:
        self.job = job = plan.job
        self._work, self._bundle, self._backend = plan.work, bundle, backend
        self._started_s = time.perf_counter()
        self._folder = unfinished_folder(job.result)
        with ExitStack() as stack:
            movies, self._notes = _open_movies(job, bundle, stack)
            self._facts = movies[0].movie.facts
            has_vertices = is_with_vertices(job.vertices, self._facts.num_frames, bundle)
            check_space(job.result, plan.num_bytes)
            stack.enter_context(claimed(self._folder, claim_timeout_s))
            # Rows of another backend would be mixed with this one's.
            rows_of = json.dumps([plan.work, backend.name, backend.precision, has_vertices])
            self._unfinished = Unfinished(self._folder, rows_of, bundle, keeps_errors=has_vertices)
            stack.callback(self._unfinished.close)
            self.solve = MovieSolve(movies, bundle, self._unfinished, job.batch_size, on_ready)
            stack.callback(self.solve.close)
            self._stack = stack.pop_all()

    def finish(self) -> MovieRecord:
        """Write the result when a step has met the movie's end, and close.

        Raises:
            CameraError: The movie has no pictures.
            StorageError: The disk is full; the rows are kept.
        """
        solved = self.solve.result(self._work)
        has_vertices = is_with_vertices(self.job.vertices, len(solved.latents), self._bundle)
        solved_s = time.perf_counter()
        checksum = solved.save(self.job.result, has_vertices)
        record = self._record(solved, checksum, has_vertices, solved_s)
        del solved  # its arrays are mapped from files that go away now
        self.discard()
        return record

    def keep(self) -> None:
        """Close; the same job goes on from the last row."""
        self._stack.close()

    def discard(self) -> None:
        """Close and keep no rows."""
        with self._stack:
            self.solve.close()
            self._unfinished.remove()
        with suppress(OSError):  # one that an earlier process made, and no longer empty if another has begun
            self._folder.rmdir()

    def _record(self, solved: SolvedMovie, checksum: str, has_vertices: bool, solved_s: float) -> MovieRecord:
        facts, ended_s = self._facts, time.perf_counter()
        expected = solved.expected
        return MovieRecord(
            movie=str(self.job.movie),
            file=str(self.job.result),
            state=State.DONE,
            exit=_exit_of(len(solved.latents), facts.num_frames),
            frames=len(solved.latents),
            frames_claimed=facts.num_frames,
            first_frame=self.solve.first_frame,
            seconds=round(ended_s - self._started_s, 3),
            write_seconds=round(ended_s - solved_s, 3),
            checksum=checksum,
            work=self._work,
            has_vertices=has_vertices,
            cameras=solved.cameras,
            crop=astuple(solved.crop),
            backend=self._backend.name,
            precision=self._backend.precision,
            provider=self._backend.provider,
            notes=(*self._notes, *solved.notes, *_unfound(solved.num_unfound)),
            expected_mm=None if expected is None else round(float(expected.frames_mm.mean()), 4),
            record_next=() if expected is None else expected.moments(facts.rate, facts.timecode),
        )


def plan_job(job: SolveJob, bundle: ActorBundle) -> Plan:
    """Look at a job before the work.

    Raises:
        CameraError: A movie cannot be read, or a crop leaves its picture.
    """
    with ExitStack() as stack:
        facts = _open_movies(job, bundle, stack)[0][0].movie.facts
        has_vertices = is_with_vertices(job.vertices, facts.num_frames, bundle)
        num_bytes = bytes_needed(facts.num_frames, bundle, has_vertices) - bytes_kept(unfinished_folder(job.result))
        return Plan(job, job.work(bundle), facts.num_frames, max(0, num_bytes))


def failed_record(job: SolveJob, error: LiveDoubleError) -> MovieRecord:
    """Of a movie that cannot be solved, or not by this process."""
    is_taken = isinstance(error, TakenError)
    state, code = (State.TAKEN, EXIT_TAKEN) if is_taken else (State.FAILED, EXIT_FAILED)
    return MovieRecord(str(job.movie), str(job.result), state, code, str(error))


def found_record(plan: Plan) -> MovieRecord | None:
    """Of a movie whose result lies there whole, made of the same; None where it does not."""
    found, job = find_result(plan.job.result), plan.job
    if found is None or found.work != plan.work:
        return None
    return MovieRecord(
        movie=str(job.movie),
        file=str(job.result),
        state=State.DONE,
        exit=_exit_of(found.num_frames, plan.num_frames),
        frames=found.num_frames,
        first_frame=found.num_frames,
        frames_claimed=plan.num_frames,
        work=plan.work,
        has_vertices=found.has_vertices,
    )


def is_cut_off(num_frames: int, num_claimed: int) -> bool:
    """Whether a movie has far fewer frames than its container claims; containers may be off by a few."""
    return num_frames < _LEAST_OF_CLAIMED * num_claimed - _CLAIMED_TOO_MANY


def _exit_of(num_frames: int, num_claimed: int) -> int:
    return EXIT_FAILED if is_cut_off(num_frames, num_claimed) else EXIT_DONE


def is_of_movie(result: Path, movie: Path) -> bool:
    """Whether a whole result is that of this movie, with whichever actor and settings."""
    found = find_result(result)
    if found is None or not found.work:
        return False
    try:
        return _fingerprint(movie) in json.loads(found.work)["movies"].values()
    except CameraError:
        return False


def _open_movies(job: SolveJob, bundle: ActorBundle, stack: ExitStack) -> tuple[Sequence[ViewMovie], tuple[str, ...]]:
    """The movies in the actor's order, and what a user should know of their crops."""
    files = {bundle.views[0].camera: job.movie, **job.views}
    movies: list[ViewMovie] = []
    notes: list[str] = []
    for view in bundle.views:
        if view.camera not in files:
            continue
        reader = stack.enter_context(MovieReader(files[view.camera]))
        asked = job.crop if view is bundle.views[0] else None
        choice = choose_crop(bundle, asked, reader.facts.width_px, reader.facts.height_px, view)
        movies.append(ViewMovie(view, reader, choice.crop))
        whose = f"{view.camera}: " if view is not bundle.views[0] else ""
        notes += [whose + note for note in choice.notes]
    return movies, tuple(notes)


def _fingerprint(path: Path) -> str:
    """Size and a checksum of three samples: hours of footage are not read twice to know them again.

    Raises:
        CameraError: It cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            for start in (0, (size - _SAMPLE_BYTES) // 2, size - _SAMPLE_BYTES):
                file.seek(max(0, start))
                digest.update(file.read(_SAMPLE_BYTES))
    except OSError as error:
        raise CameraError(f"The movie {path} cannot be read ({error.strerror}).", "Check the path.") from error
    return f"{size}:{digest.hexdigest()}"


def _actor_digest(bundle: ActorBundle, precision: str | None) -> str:
    """Of everything of an actor that a result depends on."""
    unseen = {SKIN_FILE, *([] if precision == "int8" else [INT8_FILE])}
    files = {name: checksum for name, checksum in bundle.facts.files.items() if name not in unseen}
    views = [[view.camera, *astuple(view.crop), *view.frame_size] for view in bundle.views]
    text = json.dumps([files, views, bundle.preparation.value], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _unfound(num_frames: int) -> tuple[str, ...]:
    if not num_frames:
        return ()
    return (f"In {num_frames} frames no face was found: they were solved unstabilised and may jump.",)
