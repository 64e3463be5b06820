"""The whole benchmark, step by step.

Rule: nothing but the benchmark should run meanwhile, and it does one thing at a time.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

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
from engine.bench.steps import BenchProgress, Steps
from engine.bundle import ActorBundle
from engine.clock import SYSTEM_CLOCK, Clock
from engine.cold_start import cold_start_ms
from engine.errors import BackendError
from engine.machine import machine_facts, usable_cores
from engine.preparation import open_preparation

SWEEP = (1, 2, 4, 8, 16, 32, 64, 128, 200, 256, 512)

_BYTES_PER_MIB = 1 << 20
_SHARE_OF_MEMORY = 0.6  # that all runtimes together may take for one batch
_FEWEST_OFFLINE = 4  # frames in a batch: of fewer a backend opened for throughput solves as many
_MOST_STAGE_S = 1.0  # of each stage: there are many, and they vary little


@dataclass(slots=True, eq=False)
class _Measured:
    """What has been measured so far."""

    results: list[BatchResult] = field(default_factory=list)
    lines: list[LineResult] = field(default_factory=list)
    stages: list[StageResult] = field(default_factory=list)
    power: list[PowerResult] = field(default_factory=list)
    cold_starts: list[ColdStart] = field(default_factory=list)
    parity: list[Parity] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


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
        BackendError: What was asked for cannot run here.
        StorageError: There is no room for temporary files.
    """
    if not batches or min(batches) < 1:
        raise BackendError("A batch has at least one frame.", "Give batches such as 1,200.")
    threads = num_threads or usable_cores()
    asked = wanted(bundle, backend, precision)
    open_preparation(bundle.preparation, bundle.stabiliser())  # what is missing is said before minutes are spent
    gauges = meters or Meters(clock)
    work = network_work(bundle)
    run = _Run(bundle, asked, threads, seconds_per_result, clock, drawn_pictures(bundle))
    num_power = len(asked.kinds) if gauges.has_any else 0
    num_cold = len(asked.kinds) if has_cold_start else 0
    steps = Steps(len(batches) + len(run.pictures) + 2 + num_power + num_cold, progress, clock)
    measured = _Measured(left_out=left_out(), absent=list(gauges.absent))
    with open_arithmetic(work, threads) as arithmetic:
        run.online(measured, [batch for batch in batches if batch < _FEWEST_OFFLINE], arithmetic, steps, gauges)
        run.batched(measured, [batch for batch in batches if batch >= _FEWEST_OFFLINE], work, arithmetic, steps)
        if has_cold_start:
            run.cold(measured, steps)
        run.parity(measured, faces, steps)
        order = {kind: place for place, kind in enumerate(asked.kinds)}
        measured.results.sort(key=lambda one: (order[one.backend, one.precision], batches.index(one.batch)))
        return BenchReport(
            schema=SCHEMA,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            command=command,
            actor=bundle.name,
            checksum=bundle.checksum,
            num_vertices=bundle.topology.num_vertices,
            num_parameters=bundle.facts.network.num_parameters,
            num_threads=threads,
            num_rounds=NUM_ROUNDS,
            machine=machine_facts(),
            paper=PaperFigures(),
            work=work,
            with_copies=WITH_COPIES,
            without_copies=WITHOUT_COPIES,
            results=tuple(measured.results),
            lines=tuple(measured.lines),
            stages=tuple(measured.stages),
            rates=tuple(arithmetic.rates()),
            copy_bytes_per_s=arithmetic.copy_bytes_per_s,
            floors=tuple(arithmetic.floors()),
            power=tuple(measured.power),
            cold_starts=tuple(measured.cold_starts),
            parity=tuple(measured.parity),
            parity_pictures="drawn faces" if faces is None else "pictures of the actor",
            left_out=tuple(measured.left_out),
            absent=(*measured.absent, *arithmetic.absent),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """What all steps share."""

    bundle: ActorBundle
    asked: Wanted
    num_threads: int
    seconds: float
    clock: Clock
    pictures: list[Pictures]
    load_ms: dict[tuple[str, str], float] = field(default_factory=dict)

    def online(
        self, measured: _Measured, batches: Sequence[int], arithmetic: Arithmetic, steps: Steps, gauges: Meters
    ) -> None:
        """Small batches, then one frame at a time: the line, the stages, watts."""
        with self._opened(measured, is_offline=False) as candidates:
            for one in candidates:
                self.load_ms[one.kind] = one.load_ms
            for batch in batches:
                self._batch(measured, candidates, batch, arithmetic, steps)
            for pictures in self.pictures:
                steps.begin(pictures.name)
                measured.lines += measure_lines(candidates, self.bundle, pictures, self.seconds, self.clock)
            steps.begin("decode, crop, copies, rebuild")
            seconds = min(self.seconds, _MOST_STAGE_S)
            stages, absent = measure_stages(self.bundle, self.pictures, self.num_threads, seconds, self.clock)
            measured.stages += stages
            measured.absent += absent
            if gauges.has_any:
                for one in candidates:
                    if one.is_asked:
                        steps.begin(f"{' '.join(one.kind)}, watts and clocks")
                        crops = crops_of(self.bundle, self.pictures[0], 1)
                        measured.power.append(measure_power(one, crops, gauges, self.seconds, self.clock))

    def batched(
        self, measured: _Measured, batches: Sequence[int], work: NetworkWork, arithmetic: Arithmetic, steps: Steps
    ) -> None:
        """Many frames at a time; what the memory would not hold is left out."""
        if not batches:
            return
        with self._opened(measured, is_offline=True) as candidates:
            most_mib = _SHARE_OF_MEMORY * machine_facts().memory_mib
            for batch in batches:
                needed_mib = 2 * work.largest_step_bytes * batch * len(candidates) / _BYTES_PER_MIB
                if 0 < most_mib < needed_mib:
                    steps.begin(f"batch {batch}, left out")
                    reason = f"{len(candidates)} runtimes may need {needed_mib:,.0f} MiB for it"
                    measured.left_out.append(f"batch {batch}: {reason}, more than {_SHARE_OF_MEMORY:.0%} of the memory")
                    continue
                self._batch(measured, candidates, batch, arithmetic, steps)

    def cold(self, measured: _Measured, steps: Steps) -> None:
        """New processes, one after the other."""
        for name, kind in self.asked.kinds:
            steps.begin(f"{name} {kind}, cold start")
            if (name, kind) in self.load_ms:  # else it does not load here, and is left out
                first_ms = cold_start_ms(self.bundle.folder, name, kind, self.num_threads)
                measured.cold_starts.append(
                    ColdStart(name, kind, round(first_ms, 1), round(self.load_ms[name, kind], 1))
                )

    def parity(self, measured: _Measured, faces: np.ndarray | None, steps: Steps) -> None:
        """How far vertices are from the reference's, by what runs here."""
        steps.begin("parity")
        crops = crops_of(self.bundle, self.pictures[0], len(self.pictures[0].frames)) if faces is None else faces
        measured.parity += measure_parity(self.bundle, crops, self.num_threads)

    def _opened(self, measured: _Measured, is_offline: bool) -> AbstractContextManager[Sequence[Candidate]]:
        return opened(self.bundle, self.asked, self.num_threads, is_offline, measured.left_out, self.clock)

    def _batch(
        self, measured: _Measured, candidates: Sequence[Candidate], batch: int, arithmetic: Arithmetic, steps: Steps
    ) -> None:
        steps.begin(f"batch {batch}")
        crops = crops_of(self.bundle, self.pictures[0], batch)
        measured.results += measure_batch(
            candidates, crops, batch >= _FEWEST_OFFLINE, arithmetic, self.seconds, self.clock
        )
