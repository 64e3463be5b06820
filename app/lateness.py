"""How late the screen is, from tick to tick: for the latency plot and the age of what is shown. The window's thread."""

from statistics import median

from engine.clock import NS_PER_MS
from engine.frames import MeshFrame
from engine.statistics import latency_ms


class Lateness:
    """Remembers the mesh on the screen and the latencies since the last tick."""

    def __init__(self) -> None:
        self._shown: MeshFrame | None = None
        self._since_tick_ms: list[float] = []

    def drawn(self, mesh: MeshFrame, now_ns: int) -> None:
        """A mesh is on the screen now."""
        self._shown = mesh
        self._since_tick_ms.append(latency_ms(mesh.frame.captured_ns, now_ns))

    def age_ms(self, now_ns: int) -> float | None:
        """How long ago the camera delivered what the screen shows; None of nothing."""
        return None if self._shown is None else (now_ns - self._shown.frame.captured_ns) / NS_PER_MS

    def tick(self) -> tuple[float, float] | None:
        """Median and slowest latency since the last tick, milliseconds; None where nothing was drawn."""
        samples, self._since_tick_ms = self._since_tick_ms, []
        return (median(samples), max(samples)) if samples else None
