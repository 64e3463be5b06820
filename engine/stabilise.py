"""The head's motion in the picture taken out: turned, moved sideways and up by where the head lies.

After Laine et al. 2017, appendix B: rotation from the points around the eyes, vertical position from the nose, the
midpoint of the eyes fixed. The size is left alone: a pixel shows as much of the face as in the plain crop. The head is
found by 68 points of the face, or by a network of the actor's own that learned from them.
Rule: every frame by itself; a frame in which no face is found is cut as the plain crop.
"""

import math
from dataclasses import dataclass
from typing import Protocol, Self

import cv2
import numpy as np

from engine.crop import check_crop, halved, halvings, resize_area, to_gray
from engine.frames import CropRect
from engine.landmarks import FaceLandmarks

# Where the midpoint of the eyes and the nose come to lie, of the result's width and height.
EYES_X, NOSE_Y = 0.5, 0.54

_RIGHT_EYE, _LEFT_EYE, _NOSE = slice(36, 42), slice(42, 48), slice(27, 36)  # the actor's own right and left
_RIGHT_CORNERS, _LEFT_CORNERS = (36, 39), (42, 45)  # lids do not move them

_LEAST_SCALE = 1.25  # from the smaller picture to the result: below it, samples would blur what they are taken from
_DETECTION_WIDTH_PX = 120  # of the crop; the detector was made for faces of 80 pixels
_LEAST_CONFIDENCE = -0.3  # the crop is known to hold a face
_WORKING_WIDTH_PX = 320  # of the crop, where points are looked for
# A second look at a face turned upright and brought to one size, and at its mirror image: a third of the noise.
_LOOK_PX = 448
_LOOK_BOX = np.array([60.0, 60.0, 388.0, 388.0])
_LOOK_EYES = np.array([[153.0, 130.0], [295.0, 130.0]])  # right and left
_MIRRORED = np.array([
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),  # jaw, brows, nose
    *range(45, 41, -1), 47, 46, *range(39, 35, -1), 41, 40,  # eyes
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1),  # lips
])  # fmt: skip
_LEAST_EYES, _MOST_EYES = 0.12, 0.7  # between the eyes' midpoints, of the crop's width: what else is no face
_MOST_ROLL = math.radians(45)


@dataclass(frozen=True, slots=True)
class HeadPose:
    """How the head lies in a camera's picture.

    Args:
        roll: Radians, clockwise.
        eyes_x: Of the midpoint of the eyes, camera pixels, after the roll is undone about the picture's origin.
        nose_y: Of the nose, likewise.
    """

    roll: float
    eyes_x: float
    nose_y: float

    @classmethod
    def of(cls, points: np.ndarray) -> Self:
        """From [68, 2] points in camera pixels."""
        right, left = points[list(_RIGHT_CORNERS)].mean(axis=0), points[list(_LEFT_CORNERS)].mean(axis=0)
        return cls.by_anchors(right, left, points[_NOSE].mean(axis=0))

    @classmethod
    def by_anchors(cls, right_eye: np.ndarray, left_eye: np.ndarray, nose: np.ndarray) -> Self:
        """From [2] each in camera pixels: the middles of the actor's right and left eye, and that of the nose."""
        across = left_eye - right_eye
        roll = math.atan2(across[1], across[0])
        upright = _rotation(-roll)
        return cls(roll, float((upright @ (left_eye + right_eye))[0] / 2), float((upright @ nose)[1]))


class Finder(Protocol):
    """Says where the head is. One thread at a time."""

    def find(self, gray: np.ndarray, crop: CropRect) -> HeadPose | None:
        """How the head lies in [H, W] uint8, camera pixels; None where no face is found in the crop."""


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """How a camera's picture is carried into the network's: halved, sampled along turned lines, averaged.

    Args:
        num_halvings: Of the picture, before it is sampled.
        samples: For each pixel of the result, along each axis; their mean is the pixel.
        to_samples: [2, 3] float64 from pixels of the smaller picture to samples; pixel centres are whole numbers.
    """

    num_halvings: int
    samples: int
    to_samples: np.ndarray

    @property
    def factor(self) -> int:
        """By how much the picture is made smaller first."""
        return 1 << self.num_halvings

    @property
    def from_samples(self) -> np.ndarray:
        """[2, 3] float64, the reverse."""
        return np.asarray(cv2.invertAffineTransform(self.to_samples))


class Stabiliser:
    """Cuts the network's picture of one actor. One thread at a time.

    Args:
        finder: Of the head.
    """

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self.num_unfound = 0  # frames without a face so far; any thread may read

    def prepare(self, image: np.ndarray, crop: CropRect, width_px: int, height_px: int) -> np.ndarray:
        """What the network sees of `image`, as `engine.crop.crop_for_network` but stabilised.

        Raises:
            CameraError: The crop leaves the picture.
        """
        return self.prepare_grown(image, crop, (width_px, height_px), (0, 0))

    def place(self, image: np.ndarray, crop: CropRect, width_px: int, height_px: int) -> Placement:
        """How `prepare` would carry `image` there, for whoever does it elsewhere.

        Raises:
            CameraError: The crop leaves the picture.
        """
        check_crop(crop, image.shape[1], image.shape[0])
        return placement(crop, self._found(to_gray(image), crop), (width_px, height_px))

    def prepare_grown(
        self, image: np.ndarray, crop: CropRect, size_px: tuple[int, int], margin_px: tuple[int, int]
    ) -> np.ndarray:
        """Likewise, with real pixels around it.

        Args:
            image: [H, W] or [H, W, 3] uint8.
            crop: Inside the image; where the face is, and how large.
            size_px: Width and height of the network's picture.
            margin_px: Columns on the left and on the right, rows above and below.

        Returns:
            [height + 2 margins, width + 2 margins] uint8.
        """
        check_crop(crop, image.shape[1], image.shape[0])
        gray = to_gray(image)
        pose = self._found(gray, crop)
        grown = cut(gray, crop, pose, size_px, margin_px)
        if any(margin_px):  # warps round by where they start: the centre is exactly what the network will see
            (width, height), (left, top) = size_px, margin_px
            grown[top : top + height, left : left + width] = cut(gray, crop, pose, size_px, (0, 0))
        return grown

    def _found(self, gray: np.ndarray, crop: CropRect) -> HeadPose | None:
        pose = self._finder.find(gray, crop)
        if pose is None:
            self.num_unfound += 1
        return pose


class PointFinder:
    """The `Finder` by dlib's 68 points.

    Raises:
        TrackerError: dlib or its model is not installed.
    """

    def __init__(self) -> None:
        self._landmarks = FaceLandmarks()

    def find(self, gray: np.ndarray, crop: CropRect) -> HeadPose | None:
        """See `Finder.find`."""
        margin = crop.width // 8
        left, top = max(0, crop.x - margin), max(0, crop.y - margin)
        window = gray[top : crop.y + crop.height + margin, left : crop.x + crop.width + margin]
        working, to_camera = _resized(window, _WORKING_WIDTH_PX / crop.width, is_growing=False)
        small, to_working = _resized(working, _DETECTION_WIDTH_PX * to_camera / crop.width, is_growing=True)
        box = self._landmarks.detect(small, _LEAST_CONFIDENCE)
        if box is None:
            return None
        points = self._look_twice(working, self._landmarks.points(working, box * to_working))
        right, left_eye = points[_RIGHT_EYE].mean(axis=0), points[_LEFT_EYE].mean(axis=0)
        across = (left_eye - right) * to_camera / crop.width
        is_face = _LEAST_EYES < float(np.hypot(*across)) < _MOST_EYES
        if not is_face or abs(math.atan2(across[1], across[0])) > _MOST_ROLL:
            return None
        return HeadPose.of((points + 0.5) * to_camera - 0.5 + (left, top))

    def _look_twice(self, working: np.ndarray, points: np.ndarray) -> np.ndarray:
        eyes = np.stack([points[_RIGHT_EYE].mean(axis=0), points[_LEFT_EYE].mean(axis=0)])
        to_look = _similarity(eyes, _LOOK_EYES)
        size = (_LOOK_PX, _LOOK_PX)
        look = cv2.warpAffine(working, to_look, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        straight = self._landmarks.points(look, _LOOK_BOX)
        mirrored = self._landmarks.points(np.ascontiguousarray(look[:, ::-1]), _LOOK_BOX - 1.0)[_MIRRORED]
        mirrored[:, 0] = _LOOK_PX - 1 - mirrored[:, 0]
        return _apply(cv2.invertAffineTransform(to_look), (straight + mirrored) / 2)


def cut(
    gray: np.ndarray, crop: CropRect, pose: HeadPose | None, size_px: tuple[int, int], margin_px: tuple[int, int]
) -> np.ndarray:
    """One affine warp out of the camera's picture, averaged over the area of each pixel of the result.

    A picture much larger than the result is first halved: that costs a thirtieth of what sampling all of its pixels
    would.

    Args:
        gray: [H, W] uint8.
        crop: Gives the scale and, without a pose, the place.
        pose: Of the head.
        size_px: Width and height of the network's picture.
        margin_px: Around it on each side, columns and rows.

    Returns:
        [height + 2 margins, width + 2 margins] uint8; beyond the camera's picture its border is repeated.
    """
    placed = placement(crop, pose, size_px, margin_px)
    result = (size_px[0] + 2 * margin_px[0], size_px[1] + 2 * margin_px[1])
    drawn = cv2.warpAffine(
        halved(gray, placed.num_halvings),
        placed.to_samples,
        (placed.samples * result[0], placed.samples * result[1]),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return resize_area(drawn, *result)


def placement(
    crop: CropRect, pose: HeadPose | None, size_px: tuple[int, int], margin_px: tuple[int, int] = (0, 0)
) -> Placement:
    """What `cut` does, arguments likewise."""
    num_halvings = halvings(crop, *size_px, _LEAST_SCALE)
    factor = 1 << num_halvings
    to_result = _to_result(crop, pose, size_px)
    to_result[:, 2] += margin_px
    to_result[:, 2] += to_result[:, :2].sum(axis=1) * (factor - 1) / 2  # the centre of the smaller one's first pixel
    to_result[:, :2] *= factor
    # As many samples for each pixel of the result as it covers of the picture's.
    scale = max(crop.width / size_px[0], crop.height / size_px[1]) / factor
    samples = max(1, math.ceil(scale - 1e-6))
    to_samples = samples * to_result
    to_samples[:, 2] += (samples - 1) / 2  # pixel centres: the mean of samples k..k+n-1 lies at k + (n-1)/2
    return Placement(num_halvings, samples, to_samples)


def _to_result(crop: CropRect, pose: HeadPose | None, size_px: tuple[int, int]) -> np.ndarray:
    """[2, 3] camera pixels to pixels of the network's picture; pixel centres are whole numbers."""
    scale = np.array([size_px[0] / crop.width, size_px[1] / crop.height])
    if pose is None:
        turned, origin, target = np.eye(2), np.array([crop.x - 0.5, crop.y - 0.5]), np.zeros(2)
    else:
        turned, origin = _rotation(-pose.roll), np.array([pose.eyes_x, pose.nose_y])
        target = np.array([EYES_X, NOSE_Y]) * size_px
    return np.column_stack([scale[:, None] * turned, target - 0.5 - scale * origin])


def _rotation(angle: float) -> np.ndarray:
    sine, cosine = math.sin(angle), math.cos(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def _similarity(two: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """[2, 3] that carries two points onto two others without reflection."""
    across, wanted = two[1] - two[0], onto[1] - onto[0]
    ratio = complex(*wanted) / complex(*across)
    linear = np.array([[ratio.real, -ratio.imag], [ratio.imag, ratio.real]])
    return np.column_stack([linear, onto[0] - linear @ two[0]])


def _apply(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.asarray(points @ affine[:, :2].T + affine[:, 2])


def _resized(gray: np.ndarray, factor: float, *, is_growing: bool) -> tuple[np.ndarray, float]:
    """The picture made smaller by area averaging (or larger, if it may grow), and the factor back."""
    if factor >= 1.0 and not is_growing:
        return np.ascontiguousarray(gray), 1.0
    width = max(1, round(gray.shape[1] * factor))
    return resize_area(gray, width, max(1, round(gray.shape[0] * factor))), gray.shape[1] / width
