"""The data's own variation: how far the head moves, turns and comes nearer in the crop, and how the light changes.

Rule: the head is followed by its upper half, which keeps its shape while an actor speaks; what one session cannot show
(another day's chair, lamps and exposure) is made up for by a floor under every amount.
"""

from dataclasses import astuple, dataclass, fields, replace

import cv2
import numpy as np

from training.config import TrainConfig
from training.crops import MARGIN_PART, FrameChoice, centre

_SETTINGS = ("max_translation", "max_rotation_deg", "max_zoom", "max_brightness", "max_contrast")
_MAX_FRAMES = 400  # looked at, spread evenly over all shots
_WIDTH_PX = 240  # of the pictures that are compared; smaller ones are enlarged
_FACE = (0.12, 0.62, 0.18, 0.82)  # top, bottom, left, right of the upper face, parts of the crop's height and width
_MAX_POINTS = 200
_LEAST_POINTS = 12  # that agree on a motion, for it to be believed
_AGREEMENT_PX = 1.5
_LEAST_FOLLOWED = 0.5  # of the frames, for anything to be said
_DEVIATION_PERCENT = 68.27  # of the distances from the median: a normal distribution's standard deviation
_EVEN = 3**0.5  # an even distribution's half width, in standard deviations


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much augmentation changes a picture, each way.

    Args:
        translation: Of the crop's width.
        rotation_deg: In the picture.
        zoom: Factor 1 +- this.
        brightness: Gray levels of 255.
        contrast: Factor 1 +- this.
    """

    translation: float
    rotation_deg: float
    zoom: float
    brightness: float
    contrast: float

    @property
    def words(self) -> str:
        """One line for people."""
        return (
            f"translation {100 * self.translation:.1f} % of the width, rotation {self.rotation_deg:.1f} degrees,"
            f" zoom {100 * self.zoom:.1f} %, brightness {self.brightness:.1f} gray levels,"
            f" contrast {100 * self.contrast:.1f} %"
        )

    @classmethod
    def of(cls, config: TrainConfig) -> "Amounts | None":
        """The settings' own; None where one is to be measured."""
        own = [getattr(config, name) for name in _SETTINGS]
        return None if None in own else cls(*own)

    @classmethod
    def given_or(cls, config: TrainConfig, measured: "Amounts") -> "Amounts":
        """The settings' own where they are given, else the measured ones."""
        own = [getattr(config, name) for name in _SETTINGS]
        return cls(*(found if given is None else given for given, found in zip(own, astuple(measured), strict=True)))

    def filled_in(self, config: TrainConfig) -> TrainConfig:
        """The settings with these amounts."""
        return replace(config, **dict(zip(_SETTINGS, astuple(self), strict=True)))


NO_AMOUNTS = Amounts(0.0, 0.0, 0.0, 0.0, 0.0)
FIXED = Amounts(translation=0.04, rotation_deg=3.0, zoom=0.04, brightness=15.0, contrast=0.15)  # whatever the data
# Half of the fixed ones: another session shifts the chair and the light by so much at least.
FLOOR = Amounts(*(0.5 * amount for amount in astuple(FIXED)))
# Beyond these, pictures leave the real pixels around the crop.
CEILING = Amounts(translation=0.1, rotation_deg=15.0, zoom=0.15, brightness=40.0, contrast=0.4)


@dataclass(frozen=True, slots=True)
class Variation:
    """What was measured.

    Args:
        num_frames: Looked at.
        num_followed: In which the head was found again; of several views, of the one followed best.
        own: The data's own; zero where too few frames could be followed.
        amounts: The same between floor and ceiling: what augmentation takes.
    """

    num_frames: int
    num_followed: int
    own: Amounts
    amounts: Amounts

    @property
    def words(self) -> str:
        """A line or two for people."""
        if not _is_enough(self.num_followed, self.num_frames):
            return (
                f"The head was followed in {self.num_followed} of {self.num_frames} frames only, so augmentation takes"
                f" the least amounts: {self.amounts.words}."
            )
        return (
            f"The data varies by {self.own.words} ({self.num_followed} frames)."
            f" Augmentation takes {self.amounts.words}."
        )


def measure_variation(choice: FrameChoice) -> Variation:
    """How pictures of the upper face differ from that of the frame nearest the mean mesh.

    Its corners are followed into every other frame (pyramidal Lucas-Kanade, there and back) and a shift, turn and
    scale fitted to them (RANSAC); gray levels are compared where the upper face then lies. Each amount is that of an
    even distribution as wide as what was found (root 3 standard deviations, these by a percentile that single frames
    do not change); of several views the largest.

    Args:
        choice: All training frames.
    """
    picked = np.linspace(0, len(choice) - 1, min(len(choice), _MAX_FRAMES)).astype(int)
    reference = _most_usual(choice, picked)
    owns, num_followed = [], 0
    for view in range(choice.num_views):
        rows = _follow(choice, picked, reference, view)
        num_followed = max(num_followed, len(rows))
        if _is_enough(len(rows), len(picked)):
            owns.append(_spread(rows))
    own = Amounts(*np.max(owns, axis=0).tolist()) if owns else NO_AMOUNTS
    between = [
        min(max(getattr(own, field.name), getattr(FLOOR, field.name)), getattr(CEILING, field.name))
        for field in fields(Amounts)
    ]
    return Variation(len(picked), num_followed, own, Amounts(*between))


def _is_enough(num_followed: int, num_frames: int) -> bool:
    return num_followed >= max(2, _LEAST_FOLLOWED * num_frames)


def _most_usual(choice: FrameChoice, picked: np.ndarray) -> int:
    """The frame whose mesh is nearest the mean of all: eyes open, mouth at rest."""
    mean = np.zeros(choice.vertices(0).shape)
    for index in picked:
        mean += choice.vertices(index)
    mean /= len(picked)
    return int(min(picked, key=lambda index: float(np.square(choice.vertices(index) - mean).sum())))


def _follow(choice: FrameChoice, picked: np.ndarray, reference: int, view: int) -> np.ndarray:
    """[n, 6] of each frame that could be followed: right, down (of the width), degrees, scale, gray mean, deviation."""
    start = _enlarged(choice.grown(reference)[view])
    height, width = centre(start).shape
    margin_y, margin_x = (start.shape[0] - height) // 2, (start.shape[1] - width) // 2
    top, bottom, left, right = _FACE
    rows = slice(margin_y + round(top * height), margin_y + round(bottom * height))
    columns = slice(margin_x + round(left * width), margin_x + round(right * width))
    face = np.zeros_like(start)
    face[rows, columns] = 255
    corners = cv2.goodFeaturesToTrack(start, _MAX_POINTS, 0.01, 4.0, mask=face)
    if corners is None or len(corners) < _LEAST_POINTS:
        return np.empty((0, 6))

    middle = np.array([margin_x + (width - 1) / 2, margin_y + (height - 1) / 2])
    found = []
    for index in picked:
        picture = _enlarged(choice.grown(index)[view])
        # Corners are followed by their gray levels, so light is evened out first.
        motion = _motion(start, _lit_as(picture, start, (rows, columns)), corners)
        if motion is None:
            continue
        shift = (motion[:, :2] @ middle + motion[:, 2] - middle) / width
        scale = float(np.hypot(motion[0, 0], motion[1, 0]))
        turn_deg = float(np.rad2deg(np.arctan2(motion[1, 0], motion[0, 0])))
        back = cv2.warpAffine(
            picture, motion, start.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )[rows, columns]  # fmt: skip
        found.append((*shift, turn_deg, scale, float(back.mean()), float(back.std())))
    return np.array(found).reshape(-1, 6)


def _lit_as(picture: np.ndarray, start: np.ndarray, face: tuple[slice, slice]) -> np.ndarray:
    here, there = picture[face], start[face]
    gain = float(there.std()) / max(float(here.std()), 1.0)
    return np.asarray(cv2.addWeighted(picture, gain, picture, 0.0, float(there.mean()) - gain * float(here.mean())))


def _motion(start: np.ndarray, picture: np.ndarray, corners: np.ndarray) -> np.ndarray | None:
    """[2, 3] shift, turn and scale that carry the corners into a picture; None where too few of them agree."""
    there, is_found, _ = cv2.calcOpticalFlowPyrLK(start, picture, corners, None, winSize=(21, 21), maxLevel=4)
    back, is_back, _ = cv2.calcOpticalFlowPyrLK(picture, start, there, None, winSize=(21, 21), maxLevel=4)
    is_good = (is_found & is_back).ravel().astype(bool)
    is_good &= np.linalg.norm((back - corners).reshape(-1, 2), axis=1) < 1.0
    if is_good.sum() < _LEAST_POINTS:
        return None
    cv2.setRNGSeed(0)  # RANSAC draws: a training must be the same when it is started again
    motion, inliers = cv2.estimateAffinePartial2D(
        corners[is_good], there[is_good], method=cv2.RANSAC, ransacReprojThreshold=_AGREEMENT_PX
    )
    return None if motion is None or int(inliers.sum()) < _LEAST_POINTS else motion


def _spread(rows: np.ndarray) -> list[float]:
    """Translation, rotation, zoom, brightness, contrast of followed frames."""
    right, down, turn_deg, scale, mean, deviation = rows.T
    away = [
        np.abs(values - np.median(values))
        for values in (
            right,
            down,
            turn_deg,
            scale / np.median(scale),
            mean,
            deviation / max(np.median(deviation), 1.0),
        )
    ]
    most = [_EVEN * float(np.percentile(values, _DEVIATION_PERCENT)) for values in away]
    return [max(most[0], most[1]), *most[2:]]


def _enlarged(grown: np.ndarray) -> np.ndarray:
    width_px = grown.shape[1] * MARGIN_PART // (MARGIN_PART + 2)
    factor = max(1.0, _WIDTH_PX / width_px)
    return np.asarray(cv2.resize(grown, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC))
