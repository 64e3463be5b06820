"""The whole benchmark, step by step.

Rule: nothing but the benchmark should run meanwhile, and it does one thing at a time.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from engine.backends import ov
from engine.backends.parity import Parity, measure_parity
from engine.backends.work import NetworkWork, network_work
from engine.bench.candidates import Candidate, Wanted, left_out, opened, wanted
from engine.bench.floor import Arithmetic, open_arithmetic
from engine.bench.lines import measure_lines
from engine.bench.network import measure_batch
from engine.bench.pictures import Pictures, crops_of, drawn_pictures
from engine.bench.power import Meters, measure_power
from engine.bench.report import (
    SCHEMA,
    WITH_COPIES,
    WITHOUT_COPIES,
    BatchResult,
    BenchReport,
    ColdStart,
    LineResult,
    PaperFigures,
    PowerResult,
    StageResult,
)
from engine.bench.rounds import NUM_ROUNDS
from engine.bench.stages import measure_stages
from engine.bench.steps import BenchProgress, Steps, cost_of
from engine.bundle import ActorBundle
from engine.clock import SYSTEM_CLOCK, Clock
from engine.cold_start import cold_start_ms
from engine.errors import BackendError
from engine.machine import machine_facts, usable_cores
from engine.preparation import open_preparation

SWEEP = (1, 2, 4, 8, 16, 32, 64, 128, 200, 256, 512)

_BYTES_PER_MIB = 1 << 20
_IN_PIECES = (ov.NAME,)  # opened for throughput they solve a batch piece by piece, whatever its size
_OF_LARGEST_STEP = 1.7  # of its memory a runtime takes for a batch; measured: 1.5 in float32, 1.64 in int8
_SHARE_OF_MEMORY = 0.7  # that all runtimes together may take for one batch
_FEWEST_OFFLINE = 4  # frames in a batch: fewer leave nothing to solve at the same time on many cores
_MOST_STAGE_S = 1.0  # of each stage: there are many, and they vary little


def run_bench(
    bundle: ActorBundle,
    batches: Sequence[int] = (1, 200),
    backend: str | None = None,
    precision: str | None = None,
    *,
    num_threads: int | None = None,
    seconds_per_result: float = 3.0,
    has_cold_start: bool = True,
    faces: np.ndarray | None = None,
    command: str = "",
    progress: Callable[[BenchProgress], None] | None = None,
    clock: Clock = SYSTEM_CLOCK,
    meters: Meters | None = None,
) -> BenchReport:
    """Measure; minutes with many batches. Nothing else should run on the machine meanwhile.

    A `KeyboardInterrupt` ends it early: what was measured by then is reported, and what was not is named.

    Args:
        bundle: The actor.
        batches: Frames solved together; `SWEEP` for a curve.
        backend: None measures every one that runs here.
        precision: None measures every one the backend computes here.
        num_threads: Of the runtimes; by default all cores this process may use.
        seconds_per_result: How long to repeat each measurement; once in each of the rounds at least.
        has_cold_start: Whether to start new processes for the time to the first frame.
        faces: [N, num_views, height, width] uint8 crops of the actor, to compare vertices on; by default drawn ones.
        command: That was typed, for the report.
        progress: Told before each step.
        clock: Time.
        meters: Of watts and clocks; by default this machine's.

    Raises:
        BackendError: What was asked for cannot run here, or the memory would hold none of the batches.
        KeyboardInterrupt: Nothing was measured yet.
        StorageError: There is no room for temporary files.
    """
    if not batches or min(batches) < 1:
        raise BackendError("A batch has at least one frame.", "Give batches such as 1,200.")
    threads = num_threads or usable_cores()
    asked = wanted(bundle, backend, precision)
    open_preparation(bundle.preparation, bundle.stabiliser())  # what is missing is said before minutes are spent
    gauges = meters or Meters(clock)
    num_others = 4 + len(asked.kinds) * (gauges.has_any + has_cold_start)
    steps = Steps(len(batches) + num_others, sum(map(cost_of, batches)) + num_others, progress, clock)
    work = network_work(bundle)
    with open_arithmetic(work, threads) as arithmetic:
        measuring = _Measuring(
            bundle=bundle,
            asked=asked,
            num_threads=threads,
            seconds=seconds_per_result,
            clock=clock,
            pictures=drawn_pictures(bundle),
            work=work,
            arithmetic=arithmetic,
            gauges=gauges,
            steps=steps,
            left_out=left_out(),
            absent=list(gauges.absent),
        )
        measuring.leave_out_what_does_not_fit(batches)
        measuring.measure(has_cold_start, faces)
        return measuring.report(command, "drawn faces" if faces is None else "pictures of the actor")


@dataclass(slots=True, eq=False)
class _Measuring:
    """The benchmark under way: what it works with, then what it has measured."""

    bundle: ActorBundle
    asked: Wanted
    num_threads: int
    seconds: float
    clock: Clock
    pictures: list[Pictures]
    work: NetworkWork
    arithmetic: Arithmetic
    gauges: Meters
    steps: Steps
    left_out: list[str]
    absent: list[str]
    results: list[BatchResult] = field(default_factory=list)
    lines: list[LineResult] = field(default_factory=list)
    stages: list[StageResult] = field(default_factory=list)
    power: list[PowerResult] = field(default_factory=list)
    cold_starts: list[ColdStart] = field(default_factory=list)
    parity: list[Parity] = field(default_factory=list)
    load_ms: dict[tuple[str, str], float] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    is_whole: bool = True

    def leave_out_what_does_not_fit(self, batches: Sequence[int]) -> None:
        """Keep of the batches those that the memory holds, in `batches`.

        Raises:
            BackendError: It holds none.
        """
        most_mib = _SHARE_OF_MEMORY * machine_facts().memory_mib
        num_whole = sum(name not in _IN_PIECES for name, _ in self.asked.with_reference)
        for batch in batches:
            needed_mib = _OF_LARGEST_STEP * self.work.largest_step_bytes * batch * num_whole / _BYTES_PER_MIB
            if batch < _FEWEST_OFFLINE or not 0 < most_mib < needed_mib:
                self.batches.append(batch)
                continue
            self.steps.skip(f"batch {batch}, left out", cost_of(batch))
            told = f"it may need {needed_mib:,.0f} MiB, more than {_SHARE_OF_MEMORY:.0%} of the memory"
            self.left_out.append(f"batch {batch}: {told}")
        if not self.batches:
            raise BackendError(f"Nothing can be measured: {'; '.join(self.left_out)}.", "Give smaller batches.")

    def measure(self, has_cold_start: bool, faces: np.ndarray | None) -> None:
        """Everything, or what there is time for until somebody stops it.

        Raises:
            KeyboardInterrupt: Nothing was measured yet.
        """
        try:
            self.online([batch for batch in self.batches if batch < _FEWEST_OFFLINE])
            self.batched([batch for batch in self.batches if batch >= _FEWEST_OFFLINE])
            if has_cold_start:
                self.cold()
            self.compare(faces)
        except KeyboardInterrupt:
            if not self.results:
                raise
            self.is_whole = False
            self.left_out.append(f"what was to come from '{self.steps.current}' on: it was stopped")

    def online(self, batches: Sequence[int]) -> None:
        """Small batches, then one frame at a time: the line, the stages, watts."""
        with self._opened(is_offline=False) as candidates:
            for one in candidates:
                self.load_ms[one.kind] = one.load_ms
            for batch in batches:
                self._batch(candidates, candidates, batch)
            for pictures in self.pictures:
                self.steps.begin(pictures.name)
                self.lines += measure_lines(candidates, self.bundle, pictures, self.seconds, self.clock)
            self.steps.begin("decode, crop, copies, rebuild")
            seconds = min(self.seconds, _MOST_STAGE_S)
            stages, absent = measure_stages(self.bundle, self.pictures, self.num_threads, seconds, self.clock)
            self.stages += stages
            self.absent += absent
            for one in candidates:
                if one.is_asked and self.gauges.has_any:
                    self.steps.begin(f"{' '.join(one.kind)}, watts and clocks")
                    crops = crops_of(self.bundle, self.pictures[0], 1)
                    self.power.append(measure_power(one, crops, self.gauges, self.seconds, self.clock))

    def batched(self, batches: Sequence[int]) -> None:
        """Many frames at a time."""
        if not batches:
            return
        with self._opened(is_offline=False) as online:
            for batch in batches:
                # Opened anew: a runtime keeps the memory of the batches before.
                with self._opened(is_offline=True) as candidates:
                    self._batch(candidates, online, batch)

    def cold(self) -> None:
        """New processes, one after the other."""
        for kind in self.asked.kinds:
            self.steps.begin(f"{' '.join(kind)}, cold start")
            if kind in self.load_ms:  # else it does not load here, and is left out
                first_ms = cold_start_ms(self.bundle.folder, *kind, self.num_threads)
                self.cold_starts.append(ColdStart(*kind, round(first_ms, 1), round(self.load_ms[kind], 1)))

    def compare(self, faces: np.ndarray | None) -> None:
        """How far vertices are from the reference's, by all that runs here."""
        self.steps.begin("vertices compared")
        drawn = self.pictures[0]
        crops = crops_of(self.bundle, drawn, len(drawn.frames)) if faces is None else faces
        try:
            self.parity += measure_parity(self.bundle, crops, self.num_threads)
        except BackendError as error:  # of one that does not load here; the other figures stand
            self.absent.append(f"distance of the vertices: {error.reason.rstrip('.')}")

    def report(self, command: str, parity_pictures: str) -> BenchReport:
        """All of it, in the order that was asked for."""
        order = {kind: place for place, kind in enumerate(self.asked.kinds)}
        self.results.sort(key=lambda one: (order[one.backend, one.precision], self.batches.index(one.batch)))
        self.arithmetic.complete(self.clock)
        return BenchReport(
            schema=SCHEMA,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            command=command,
            actor=self.bundle.name,
            checksum=self.bundle.checksum,
            num_vertices=self.bundle.topology.num_vertices,
            num_parameters=self.bundle.facts.network.num_parameters,
            num_threads=self.num_threads,
            num_rounds=NUM_ROUNDS,
            is_whole=self.is_whole,
            machine=machine_facts(),
            paper=PaperFigures(),
            work=self.work,
            with_copies=WITH_COPIES,
            without_copies=WITHOUT_COPIES,
            results=tuple(self.results),
            lines=tuple(self.lines),
            stages=tuple(self.stages),
            rates=tuple(self.arithmetic.rates()),
            copy_bytes_per_s=self.arithmetic.copy_bytes_per_s,
            floors=tuple(self.arithmetic.floors()),
            power=tuple(self.power),
            cold_starts=tuple(self.cold_starts),
            parity=tuple(self.parity),
            parity_pictures=parity_pictures,
            left_out=tuple(self.left_out),
            absent=(*self.absent, *self.arithmetic.absent),
        )

    def _opened(self, is_offline: bool) -> AbstractContextManager[Sequence[Candidate]]:
        return opened(self.bundle, self.asked, self.num_threads, is_offline, self.left_out, self.clock)

    def _batch(self, candidates: Sequence[Candidate], online: Sequence[Candidate], batch: int) -> None:
        self.steps.begin(f"batch {batch}", cost_of(batch))
        crops = crops_of(self.bundle, self.pictures[0], batch)
        self.results += measure_batch(candidates, online, crops, self.arithmetic, self.seconds, self.clock)
