"""A photographer's studio: soft boxes around the head, light from the walls, and the backdrop.

Rule: places are centimetres from the middle of the head, +x to the actor's left, +y up, +z to the front camera. The
studio stands still: heads turn in it and cameras look into it.
"""

from dataclasses import dataclass

import numpy as np

from engine.render.look import Rgb

_GOLDEN = (5**0.5 - 1) / 2
_NUM_WALL_SAMPLES = 4


@dataclass(frozen=True, slots=True)
class SoftBox:
    """A rectangular lamp that faces the head.

    Args:
        place_cm: Of its middle.
        width_cm: Horizontally.
        height_cm: The other way.
        colour: Linear light on a surface that faces it, 1 = the exposure's white.
        num_samples: Points of it that cast shadows: the more, the softer.
    """

    place_cm: tuple[float, float, float]
    width_cm: float
    height_cm: float
    colour: Rgb
    num_samples: int

    @property
    def frame(self) -> np.ndarray:
        """[3, 3] unit rows: its right, its up, and the direction from the head to it."""
        towards = np.asarray(self.place_cm, np.float64)
        towards = towards / np.linalg.norm(towards)
        right = np.cross([0.0, 1.0, 0.0], towards)
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(towards, right), towards])

    @property
    def half_size(self) -> tuple[float, float]:
        """Half of its width and height, as tangents seen from the head."""
        distance_cm = float(np.linalg.norm(self.place_cm))
        return self.width_cm / 2 / distance_cm, self.height_cm / 2 / distance_cm

    def directions(self) -> np.ndarray:
        """[num_samples, 3] unit directions to points spread evenly over it."""
        index = np.arange(self.num_samples)
        # A lattice of the golden ratio: no two samples share a row or column, so shadows' steps never line up.
        across = (index + 0.5) / self.num_samples * 2 - 1
        up = (index * _GOLDEN + 0.5) % 1 * 2 - 1
        half_width, half_height = self.half_size
        offsets = np.stack([across * half_width, up * half_height, np.ones(self.num_samples)], axis=1)
        directions = offsets @ self.frame
        return np.asarray(directions / np.linalg.norm(directions, axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Studio:
    """Everything that gives light.

    Args:
        key: The lamp that shapes the face.
        fill: Opens the shadows from the other side.
        rim: Parts hair and cheek from the backdrop.
        sky: Light from ceiling and walls, from above.
        ground: The same from below.
        backdrop: Colour as displayed at the picture's centre and at its corners.
        exposure: Factor on all light, linear: 1 = as designed for skin of a middle tone.
    """

    key: SoftBox = SoftBox((-78.0, 66.0, 118.0), 70.0, 90.0, (1.56, 1.50, 1.42), 6)
    fill: SoftBox = SoftBox((130.0, 15.0, 105.0), 100.0, 130.0, (0.34, 0.37, 0.41), 2)
    rim: SoftBox = SoftBox((105.0, 75.0, -120.0), 40.0, 100.0, (0.42, 0.45, 0.50), 1)
    sky: Rgb = (0.31, 0.33, 0.37)
    ground: Rgb = (0.13, 0.12, 0.115)
    backdrop: tuple[Rgb, Rgb] = ((0.250, 0.258, 0.270), (0.150, 0.156, 0.165))
    exposure: float = 1.0

    @property
    def boxes(self) -> tuple[SoftBox, SoftBox, SoftBox]:
        """Key, fill and rim."""
        return self.key, self.fill, self.rim

    def samples(self) -> "LightSamples":
        """All of it as distant lights."""
        directions, colours, groups = [], [], []
        for group, box in enumerate(self.boxes):
            directions.append(box.directions())
            colours.append(np.tile(np.asarray(box.colour) / box.num_samples, (box.num_samples, 1)))
            groups += [group] * box.num_samples
        walls = _spread_directions(_NUM_WALL_SAMPLES)
        share = (walls[:, 1:2] + 1) / 2
        # A distant light of strength c gives c / 4 on average over all directions; so many make the walls' light.
        colours.append(4 / len(walls) * (share * np.asarray(self.sky) + (1 - share) * np.asarray(self.ground)))
        groups += [len(self.boxes)] * len(walls)
        return LightSamples(np.concatenate([*directions, walls]), np.concatenate(colours), np.array(groups))


@dataclass(frozen=True, slots=True, eq=False)
class LightSamples:
    """A studio's light as K distant lights.

    Args:
        towards: [K, 3] unit, from the head to each.
        colours: [K, 3] linear.
        groups: [K] 0 key, 1 fill, 2 rim, 3 walls.
    """

    towards: np.ndarray
    colours: np.ndarray
    groups: np.ndarray

    @property
    def count(self) -> int:
        """K."""
        return len(self.towards)


def _spread_directions(count: int) -> np.ndarray:
    """[count, 3] unit directions over the front and the top, where walls and ceiling are lit."""
    index = np.arange(count) + 0.5
    height = 0.95 - 1.5 * index / count
    angle = 2 * np.pi * index * _GOLDEN + 0.9
    width = np.sqrt(1 - height**2)
    return np.stack([width * np.sin(angle), height, width * np.abs(np.cos(angle))], axis=1)
