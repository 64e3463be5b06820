"""How trackers are asked: how often do they find a face in pictures, and do they read its expressions?

Rule: an expression is compared with the same head pose at rest, so a turned head neither helps nor harms.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import stats

from training.trackers.expressions import EXPRESSIONS, Expression
from training.trackers.tracker import Reading, Tracker

_SIGNIFICANCE = 0.01  # one-sided, paired
_CLEAR = 2.0  # a rise of this many times what turning the head alone does to a reading
# Yaw, pitch, roll of a seated actor who speaks to the camera.
HEAD_POSES_DEG = (
    (0, 0, 0), (12, 0, 0), (-12, 0, 0), (0, 8, 0), (0, -8, 0), (8, 4, 6), (-8, -4, -6),
    (6, 0, 0), (-6, 0, 0), (0, 4, 0), (0, -4, 0), (-8, 4, 6), (8, -4, -6),
)  # fmt: skip


class Verdict(StrEnum):
    """How a tracker reads an expression."""

    CLEAR = "clear"  # well above what head motion does to it
    FAINT = "faint"  # the right way round, but turning the head moves the reading as much
    UNREAD = "unread"  # no significant difference
    REVERSED = "reversed"  # the wrong way round
    LOST = "lost"  # the face was not found often enough to say


@dataclass(frozen=True, slots=True)
class Found:
    """How often a tracker found the face.

    Args:
        tracker: Its name.
        role: Of the shots.
        num_frames: Looked at.
        num_found: With a face.
    """

    tracker: str
    role: str
    num_frames: int
    num_found: int

    @property
    def share(self) -> float:
        """0..1."""
        return self.num_found / max(self.num_frames, 1)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a tracker reads in an expression, over the head poses.

    Args:
        tracker: Its name.
        expression: Its name.
        is_side: It asks whether left and right are told apart.
        neutral: Median reading at rest; in the tracker's own unit (a score, or distances between the eyes).
        expressed: Median reading of the expression.
        rise: Median of the differences, pose by pose.
        spread: Standard deviation of the readings at rest over the poses.
        num_poses: In which the tracker found both faces.
        verdict: Of all this.
    """

    tracker: str
    expression: str
    is_side: bool
    neutral: float
    expressed: float
    rise: float
    spread: float
    num_poses: int
    verdict: Verdict

    @property
    def is_right(self) -> bool:
        """Whether the bar is met: read the right way round; where sides are asked for, at least not swapped."""
        return self.verdict in (Verdict.CLEAR, Verdict.FAINT) or (self.is_side and self.verdict is Verdict.UNREAD)


def judge(tracker: str, expression: Expression, rest: Sequence[float], expressed: Sequence[float]) -> Judgement:
    """Compare readings pose by pose.

    Args:
        tracker: Its name.
        expression: What was made.
        rest: [n] readings of the neutral face, one for each head pose.
        expressed: [n] of the expression, in the same poses.
    """
    if len(rest) < len(HEAD_POSES_DEG) // 2 + 1:
        nothing = float("nan")
        return Judgement(
            tracker, expression.name, expression.is_side, nothing, nothing, nothing, nothing, len(rest), Verdict.LOST
        )
    before, after = np.asarray(rest, np.float64), np.asarray(expressed, np.float64)
    rises = after - before
    rise, spread = float(np.median(rises)), float(before.std())
    if _is_significant(rises):
        verdict = Verdict.CLEAR if rise > _CLEAR * spread else Verdict.FAINT
    else:
        verdict = Verdict.REVERSED if _is_significant(-rises) else Verdict.UNREAD
    return Judgement(
        tracker, expression.name, expression.is_side,
        float(np.median(before)), float(np.median(after)), rise, spread, len(rest), verdict,
    )  # fmt: skip


def _is_significant(rises: np.ndarray) -> bool:
    """Wilcoxon's one-sided signed-rank test of [n] differences: a single picture misread does not decide."""
    return bool(np.any(rises)) and bool(stats.wilcoxon(rises, alternative="greater").pvalue < _SIGNIFICANCE)


def count_found(
    trackers: Sequence[Tracker], role: str, pictures: Iterable[np.ndarray], progress: Callable[[int], None]
) -> list[Found]:
    """Show every picture to every tracker.

    Args:
        trackers: Judges.
        role: Of the pictures.
        pictures: [H, W] or [H, W, 3] uint8 each.
        progress: Told how many more pictures are done.
    """
    num_found, num_frames = [0] * len(trackers), 0
    for picture in pictures:
        num_frames += 1
        for index, tracker in enumerate(trackers):
            num_found[index] += tracker.find(picture) is not None
        progress(1)
    return [Found(tracker.name, role, num_frames, found) for tracker, found in zip(trackers, num_found, strict=True)]


Photograph = Callable[[Mapping[str, float], tuple[int, int, int]], np.ndarray]  # unit weights, head turn in degrees


def judge_expressions(
    trackers: Sequence[Tracker], photograph: Photograph, progress: Callable[[int], None]
) -> list[Judgement]:
    """Let the actor make every main expression in every head pose and ask the trackers.

    Args:
        trackers: Judges.
        photograph: Makes a picture of the actor.
        progress: Told how many more pictures are done, of `num_portraits()`.
    """
    rest = [_look(trackers, photograph({}, pose), progress) for pose in HEAD_POSES_DEG]
    judgements = []
    for expression in EXPRESSIONS:
        made = [_look(trackers, photograph(expression.weights, pose), progress) for pose in HEAD_POSES_DEG]
        for index, tracker in enumerate(trackers):
            pairs = [(before[index], after[index]) for before, after in zip(rest, made, strict=True)]
            both = [(a, b) for a, b in pairs if a is not None and b is not None]
            values = [(expression.read(a), expression.read(b)) for a, b in both]
            known = [(a, b) for a, b in values if a is not None and b is not None]
            if both and not known:
                continue  # not for this tracker
            judgements.append(judge(tracker.name, expression, [a for a, _ in known], [b for _, b in known]))
    return judgements


def num_portraits() -> int:
    """Pictures that `judge_expressions` asks for."""
    return len(HEAD_POSES_DEG) * (1 + len(EXPRESSIONS))


def _look(trackers: Sequence[Tracker], picture: np.ndarray, progress: Callable[[int], None]) -> list[Reading | None]:
    readings = [tracker.find(picture) for tracker in trackers]
    progress(1)
    return readings
