"""Blink cross-talk: what else moves, falsely, while an eye blinks.

Rule: only what moves against the truth counts; an actor whose brows truly follow a blink is not blamed for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.panel.contact import runs
from training.panel.curves import Curves

_OPEN_PERCENTILE = 90.0  # of an eye's true opening: wide open
_BLINKS = 0.5  # an eye blinks while less than this part of its wide opening is left
_OTHER_OPEN = 0.75  # the other eye is open while more than this part is left
_AROUND_S = 0.15  # before and after: closing and opening belong to a blink


@dataclass(frozen=True, slots=True)
class BlinkCrossTalk:
    """False motion during blinks, as a part of the blink's own motion and in millimetres.

    Args:
        num_blinks: Of single eyes; a blink of both counts twice.
        num_one_eyed: Of these, with the other eye open.
        other_lids: How far the other eye's lids follow a one-eyed blink, 1 = entirely; None without such blinks.
        other_lids_mm: Root mean square of that false opening or closing; None likewise.
        brows: How far the brow of the same side falsely sinks with the lids, mm per mm; None without blinks or brows.
        brows_mm: Root mean square of that false rise or fall; None likewise.
    """

    num_blinks: int
    num_one_eyed: int
    other_lids: float | None
    other_lids_mm: float | None
    brows: float | None
    brows_mm: float | None


class _Following:
    """Regression of a false motion on a blink, about the means of each blink."""

    def __init__(self) -> None:
        self._xy = self._xx = self._yy = 0.0
        self._num_frames = 0

    def add(self, blink_mm: np.ndarray, false_mm: np.ndarray) -> None:
        x, y = blink_mm - blink_mm.mean(), false_mm - false_mm.mean()
        self._xy, self._xx, self._yy = self._xy + float(x @ y), self._xx + float(x @ x), self._yy + float(y @ y)
        self._num_frames += len(x)

    def slope(self) -> float | None:
        return self._xy / self._xx if self._xx > 0 else None

    def rms_mm(self) -> float | None:
        return float(np.sqrt(self._yy / self._num_frames)) if self._num_frames else None


def blink_cross_talk(shots: Sequence[Curves], has_brows: bool) -> BlinkCrossTalk | None:
    """Judge all shots; None where the mesh names no lids.

    Args:
        shots: Their curves.
        has_brows: Whether the mesh names them.
    """
    if not shots or not all(gaps.shape[1] for gaps in shots[0].truth.lid_gaps_mm):
        return None
    truths = [[gaps.mean(axis=1) for gaps in shot.truth.lid_gaps_mm] for shot in shots]
    wide_mm = [np.percentile(np.concatenate([truth[side] for truth in truths]), _OPEN_PERCENTILE) for side in (0, 1)]
    lids, brows = _Following(), _Following()
    num_blinks = num_one_eyed = 0
    for shot, openings_mm in zip(shots, truths, strict=True):
        around = max(1, round(_AROUND_S * float(shot.rate)))
        false_openings_mm = [
            solved.mean(axis=1) - true for solved, true in zip(shot.solved.lid_gaps_mm, openings_mm, strict=True)
        ]
        false_heights_mm = shot.solved.brow_heights_mm - shot.truth.brow_heights_mm
        for side in (0, 1):
            other = 1 - side
            for first, end in runs(openings_mm[side] < _BLINKS * wide_mm[side]):
                blink = slice(max(0, first - around), end + around)
                num_blinks += 1
                if has_brows:
                    brows.add(openings_mm[side][blink], false_heights_mm[blink, side])
                if (openings_mm[other][blink] > _OTHER_OPEN * wide_mm[other]).all():
                    num_one_eyed += 1
                    lids.add(openings_mm[side][blink], false_openings_mm[other][blink])
    return BlinkCrossTalk(num_blinks, num_one_eyed, lids.slope(), lids.rms_mm(), brows.slope(), brows.rms_mm())
