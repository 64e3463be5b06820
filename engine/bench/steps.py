"""How far the benchmark is, and how long it still takes."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.clock import NS_PER_S, Clock

_BATCH_OF_ONE_MORE = 64  # frames; on two cores


@dataclass(frozen=True, slots=True)
class BenchProgress:
    """Told before each step."""

    step: str
    done: int
    total: int
    left_s: float | None  # None before the first step is done


def cost_of(batch: int) -> float:
    """What measuring a batch takes, as a multiple of a single frame's: a large one takes its time once a round."""
    return 1.0 + (batch - 1) / _BATCH_OF_ONE_MORE


class Steps:
    """Counts the steps and guesses the time left from those that are done; `current` is the one under way.

    Args:
        total: Steps.
        total_cost: Of all of them, as `begin` is told it.
        progress: Told before each step.
        clock: Time.
    """

    def __init__(
        self, total: int, total_cost: float, progress: Callable[[BenchProgress], None] | None, clock: Clock
    ) -> None:
        self._total, self._left, self._progress, self._clock = total, total_cost, progress, clock
        self._begun, self._spent, self._cost = 0, 0.0, 0.0
        self._started_ns, self.current = clock.now_ns(), ""

    def skip(self, step: str, cost: float) -> None:
        """Say what is left out."""
        self._left -= cost
        self.begin(step, 0.0)

    def begin(self, step: str, cost: float = 1.0) -> None:
        """Say what comes now, and what it takes beside the others."""
        self._spent, self._left = self._spent + self._cost, self._left - self._cost
        done, elapsed_s = self._begun, (self._clock.now_ns() - self._started_ns) / NS_PER_S
        left_s = elapsed_s / self._spent * self._left if self._spent else None
        self._begun, self._cost, self.current = self._begun + 1, cost, step
        if self._progress is not None:
            self._progress(BenchProgress(step, done, self._total, left_s))
