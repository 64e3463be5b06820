"""The cameras that see a face at the same time, as an actor's network was trained for them.

Rule: the first view is the one that is always there; a network is told of an absent one by a black crop.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.frames import CropRect

FRONT = "front"  # the camera every shot has
_SAME_SHAPE = 0.005  # of width to height: sizes are whole pixels


@dataclass(frozen=True, slots=True)
class View:
    """One camera.

    Args:
        camera: Its name in the data set.
        crop: What the network was trained to see of its pictures, camera pixels.
        frame_size: Width and height of its pictures, pixels.
    """

    camera: str
    crop: CropRect
    frame_size: tuple[int, int]

    def crop_in(self, width_px: int, height_px: int) -> CropRect | None:
        """The same part of the same camera's pictures in another size; None where they are of another shape."""
        across, down = width_px / self.frame_size[0], height_px / self.frame_size[1]
        if abs(across / down - 1.0) > _SAME_SHAPE:
            return None
        crop = self.crop
        x, y = round(crop.x * across), round(crop.y * down)
        return CropRect(
            x, y, min(round(crop.width * across), width_px - x), min(round(crop.height * down), height_px - y)
        )


def stacked(crops: Sequence[np.ndarray | None], width_px: int, height_px: int) -> np.ndarray:
    """[num_views, height_px, width_px] uint8 of one moment, None being an absent view."""
    black = np.zeros((height_px, width_px), np.uint8)
    return np.stack([black if crop is None else crop for crop in crops])


def absent_note(views: Sequence[View], present: Sequence[str]) -> tuple[str, ...]:
    """What a user should know when not every camera of an actor is there: one sentence, or none."""
    absent = [view.camera for view in views if view.camera not in present]
    if not absent:
        return ()
    trained = _listed([view.camera for view in views])
    return (f"The actor was trained with {trained}: it is solved without {_listed(absent)} here.",)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
