"""Which part of a picture an actor's network looks at, for the live line and for whole movies alike."""

from dataclasses import dataclass

from engine.bundle import ActorBundle
from engine.crop import check_crop, largest_crop
from engine.frames import CropRect
from engine.views import View

_SHAPE_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class CropChoice:
    """A crop inside the picture, and what a user should know about it, one sentence each."""

    crop: CropRect
    notes: tuple[str, ...]


def choose_crop(
    bundle: ActorBundle, asked: CropRect | None, width_px: int, height_px: int, view: View | None = None
) -> CropChoice:
    """The crop asked for; otherwise the actor's own, or the nearest to it that another size of picture allows.

    That is the same part of pictures of the same shape, and the largest crop that fits any others.

    Args:
        bundle: The actor.
        asked: By the user.
        width_px: Of the picture.
        height_px: Likewise.
        view: Which of the actor's cameras it comes from; by default the first.

    Raises:
        CameraError: The crop leaves the picture.
    """
    notes = []
    trained = view or bundle.views[0]
    crop = asked or trained.crop
    if asked is None and (width_px, height_px) != trained.frame_size:
        scaled = trained.crop_in(width_px, height_px)
        crop = scaled or largest_crop(width_px, height_px, bundle.input_width_px, bundle.input_height_px)
        what = "the same part of it is used" if scaled else "the largest crop that fits is used"
        notes.append(
            f"The picture is {width_px}x{height_px}, the actor was trained with"
            f" {trained.frame_size[0]}x{trained.frame_size[1]}: {what} ({crop})."
        )
    check_crop(crop, width_px, height_px)
    stretch = crop.width * bundle.input_height_px / (crop.height * bundle.input_width_px)
    if abs(stretch - 1) > _SHAPE_TOLERANCE:
        notes.append(f"The crop {crop} is not of the network's shape: the face is stretched by {stretch:.2f}.")
    return CropChoice(crop, tuple(notes))
