"""Many movies through one network: a few are decoded side by side, and whichever has a batch ready is solved.

Rule: a movie that cannot be read harms no other; a disk, a backend or an actor that fails ends the run, for it would
fail all of them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from engine.backends import Backend
from engine.bundle import ActorBundle
from engine.errors import ActorError, BackendError, LiveDoubleError, StorageError, TakenError, TrackerError
from engine.handoff import EndOfStream, Latest
from engine.machine import usable_cores
from engine.pace import Pace
from engine.solve_job import MovieRecord, OpenJob, Plan, SolveJob, failed_record, found_record

_MOST_SIDE_BY_SIDE = 8
_WAIT_S = 1.0
_ENDS_THE_RUN = (StorageError, BackendError, ActorError, TrackerError)


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told of the work, on the caller's thread.

    Args:
        begun: A movie, and how many of its frames an earlier run has solved.
        solved: How many more frames are solved.
    """

    begun: Callable[[SolveJob, int], None]
    solved: Callable[[int], None]


def side_by_side() -> int:
    """How many movies to decode at a time: a decoder fills about one core."""
    return min(usable_cores(), _MOST_SIDE_BY_SIDE)


def solve_many(
    plans: Iterable[Plan],
    bundle: ActorBundle,
    backend: Backend,
    num_lanes: int,
    watch: Watch,
    pace: Pace,
    *,
    claim_timeout_s: float = 0.0,
) -> Iterator[MovieRecord]:
    """Solve movies; gives each one's record when it is done or has failed, in the order of their ends.

    If the caller stops early, or the
    process is killed, the movies at work go on from the last batch when the same jobs are given again.

    Args:
        plans: In the order in which to begin; each of another result.
        bundle: The actor.
        backend: Runs that actor's network.
        num_lanes: Movies at work at the same time.
        watch: Told of the work.
        pace: Collects how fast it goes.
        claim_timeout_s: How long to wait for another process that solves the same movie.

    Raises:
        StorageError: A result cannot be written.
        BackendError: The runtime failed.
        ActorError: The actor's own network that finds the head does not load.
        TrackerError: The actor's pictures are stabilised, and dlib is not installed.
    """
    lanes = _Lanes(backend, watch, pace)
    waiting = iter(plans)
    try:
        while True:
            while len(lanes.open) < num_lanes and (plan := next(waiting, None)) is not None:
                if (record := lanes.begin(plan, bundle, claim_timeout_s)) is not None:
                    yield record
            if not lanes.open:
                return
            yield from lanes.step()
    finally:
        for lane in lanes.open:
            lane.keep()


class _Lanes:
    """The movies at work."""

    def __init__(self, backend: Backend, watch: Watch, pace: Pace) -> None:
        self._backend, self._watch, self._pace = backend, watch, pace
        self._ready: Latest[int] = Latest()
        self.open: list[OpenJob] = []
        self._num_batches: dict[OpenJob, int] = {}
        self._measured: list[OpenJob] = []  # those at work when turns were taken last

    def begin(self, plan: Plan, bundle: ActorBundle, claim_timeout_s: float) -> MovieRecord | None:
        """Open a movie; its record where there is nothing to solve."""
        try:
            lane = OpenJob(plan, bundle, self._backend, self._wake, claim_timeout_s)
        except TakenError as error:
            return failed_record(plan.job, error)
        except _ENDS_THE_RUN:
            raise
        except LiveDoubleError as error:
            return failed_record(plan.job, error)
        # Another process may have held the movie, and be done with it now.
        if claim_timeout_s and (record := found_record(plan)) is not None:
            lane.discard()
            return record
        self.open.append(lane)
        self._num_batches[lane] = 0
        self._watch.begun(plan.job, lane.solve.first_frame)
        return None

    def step(self) -> Iterator[MovieRecord]:
        """Solve a batch of every movie that has one ready, waiting for the first."""
        is_idle = True
        for lane in tuple(self.open):
            try:
                num_frames = lane.solve.step(self._backend, 0.0)
                if num_frames is not None:
                    is_idle = False
                    self._num_batches[lane] += 1
                    self._pace.solved(num_frames)
                    self._watch.solved(num_frames)
            except EndOfStream:
                is_idle = False
                yield from self._end(lane)
            except _ENDS_THE_RUN:
                raise
            except LiveDoubleError as error:
                is_idle = False
                yield self._fail(lane, error)
        if is_idle:
            self._ready.take(_WAIT_S)
        elif self.open:
            fewest = min(self._num_batches[lane] for lane in self.open)
            if self._pace.is_due(fewest, self.open != self._measured):
                self._take_turns()

    def _end(self, lane: OpenJob) -> Iterator[MovieRecord]:
        try:
            record = lane.finish()
        except _ENDS_THE_RUN:
            raise
        except LiveDoubleError as error:
            yield self._fail(lane, error)
            return
        self.open.remove(lane)
        yield record

    def _fail(self, lane: OpenJob, error: LiveDoubleError) -> MovieRecord:
        self.open.remove(lane)
        lane.discard()
        return failed_record(lane.job, error)

    def _take_turns(self) -> None:
        """Decode with the network idle, then solve with the decoders idle: the rates of each alone."""
        pace = self._pace
        self._measured = list(self.open)
        held = [(lane, batch) for lane in self.open for batch in lane.solve.take_ahead()]
        num_held = sum(len(batch.crops) for _, batch in held)
        pace.begin_turns(num_held)
        started_ns = pace.now_ns()
        for lane in self.open:
            lane.solve.go_on()
        decoded = [(lane, batch) for lane in self.open for batch in lane.solve.take_ahead()]
        decoded_ns = pace.now_ns()
        for lane, batch in (*held, *decoded):
            self._watch.solved(lane.solve.solve(batch, self._backend))
        solved_ns = pace.now_ns()
        for lane in self.open:
            lane.solve.go_on()
        num_decoded = sum(len(batch.crops) for _, batch in decoded)
        is_whole = len(held) == len(decoded) == 2 * len(self.open)
        pace.end_turns(
            (num_decoded * is_whole, decoded_ns - started_ns), (num_decoded + num_held, solved_ns - decoded_ns)
        )

    def _wake(self) -> None:
        self._ready.put(0)
