"""Watts and clocks while frames are solved: Linux's energy counters and frequencies, and NVIDIA's own tool.

Rule: a meter that cannot be read says why and gives None; nothing is estimated.
"""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from engine.bench.candidates import Candidate
from engine.bench.report import PowerResult
from engine.clock import NS_PER_S, Clock

_POWERCAP, _PROCESSORS = Path("/sys/class/powercap"), Path("/sys/devices/system/cpu")
_JOULES_PER_COUNT = 1e-6
_NVIDIA_PERIOD_MS = 100
_NVIDIA_COMMAND = (
    "nvidia-smi", "--id=0", "--query-gpu=power.draw,clocks.sm", "--format=csv,noheader,nounits",
    f"--loop-ms={_NVIDIA_PERIOD_MS}",
)  # fmt: skip
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class Draw:
    """Over some time; None where there is no meter."""

    processor_watts: float | None
    processor_mhz: float | None
    gpu_watts: float | None
    gpu_mhz: float | None

    @property
    def watts(self) -> float | None:
        """Of processor and GPU, those that were read."""
        read = [one for one in (self.processor_watts, self.gpu_watts) if one is not None]
        return sum(read) if read else None


class Meters:
    """The meters of this machine. One thread.

    Args:
        clock: Time.
        powercap: Where Linux keeps energy counters.
        processors: Where Linux keeps the processors' frequencies.
        nvidia: Prints watts and megahertz of the first GPU again and again until it is ended.
    """

    def __init__(
        self,
        clock: Clock,
        powercap: Path = _POWERCAP,
        processors: Path = _PROCESSORS,
        nvidia: Sequence[str] = _NVIDIA_COMMAND,
    ) -> None:
        self._clock, self._nvidia = clock, nvidia
        self.absent: list[str] = []  # why what cannot be read cannot
        packages = [folder for folder in sorted(powercap.glob("*-rapl:[0-9]*")) if _is_package(folder)]
        self._counters = self._readable(packages, "energy_uj", "watts of the processor")
        frequencies = sorted(processors.glob("cpu[0-9]*/cpufreq"))
        self._frequencies = self._readable(frequencies, "scaling_cur_freq", "clock of the processor")
        self._has_gpu = self._try_gpu()

    @property
    def has_any(self) -> bool:
        """Whether anything can be read."""
        return bool(self._counters or self._frequencies or self._has_gpu)

    def during(self, work: Callable[[], object]) -> Draw:
        """Read before, after and, of the GPU, during some work of a second or more."""
        with tempfile.TemporaryFile("w+") as told:
            process = self._start_gpu(told) if self._has_gpu else None
            try:
                started_ns, before = self._clock.now_ns(), [_number(path) for path in self._counters]
                work()
                clocks = [_number(path) for path in self._frequencies]
                seconds = (self._clock.now_ns() - started_ns) / NS_PER_S
                joules = [self._spent(path, start) for path, start in zip(self._counters, before, strict=True)]
            finally:
                if process is not None:
                    process.terminate()
                    process.wait(_END_S)
            told.seek(0)
            gpu_watts, gpu_mhz = _gpu_means(told.read())
        watts = None if not joules or None in joules or seconds <= 0 else sum(filter(None, joules)) / seconds
        hertz = [one for one in clocks if one is not None]
        return Draw(
            None if watts is None else round(watts, 2),
            round(float(np.mean(hertz)) / 1000, 1) if hertz else None,
            gpu_watts,
            gpu_mhz,
        )

    def _readable(self, folders: Sequence[Path], name: str, what: str) -> list[Path]:
        paths = [folder / name for folder in folders]
        if not paths:
            self.absent.append(f"{what}: this system has no {name}")
            return []
        closed = [path for path in paths if _number(path) is None]
        if closed:
            self.absent.append(f"{what}: {closed[0]} cannot be read (often only by root)")
        return [] if closed else paths

    def _spent(self, counter: Path, start: float | None) -> float | None:
        end = _number(counter)
        if start is None or end is None:
            return None
        if end < start:  # it has begun anew
            most = _number(counter.with_name("max_energy_range_uj"))
            if most is None:
                return None
            end += most
        return (end - start) * _JOULES_PER_COUNT

    def _try_gpu(self) -> bool:
        try:
            with tempfile.TemporaryFile("w+") as told:
                process = self._start_gpu(told)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10 * _NVIDIA_PERIOD_MS / 1000)  # it goes on by itself unless it fails
                process.terminate()
                process.wait(_END_S)
                told.seek(0)
                text = told.read()
        except OSError:
            self.absent.append(f"watts and clock of a GPU: there is no {self._nvidia[0]}")
            return False
        if _gpu_means(text) == (None, None):
            said = text.strip().partition("\n")[0] or "nothing"
            self.absent.append(f"watts and clock of a GPU: {self._nvidia[0]} says {said!r}")
            return False
        return True

    def _start_gpu(self, told: IO[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(self._nvidia, stdout=told, stderr=subprocess.STDOUT, text=True)


def measure_power(candidate: Candidate, crops: np.ndarray, meters: Meters, seconds: float, clock: Clock) -> PowerResult:
    """Solve [1, views, height, width] uint8 again and again, a second or more, while the meters run."""
    durations_ns: list[int] = []

    def solve() -> None:
        while not durations_ns or sum(durations_ns) < seconds * NS_PER_S:
            started_ns = clock.now_ns()
            candidate.backend.run(crops)
            durations_ns.append(max(1, clock.now_ns() - started_ns))

    draw = meters.during(solve)
    fps = len(durations_ns) * NS_PER_S / sum(durations_ns)
    return PowerResult(
        backend=candidate.backend.name,
        precision=candidate.backend.precision,
        fps=round(fps, 2),
        processor_watts=draw.processor_watts,
        processor_mhz=draw.processor_mhz,
        gpu_watts=draw.gpu_watts,
        gpu_mhz=draw.gpu_mhz,
        joules_per_frame=None if draw.watts is None else round(draw.watts / fps, 4),
    )


def _is_package(folder: Path) -> bool:
    # Others are parts of a package, or the whole machine, which holds them.
    try:
        return (folder / "name").read_text("ascii").startswith("package")
    except (OSError, ValueError):
        return False


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _gpu_means(text: str) -> tuple[float | None, float | None]:
    """Mean watts and megahertz of its lines; the last may be cut off."""
    rows = [line.split(",") for line in text.splitlines() if line.count(",") == 1]
    return _mean([row[0] for row in rows]), _mean([row[1] for row in rows])


def _mean(words: Sequence[str]) -> float | None:
    numbers = []
    for word in words:
        with suppress(ValueError):  # a meter that this GPU does not have says [N/A]
            numbers.append(float(word))
    return round(float(np.mean(numbers)), 2) if numbers else None
