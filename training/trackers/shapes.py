"""What the 68 points of a face say about its expression: lengths and heights, in distances between the eyes.

Rule: a measure grows with the expression it is named after; points are iBUG 300-W's, whose "right" eye (36 to 41) is
the actor's own right.
"""

from dataclasses import dataclass

import numpy as np

NUM_POINTS = 68
_EYES = {"Left": slice(42, 48), "Right": slice(36, 42)}
_LIDS = {"Left": ((43, 47), (44, 46)), "Right": ((37, 41), (38, 40))}  # upper and lower
_CANTHI = {"Left": (42, 45), "Right": (36, 39)}
_BROWS = {"Left": slice(22, 27), "Right": slice(17, 22)}
_CORNERS = {"Left": 54, "Right": 48}
_UPPER_INNER_LIP, _LOWER_INNER_LIP = 62, 66
_NOSE_BASE = 33
_SNEERING = (31, 32, 34, 35, 50, 51, 52)  # the nostrils' lower edge and the middle of the upper lip

NUM_MESH_POINTS = 478
_MESH_EYES = {"Left": [362, 263], "Right": [133, 33]}
_MESH_SNEERING = [48, 64, 278, 294, 37, 0, 267]  # the nostrils' wings and the middle of the upper lip


def upright(landmarks: np.ndarray, left_eye: slice | list[int], right_eye: slice | list[int]) -> np.ndarray:
    """[n, 2] in the face's own axes: x towards the actor's left, y up, origin between the eyes, their distance 1.

    Args:
        landmarks: [n, 2] pixels, y down.
        left_eye: Rows whose mean is the actor's left eye.
        right_eye: Likewise.
    """
    left, right = landmarks[left_eye].mean(0), landmarks[right_eye].mean(0)
    across = left - right
    unit = float(np.linalg.norm(across))
    x = across / unit
    up = np.array([x[1], -x[0]])
    return np.asarray((landmarks - (left + right) / 2) @ np.stack([x, up], axis=1) / unit)


def mesh_sneer(landmarks: np.ndarray) -> float:
    """How high nostrils and upper lip are, from MediaPipe's [478, 2] landmarks."""
    return float(upright(landmarks, _MESH_EYES["Left"], _MESH_EYES["Right"])[_MESH_SNEERING, 1].mean())


@dataclass(frozen=True, slots=True, eq=False)
class Face68:
    """The points in the face's own axes, whatever the head's roll and size in the picture.

    Args:
        points: [68, 2], see `upright`.
    """

    points: np.ndarray

    @classmethod
    def of(cls, landmarks: np.ndarray) -> "Face68":
        """Turn [68, 2] pixels (y down) upright."""
        if landmarks.shape != (NUM_POINTS, 2):
            raise ValueError(f"expected [{NUM_POINTS}, 2] landmarks, got {list(landmarks.shape)}")
        return cls(upright(landmarks, _EYES["Left"], _EYES["Right"]))

    def lids_closed(self, side: str) -> float:
        """The less white of the eye is seen, the more; 0 is fully closed."""
        upper, lower = np.array(_LIDS[side]).T
        opening = np.linalg.norm(self.points[upper] - self.points[lower], axis=1).mean()
        first, last = _CANTHI[side]
        return -float(opening / np.linalg.norm(self.points[first] - self.points[last]))

    def jaw_open(self) -> float:
        """Between the lips' inner edges."""
        return float(self.points[_UPPER_INNER_LIP, 1] - self.points[_LOWER_INNER_LIP, 1])

    def smile(self, side: str) -> float:
        """How far up and out the mouth's corner is from the nose's base."""
        away = self.points[_CORNERS[side]] - self.points[_NOSE_BASE]
        outwards = away[0] if side == "Left" else -away[0]
        return float(outwards + away[1]) / np.sqrt(2)

    def pucker(self) -> float:
        """How narrow the mouth is."""
        return float(self.points[_CORNERS["Right"], 0] - self.points[_CORNERS["Left"], 0])

    def brow_up(self, side: str) -> float:
        """The brow above the corners of its eye, which lids do not move."""
        return float(self.points[_BROWS[side], 1].mean() - self.points[list(_CANTHI[side]), 1].mean())

    def sneer(self) -> float:
        """How high the nostrils and the middle of the upper lip are."""
        return float(self.points[list(_SNEERING), 1].mean())
