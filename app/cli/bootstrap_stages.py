"""The steps from a clip to a double: which one begins, and how long all that is left will take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter


class Stage(StrEnum):
    """A step, by the word that people are told."""

    TRACK = "tracking"
    FIT = "fitting"
    TRAIN = "training"
    EXPORT = "exporting"
    MEASURE = "measuring"


@dataclass(frozen=True, slots=True)
class _Cost:
    """Seconds on the two cores that this was measured on; a machine's own pace is learned on the way."""

    fixed_s: float
    per_frame_s: float


_COSTS = {
    Stage.TRACK: _Cost(2.0, 0.012),
    Stage.FIT: _Cost(130.0, 0.022),
    Stage.TRAIN: _Cost(30.0, 0.005),  # beside the minutes that were asked for
    Stage.EXPORT: _Cost(15.0, 0.0),
    Stage.MEASURE: _Cost(30.0, 0.04),
}
_LEAST_SHARE = 0.5  # of what a step should take, below which most of it was done before


class Stages:
    """Guesses the time left from the clips' length and from how long the steps so far took.

    Args:
        num_frames: Of all clips.
        training_s: What was asked for.
        done: Steps whose results lie there already.
        now_s: Time.
    """

    def __init__(
        self,
        num_frames: int,
        training_s: float,
        done: Mapping[Stage, bool],
        now_s: Callable[[], float] = perf_counter,
    ) -> None:
        self._costs_s = {
            stage: 0.0 if done.get(stage) else cost.fixed_s + cost.per_frame_s * num_frames
            for stage, cost in _COSTS.items()
        }
        self._training_s, self._now_s = training_s, now_s
        self._is_trained = done.get(Stage.TRAIN, False)
        self._begun: tuple[Stage, float] | None = None
        self._pace = 1.0

    def begin(self, stage: Stage) -> str:
        """A line that says which step begins and when all is done."""
        now_s = self._now_s()
        if self._begun is not None:
            before, begun_s = self._begun
            expected_s, took_s = self._costs_s[before], now_s - begun_s
            if before in (Stage.TRACK, Stage.FIT) and took_s > _LEAST_SHARE * expected_s > 0:
                self._pace = took_s / expected_s
        self._begun = stage, now_s
        stages = list(Stage)
        left = stages[stages.index(stage) :]
        left_s = self._pace * sum(self._costs_s[one] for one in left)
        if Stage.TRAIN in left and not self._is_trained:
            left_s += self._training_s
        minutes = max(1, round(left_s / 60))
        return (
            f"Step {stages.index(stage) + 1} of {len(stages)}, {stage}: about {minutes}"
            f" minute{'s' if minutes > 1 else ''} until the double is done and measured."
        )
