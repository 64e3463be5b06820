"""Frames per second and latency of an actor's network on this machine: the paper's Table 1.

Rule: a figure is measured here and now, with everything that took part named beside it.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from engine.backends import Backend, backend_report, choose_backend, open_backend
from engine.bundle import ActorBundle
from engine.cameras.pattern import PatternCamera
from engine.clock import NS_PER_MS, NS_PER_S, SYSTEM_CLOCK, Clock
from engine.cold_start import cold_start_ms
from engine.crop import crop_for_network, largest_crop
from engine.drawn_face import draw_face
from engine.errors import BackendError
from engine.frames import CropRect, Frame
from engine.machine import MachineFacts, machine_facts, usable_cores
from engine.preparation import Preparation, open_preparation
from engine.solver import Solver
from engine.statistics import Percentiles

SWEEP = (1, 2, 4, 8, 16, 32, 64, 128, 200)
PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX = 1200, 1600

_NUM_PICTURES = 4
_FEWEST_RUNS = 3


@dataclass(frozen=True, slots=True)
class PaperFigures:
    """What Laine et al. 2017 report in Table 1 for their network on their GPU."""

    source: str = "Laine et al. 2017, Table 1"
    gpu: str = "NVIDIA Titan X"
    online_fps: float = 287.0
    batched_fps: float = 870.0
    batch: int = 200


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The network alone: crops in, vertices out. Milliseconds are of a whole batch."""

    backend: str
    precision: str
    batch: int
    fps: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    num_runs: int


@dataclass(frozen=True, slots=True)
class LineResult:
    """A camera picture in, vertices out, one at a time: with the crop."""

    backend: str
    precision: str
    picture: str  # "1200x1600 colour" or "1200x1600 mono"
    fps: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    crop_p50_ms: float
    network_p50_ms: float
    num_runs: int


@dataclass(frozen=True, slots=True)
class ColdStart:
    """A new process, from its start to one solved frame and its end."""

    backend: str
    precision: str
    first_frame_ms: float


@dataclass(frozen=True, slots=True)
class BenchReport:
    """Everything that was measured, and on what."""

    created: str  # ISO 8601, UTC
    actor: str
    checksum: str  # of the network
    num_vertices: int
    num_parameters: int
    num_threads: int
    machine: MachineFacts
    paper: PaperFigures
    results: tuple[BatchResult, ...]
    lines: tuple[LineResult, ...]
    cold_starts: tuple[ColdStart, ...]
    left_out: tuple[str, ...]  # backends that cannot run here, and why

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class BenchProgress:
    """Told before each step."""

    step: str
    done: int
    total: int
    left_s: float | None  # None before the first step is done


@dataclass(frozen=True, slots=True)
class _Timing:
    fps: float
    percentiles: Percentiles
    num_runs: int


def run_bench(
    bundle: ActorBundle,
    batches: Sequence[int] = (1, 200),
    backend: str | None = None,
    precision: str | None = None,
    *,
    num_threads: int | None = None,
    seconds_per_result: float = 3.0,
    has_cold_start: bool = True,
    progress: Callable[[BenchProgress], None] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> BenchReport:
    """Measure; minutes with many batches. Nothing else should run on the machine meanwhile.

    Args:
        bundle: The actor.
        batches: Frames solved together; `SWEEP` for a curve.
        backend: None measures every one that runs here.
        precision: None measures every one the backend computes here.
        num_threads: Of the runtimes; by default all cores this process may use.
        seconds_per_result: How long to repeat each measurement; three runs at least.
        has_cold_start: Whether to start new processes for the time to the first frame.
        progress: Told before each step.
        clock: Time.

    Raises:
        BackendError: What was asked for cannot run here.
    """
    if not batches or min(batches) < 1:
        raise BackendError("A batch has at least one frame.", "Give batches such as 1,200.")
    threads = num_threads or usable_cores()
    candidates = _candidates(bundle, backend, precision)
    open_preparation(bundle.preparation, bundle.stabiliser())  # what is missing is said before minutes are spent
    pictures = _pictures(bundle)
    steps = _Steps(len(candidates) * (len(batches) + len(pictures) + has_cold_start), progress, clock)
    results, lines, cold_starts = [], [], []
    for name, kind in candidates:
        if has_cold_start:
            steps.begin(f"{name} {kind}, cold start")
            cold_starts.append(ColdStart(name, kind, round(cold_start_ms(bundle.folder, name, kind, threads), 1)))
        with ExitStack() as open_now:
            opened, batched = (
                open_now.enter_context(closing(open_backend(bundle, name, kind, threads, is_offline=is_offline)))
                for is_offline in (False, True)
            )
            for batch in batches:
                steps.begin(f"{name} {kind}, batch {batch}")
                runner = opened if batch == 1 else batched
                results.append(_measure_batch(runner, bundle, pictures[0][1], batch, seconds_per_result, clock))
            for picture, frames in pictures:
                steps.begin(f"{name} {kind}, {picture}")
                lines.append(_measure_line(opened, bundle, picture, frames, seconds_per_result, clock))
    return BenchReport(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        actor=bundle.name,
        checksum=bundle.checksum,
        num_vertices=bundle.topology.num_vertices,
        num_parameters=bundle.facts.network.num_parameters,
        num_threads=threads,
        machine=machine_facts(),
        paper=PaperFigures(),
        results=tuple(results),
        lines=tuple(lines),
        cold_starts=tuple(cold_starts),
        left_out=tuple(f"{status.name}: {status.reason}" for status in backend_report() if not status.is_usable),
    )


def _candidates(bundle: ActorBundle, name: str | None, precision: str | None) -> list[tuple[str, str]]:
    candidates = [
        (status.name, kind)
        for status in backend_report(bundle)
        if name in (None, status.name)
        for kind in status.precisions
        if precision in (None, kind)
    ]
    return candidates or [choose_backend(name, precision, bundle)]  # which refuses, with the reason


def _pictures(bundle: ActorBundle) -> list[tuple[str, list[Frame]]]:
    card = PatternCamera(PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX, Fraction(10_000))
    colour = [card.read(1.0) for _ in range(_NUM_PICTURES)]
    if bundle.preparation is Preparation.STABILISED:  # a card without a face would be cut too soon
        colour = [Frame(draw_face(one.image, _crop(bundle)), one.index, 0) for one in colour]
    mono = [Frame(np.asarray(cv2.cvtColor(one.image, cv2.COLOR_BGR2GRAY)), one.index, 0) for one in colour]
    size = f"{PICTURE_WIDTH_PX}x{PICTURE_HEIGHT_PX}"
    return [(f"{size} colour", colour), (f"{size} mono", mono)]


def _crop(bundle: ActorBundle) -> CropRect:
    return largest_crop(PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX, bundle.input_width_px, bundle.input_height_px)


def _measure_batch(
    backend: Backend, bundle: ActorBundle, frames: list[Frame], batch: int, seconds: float, clock: Clock
) -> BatchResult:
    crop = _crop(bundle)
    seen = [crop_for_network(frame.image, crop, bundle.input_width_px, bundle.input_height_px) for frame in frames]
    moments = [np.stack([crop] * len(bundle.views)) for crop in seen]
    crops = np.stack([moments[index % len(moments)] for index in range(batch)])
    timing = _repeat(lambda _: backend.run(crops), batch, seconds, clock)
    at = timing.percentiles
    return BatchResult(backend.name, backend.precision, batch, timing.fps, at.p50, at.p95, at.p99, timing.num_runs)


def _measure_line(
    backend: Backend, bundle: ActorBundle, picture: str, frames: list[Frame], seconds: float, clock: Clock
) -> LineResult:
    crop = _crop(bundle)
    solver = Solver(bundle, backend, clock)
    timing = _repeat(lambda run: solver.solve(frames[run % len(frames)], crop), 1, seconds, clock)
    at = timing.percentiles
    return LineResult(
        backend=backend.name,
        precision=backend.precision,
        picture=picture,
        fps=timing.fps,
        p50_ms=at.p50,
        p95_ms=at.p95,
        p99_ms=at.p99,
        crop_p50_ms=round(float(np.median(solver.crop_ms.samples())), 3),
        network_p50_ms=round(float(np.median(solver.network_ms.samples())), 3),
        num_runs=timing.num_runs,
    )


def _repeat(work: Callable[[int], object], frames_per_run: int, seconds: float, clock: Clock) -> _Timing:
    work(0)  # the first run of a size allocates, and may compile
    durations_ns: list[int] = []
    while len(durations_ns) < _FEWEST_RUNS or sum(durations_ns) < seconds * NS_PER_S:
        started_ns = clock.now_ns()
        work(len(durations_ns))
        durations_ns.append(max(1, clock.now_ns() - started_ns))
    percentiles = Percentiles.of(np.array(durations_ns) / NS_PER_MS)
    if percentiles is None:
        raise ValueError("nothing was measured")
    fps = frames_per_run * len(durations_ns) * NS_PER_S / sum(durations_ns)
    return _Timing(round(fps, 2), percentiles, len(durations_ns))


class _Steps:
    """Counts the steps and guesses the time left from those that are done."""

    def __init__(self, total: int, progress: Callable[[BenchProgress], None] | None, clock: Clock) -> None:
        self._total, self._progress, self._clock = total, progress, clock
        self._begun, self._started_ns = 0, clock.now_ns()

    def begin(self, step: str) -> None:
        """Say what comes now."""
        done, elapsed_s = self._begun, (self._clock.now_ns() - self._started_ns) / NS_PER_S
        left_s = elapsed_s / done * (self._total - done) if done else None
        self._begun += 1
        if self._progress is not None:
            self._progress(BenchProgress(step, done, self._total, left_s))
