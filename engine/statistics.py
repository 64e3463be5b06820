"""How fast, how late and how true the line runs.

Rule: every meter has one writing thread; any thread may read it, and what it reads is a value. So there is no lock.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.clock import NS_PER_MS, NS_PER_S
from engine.mesh import distances_mm

_RECENT = 2048  # samples that percentiles look back on; at 60 frames/s half a minute
_RATE_WINDOW_NS = 2 * NS_PER_S


class Recent:
    """The last samples of a measurement. One thread adds, any thread reads."""

    def __init__(self) -> None:
        self._samples = np.zeros(_RECENT)
        self._count = 0

    def add(self, sample: float) -> None:
        """Keep a sample; the oldest one goes."""
        self._samples[self._count % _RECENT] = sample
        self._count += 1

    def samples(self) -> np.ndarray:
        """[n] float64, n <= 2048, in no order."""
        return self._samples[: min(self._count, _RECENT)].copy()


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of durations: half, 95 and 99 of 100 are at most this long. Milliseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, samples_ms: np.ndarray) -> "Percentiles | None":
        """None of no samples."""
        if not len(samples_ms):
            return None
        return cls(*(round(float(value), 3) for value in np.percentile(samples_ms, (50, 95, 99))))


class Meter:
    """Counts what passes one place, when, and how long it took to get there. One thread writes, any reads."""

    def __init__(self) -> None:
        self.count = 0
        self._times_ns = Recent()
        self._durations_ms = Recent()
        self._first_ns = self._last_ns = 0

    def add(self, now_ns: int, duration_ms: float) -> None:
        """Something passed."""
        if self.count == 0:
            self._first_ns = now_ns
        self._last_ns = now_ns
        self._times_ns.add(now_ns)
        self._durations_ms.add(duration_ms)
        self.count += 1

    def rate(self, now_ns: int) -> float | None:
        """A second, over the last two; None while fewer than two have passed. It sinks as soon as nothing comes."""
        if self.count < 2:
            return None
        times_ns = self._times_ns.samples()
        times_ns = times_ns[times_ns > now_ns - _RATE_WINDOW_NS]
        if len(times_ns) < 2:
            return 0.0
        span_ns = float(times_ns.max() - times_ns.min())
        silence_ns = now_ns - float(times_ns.max())
        num_periods = len(times_ns) - 1
        if silence_ns > 2 * span_ns / num_periods:
            span_ns += silence_ns
        return round(num_periods * NS_PER_S / span_ns, 2) if span_ns > 0 else None

    def mean_rate(self) -> float | None:
        """A second, from the first to the last; None while fewer than two have passed."""
        span_ns = self._last_ns - self._first_ns
        return round((self.count - 1) * NS_PER_S / span_ns, 2) if self.count >= 2 and span_ns > 0 else None

    def durations(self) -> Percentiles | None:
        """Of the last 2,048."""
        return Percentiles.of(self._durations_ms.samples())


class TruthMeter:
    """The running error against the true vertices. One thread writes, any reads.

    Args:
        measured: [n] int32, the vertices that count (the animated ones).
    """

    def __init__(self, measured: np.ndarray) -> None:
        self._measured = measured
        self._sums = (0.0, 0)  # of squared distances, and how many: replaced together

    def add(self, vertices: np.ndarray, truth: np.ndarray) -> None:
        """Compare a mesh, [V, 3] float32 cm, with its truth of the same shape."""
        distances = distances_mm(vertices[self._measured], truth[self._measured])
        squares, count = self._sums
        self._sums = (squares + float(np.square(distances, dtype=np.float64).sum()), count + len(distances))

    @property
    def rmse_mm(self) -> float | None:
        """Root mean square distance over all meshes so far (Laine et al. 2017, section 5); None of none."""
        squares, count = self._sums
        return round(float(np.sqrt(squares / count)), 4) if count else None


@dataclass(frozen=True, slots=True)
class Rates:
    """Frames a second at each station; None where too few have passed."""

    camera: float | None
    solve: float | None
    display: float | None


@dataclass(frozen=True, slots=True)
class Drops:
    """Frames that did not make it, by cause."""

    camera: int  # lost before the camera handed them over: gaps in the index
    solver_busy: int  # replaced by a newer one while the solver worked
    display_busy: int  # solved, and replaced by a newer one before anybody showed them

    @property
    def total(self) -> int:
        """All of them."""
        return self.camera + self.solver_busy + self.display_busy


@dataclass(frozen=True, slots=True)
class Statistics:
    """The line at one moment."""

    frames: int  # delivered by the camera
    solved: int
    displayed: int
    errors: int  # rooms that an error ended
    dropped: Drops
    fps: Rates  # over the last two seconds
    mean_fps: Rates  # over the whole run
    solve_latency_ms: Percentiles | None  # from the camera's delivery to the mesh ready
    display_latency_ms: Percentiles | None  # from the camera's delivery to the mesh shown
    crop_ms: Percentiles | None  # the crop alone
    network_ms: Percentiles | None  # the network alone
    rmse_mm: float | None  # of the meshes shown, against the truth where the camera knows it
    backend: str
    precision: str
    provider: str
    notes: tuple[str, ...]
    others: tuple[str, ...] = ()  # why other backends do not run
    worst_loss_mm: float | None = None  # by int8, of any vertex, as measured when it was made; None for the others

    @property
    def latency_ms(self) -> Percentiles | None:
        """To the mesh shown, or to the mesh ready where nothing shows it."""
        return self.display_latency_ms or self.solve_latency_ms

    def to_json(self) -> dict[str, Any]:
        """For a report about a whole run: `fps` is the run's."""
        values = asdict(self)
        values["fps_at_the_end"], values["fps"] = values["fps"], values.pop("mean_fps")
        latency = self.latency_ms
        return {**values, "latency_ms": asdict(latency) if latency else None, "notes": list(self.notes)}


def latency_ms(captured_ns: int, now_ns: int) -> float:
    """Milliseconds since the camera handed a frame over."""
    return (now_ns - captured_ns) / NS_PER_MS
