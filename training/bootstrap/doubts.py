"""Which frames the host cannot be believed on, and why.

Rule: every frame that is left out has one reason, the first of `Doubt` that holds; what is counted is what is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np

from engine.frames import frozen
from training.bootstrap.track import Track

_LEAST_HEIGHT_PX = 56  # of a face, forehead to chin; below, lids and lips are a pixel or two
_SHARP_SHARE = 0.3  # of the clip's own median
_EDGE_SHARE = 0.02  # of the landmarks may lie outside the picture
# A cut stands out from the frames beside it, in the picture and in the landmarks (what moves by itself: up to twice).
_CUT_CHANGE, _CUT_TIMES, _STILL_CHANGE = 3.0, 4.0, 0.25  # gray levels; times the neighbours'; what a still picture has
_CUT_JUMP, _CUT_JUMP_TIMES = 0.02, 3.0  # of the distance between the eyes; likewise
_JUMP = 0.8  # likewise, without a cut: the host lost the face and found another
_WORST_FIT = 3.0  # times the clip's median reprojection error
_LEAST_WORST = 0.03  # of the distance between the eyes; below this a fit is good, however good the others are


class Doubt(IntEnum):
    """Why a frame is left out; 0 where it is not."""

    NONE = 0
    NO_FACE = 1
    SEVERAL_FACES = 2
    TOO_SMALL = 3
    OUT_OF_PICTURE = 4
    BLURRED = 5
    JUMPED = 6
    MISFIT = 7
    COVERED = 8

    @property
    def words(self) -> str:
        """For people, after a count of frames."""
        return _WORDS[self]


_WORDS = {
    Doubt.NONE: "used",
    Doubt.NO_FACE: "without a face",
    Doubt.SEVERAL_FACES: "with several faces",
    Doubt.TOO_SMALL: f"with a face of less than {_LEAST_HEIGHT_PX} pixels",
    Doubt.OUT_OF_PICTURE: "with the face partly outside the picture",
    Doubt.BLURRED: "too blurred",
    Doubt.JUMPED: "where the tracker jumped",
    Doubt.MISFIT: "that no head explains",
    Doubt.COVERED: "with something before the face, or unlike all the rest",
}


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """Of every frame.

    Args:
        of: [N] int8 `Doubt`.
        cuts: [n] int, frames that begin another scene, the first of the clip not among them.
    """

    of: np.ndarray
    cuts: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "of", frozen(self.of.astype(np.int8)))
        object.__setattr__(self, "cuts", frozen(self.cuts.astype(np.int64)))

    @property
    def is_used(self) -> np.ndarray:
        """[N] bool."""
        return np.asarray(self.of == Doubt.NONE)

    @property
    def share_used(self) -> float:
        """Of all frames, 0..1."""
        return float(self.is_used.mean()) if len(self.of) else 0.0

    def counts(self) -> dict[Doubt, int]:
        """Frames left out for each reason that occurs."""
        return {doubt: count for doubt in Doubt if doubt and (count := int((self.of == doubt).sum()))}

    def also(self, doubt: Doubt, frames: np.ndarray) -> "Doubts":
        """With a further reason [N] bool, for frames that have none yet."""
        return Doubts(np.where((self.of == Doubt.NONE) & frames, doubt, self.of), self.cuts)

    def frames(self) -> dict[Doubt, np.ndarray]:
        """Numbers from 0 of the frames left out for each reason that occurs."""
        return {doubt: np.flatnonzero(self.of == doubt) for doubt in self.counts()}

    def runs(self) -> list[range]:
        """Unbroken stretches of used frames of one scene, in order."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.is_used, [False]]).astype(np.int8)))
        runs = []
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            bounds = [int(first), *(int(cut) for cut in self.cuts if first < cut < end), int(end)]
            runs += [range(a, b) for a, b in pairwise(bounds)]
        return runs


def in_words(counts: Mapping[Doubt, int]) -> str:
    """For people: each reason with its number of frames."""
    return "; ".join(f"{count} {reason.words}" for reason, count in counts.items())


def doubt(track: Track) -> Doubts:
    """What the track alone tells; a fit and the skin tell more later."""
    is_seen = track.is_seen
    reasons = np.where(is_seen, Doubt.NONE, Doubt.NO_FACE).astype(np.int8)

    def add(of: Doubt, frames: np.ndarray) -> None:
        reasons[(reasons == Doubt.NONE) & frames] = of

    inside = ((track.landmarks >= 0) & (track.landmarks < track.picture_px)).all(axis=2)
    jumps = _jumps(track)
    is_leap = (track.change > _CUT_CHANGE) & (
        track.change > _CUT_TIMES * np.maximum(_beside(track.change), _STILL_CHANGE)
    )
    is_jump = (jumps > _CUT_JUMP) & (jumps > _CUT_JUMP_TIMES * _beside(jumps))
    cuts = is_leap & (is_jump | ~is_seen | ~np.roll(is_seen, 1))
    cuts[:1] = False
    usual = np.nanmedian(track.sharpness) if np.isfinite(track.sharpness).any() else 0.0
    add(Doubt.SEVERAL_FACES, track.num_faces > 1)
    add(Doubt.TOO_SMALL, track.height_px < _LEAST_HEIGHT_PX)
    add(Doubt.OUT_OF_PICTURE, 1 - inside.mean(axis=1) > _EDGE_SHARE)
    add(Doubt.BLURRED, track.sharpness < _SHARP_SHARE * usual)
    add(Doubt.JUMPED, (jumps > _JUMP) & ~cuts)
    return Doubts(reasons, np.flatnonzero(cuts))


def misfits(errors: np.ndarray) -> np.ndarray:
    """[N] bool, frames whose reprojection error is beyond the others'.

    Args:
        errors: [N] mean over the landmarks, in distances between the eyes; NaN where nothing was solved.
    """
    if np.isnan(errors).all():
        return np.zeros(len(errors), bool)
    return np.asarray(errors > max(_WORST_FIT * float(np.nanmedian(errors)), _LEAST_WORST))


def _beside(values: np.ndarray) -> np.ndarray:
    """[N] the larger of the values before and after."""
    around = np.pad(values, 1)
    return np.maximum(around[:-2], around[2:])


def _jumps(track: Track) -> np.ndarray:
    """[N] how far the landmarks moved since the frame before, their median, in distances between the eyes; 0 first."""
    if track.num_frames < 2:
        return np.zeros(track.num_frames)
    moved = np.linalg.norm(np.diff(track.landmarks, axis=0), axis=2)
    far = np.concatenate([[0.0], np.median(moved, axis=1) / track.unit_px[1:]])
    return np.nan_to_num(far)
