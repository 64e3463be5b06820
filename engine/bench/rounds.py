"""Measures several things side by side: in every round each has its turn, so that a busy moment hits them all.

Rule: what is compared is compared within a round; figures are medians over rounds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.clock import NS_PER_MS, NS_PER_S, Clock
from engine.statistics import Percentiles

NUM_ROUNDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Something to measure.

    Args:
        run: Does it once; given the number of the run.
        units: What one run is worth: frames, multiply-adds, bytes.
        seconds: How long to repeat it, all rounds together.
    """

    run: Callable[[int], object]
    units: float
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """What came of it.

    Args:
        per_s: [NUM_ROUNDS] float64, units a second in each round.
        runs: Of single runs.
        num_runs: In all rounds.
    """

    per_s: np.ndarray
    runs: Percentiles
    num_runs: int

    @property
    def rate(self) -> float:
        """Units a second, the median of the rounds."""
        return float(np.median(self.per_s))

    def of(self, other: "Timing") -> float:
        """This rate as a multiple of another one measured in the same rounds; the median of the rounds."""
        return float(np.median(self.per_s / other.per_s))


def in_turn(works: Sequence[Work], clock: Clock) -> list[Timing]:
    """Measure all; each runs once beforehand, and once a round at least."""
    for work in works:
        work.run(0)  # the first run of a size allocates, and may compile
    durations_ns: list[list[list[int]]] = [[] for _ in works]
    for number in range(1, NUM_ROUNDS + 1):
        # Each round begins with another, so that none is always the last of a round.
        first = (number - 1) * len(works) // NUM_ROUNDS
        for place in (*range(first, len(works)), *range(first)):
            _one_round(works[place], durations_ns[place], works[place].seconds * number / NUM_ROUNDS, clock)
    return [_timing(work, rounds) for work, rounds in zip(works, durations_ns, strict=True)]


def _one_round(work: Work, rounds: list[list[int]], until_s: float, clock: Clock) -> None:
    spent_ns, done = sum(map(sum, rounds)), sum(map(len, rounds))
    rounds.append([])
    while not rounds[-1] or spent_ns < until_s * NS_PER_S:
        started_ns = clock.now_ns()
        work.run(done)
        rounds[-1].append(max(1, clock.now_ns() - started_ns))
        spent_ns, done = spent_ns + rounds[-1][-1], done + 1


def _timing(work: Work, rounds: list[list[int]]) -> Timing:
    runs = np.concatenate([np.array(one) for one in rounds])
    percentiles = Percentiles.of(runs / NS_PER_MS)
    if percentiles is None:
        raise ValueError("nothing was measured")
    per_s = np.array([work.units * len(one) * NS_PER_S / sum(one) for one in rounds])
    return Timing(per_s, percentiles, len(runs))
