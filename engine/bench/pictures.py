"""What the benchmark looks at: drawn faces of a studio camera's size, moving and with its noise, as frames and movies.

Rule: the same pictures on every machine, made by numbers alone.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from engine.bundle import ActorBundle
from engine.cameras.pattern import PatternCamera
from engine.crop import crop_for_network, largest_crop, to_gray
from engine.drawn_face import draw_face
from engine.frames import CropRect, Frame
from engine.movies import MovieWriter

WIDTH_PX, HEIGHT_PX = 1200, 1600
SIZE = f"{WIDTH_PX}x{HEIGHT_PX}"

_NUM_PICTURES = 4
_NOISE_LEVELS = 2.0  # of a good camera in studio light; it decides how many bits a movie takes
_SHIFT_PX = 3  # of the whole picture, from frame to frame
_RATE = Fraction(60)
_JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Frames of one kind.

    Args:
        name: `1200x1600 colour` or `1200x1600 mono`.
        frames: A few, all different.
        crop: Where the face is.
    """

    name: str
    frames: tuple[Frame, ...]
    crop: CropRect

    @property
    def is_mono(self) -> bool:
        """Whether they are [H, W] rather than [H, W, 3]."""
        return self.frames[0].image.ndim == 2

    def write_movie(self, path: Path, num_frames: int) -> None:
        """Encode them over and over with our own writer, as H.264.

        Raises:
            StorageError: The disk is full.
        """
        with MovieWriter(path, WIDTH_PX, HEIGHT_PX, _RATE, is_gray=self.is_mono) as writer:
            for index in range(num_frames):
                writer.write(self.frames[index % len(self.frames)].image)

    def as_jpeg(self) -> list[np.ndarray]:
        """Each frame as a camera that speaks Motion JPEG sends it, [n] uint8."""
        options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        return [np.asarray(cv2.imencode(".jpg", frame.image, options)[1]) for frame in self.frames]


def drawn_pictures(bundle: ActorBundle) -> list[Pictures]:
    """In colour, then mono."""
    crop = largest_crop(WIDTH_PX, HEIGHT_PX, bundle.input_width_px, bundle.input_height_px)
    card = PatternCamera(WIDTH_PX, HEIGHT_PX, Fraction(10_000))
    still = draw_face(card.read(1.0).image, crop)
    images = [_filmed(still, index) for index in range(_NUM_PICTURES)]
    colour = tuple(Frame(image, index, 0) for index, image in enumerate(images))
    mono = tuple(Frame(to_gray(image), index, 0) for index, image in enumerate(images))
    return [Pictures(f"{SIZE} colour", colour, crop), Pictures(f"{SIZE} mono", mono, crop)]


def crops_of(bundle: ActorBundle, pictures: Pictures, batch: int) -> np.ndarray:
    """[batch, views, height, width] uint8, the network's input."""
    size_px = bundle.input_width_px, bundle.input_height_px
    seen = [crop_for_network(frame.image, pictures.crop, *size_px) for frame in pictures.frames]
    moments = [np.stack([crop] * len(bundle.views)) for crop in seen]
    return np.stack([moments[index % len(moments)] for index in range(batch)])


def _filmed(still: np.ndarray, index: int) -> np.ndarray:
    random = np.random.default_rng(index)
    moved = np.roll(still, (_SHIFT_PX * index, -_SHIFT_PX * index), axis=(0, 1))
    noise = random.standard_normal(still.shape[:2], np.float32)[..., None] * _NOISE_LEVELS
    return np.asarray(np.clip(moved + noise, 0, 255).astype(np.uint8))
