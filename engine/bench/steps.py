"""How far the benchmark is, and how long it still takes."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.clock import NS_PER_S, Clock


@dataclass(frozen=True, slots=True)
class BenchProgress:
    """Told before each step."""

    step: str
    done: int
    total: int
    left_s: float | None  # None before the first step is done


class Steps:
    """Counts the steps and guesses the time left from those that are done; `current` is the one under way."""

    def __init__(self, total: int, progress: Callable[[BenchProgress], None] | None, clock: Clock) -> None:
        self._total, self._progress, self._clock = total, progress, clock
        self._begun, self._started_ns, self.current = 0, clock.now_ns(), ""

    def begin(self, step: str) -> None:
        """Say what comes now."""
        done, elapsed_s = self._begun, (self._clock.now_ns() - self._started_ns) / NS_PER_S
        left_s = elapsed_s / done * (self._total - done) if done else None
        self._begun, self.current = self._begun + 1, step
        if self._progress is not None:
            self._progress(BenchProgress(step, done, self._total, left_s))
