"""What training reads: every shot's movie decoded once into a file of crops, and the frames chosen from them.

Rule: the cache holds the crop of `engine.crop` itself, with real pixels grown around it for augmentation to move into.
"""

import errno
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from engine.crop import crop_for_network, resize_area, to_gray
from engine.errors import LiveDoubleError, ShotError, StorageError
from engine.frames import CropRect
from engine.shots import Shot

MARGIN_PART = 8  # the crop grows by an eighth of its size on each side
_LAYOUT = 1

Progress = Callable[[str, int, int], None]  # shot, frames done, frames in all


@dataclass(frozen=True, slots=True, eq=False)
class CachedShot:
    """A shot ready to train on.

    Args:
        shot: Where it comes from.
        grown: [N, height + 2 margins, width + 2 margins] uint8, mapped.
        vertices: [N, V, 3] float32 cm, mapped where the layout allows.
    """

    shot: Shot
    grown: np.ndarray
    vertices: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class FrameChoice:
    """Frames of several shots, counted through.

    Args:
        shots: What they are chosen from.
        shot_indices: [n] which shot.
        frame_indices: [n] which frame of it.
    """

    shots: tuple[CachedShot, ...]
    shot_indices: np.ndarray
    frame_indices: np.ndarray

    def __len__(self) -> int:
        return len(self.shot_indices)

    def grown(self, index: int) -> np.ndarray:
        """The grown crop of one frame."""
        return np.asarray(self.shots[self.shot_indices[index]].grown[self.frame_indices[index]])

    def crop(self, index: int) -> np.ndarray:
        """The crop of one frame as the engine gives it to the network."""
        return centre(self.grown(index))

    def vertices(self, index: int) -> np.ndarray:
        """[V, 3] float32 cm of one frame."""
        return np.asarray(self.shots[self.shot_indices[index]].vertices[self.frame_indices[index]])


def choose_frames(shots: tuple[CachedShot, ...], num_frames: int | None) -> FrameChoice:
    """All frames, or `num_frames` of them spread evenly over the shots.

    Raises:
        LiveDoubleError: There is no frame.
    """
    lengths = [len(cached.vertices) for cached in shots]
    if not sum(lengths):
        raise LiveDoubleError("There are no frames to choose from.", "Give a data set with shots for this role.")
    of_shot = np.repeat(np.arange(len(shots)), lengths)
    of_frame = np.concatenate([np.arange(length) for length in lengths])
    if num_frames is not None and num_frames < len(of_shot):
        kept = (np.arange(num_frames) + 0.5) * len(of_shot) / num_frames
        of_shot, of_frame = of_shot[kept.astype(int)], of_frame[kept.astype(int)]
    return FrameChoice(shots, of_shot, of_frame)


def centre(grown: np.ndarray) -> np.ndarray:
    """The crop itself out of [..., H, W] grown pictures."""
    height_px, width_px = (size * MARGIN_PART // (MARGIN_PART + 2) for size in grown.shape[-2:])
    top, left = height_px // MARGIN_PART, width_px // MARGIN_PART
    return grown[..., top : top + height_px, left : left + width_px]


def grown_crop(image: np.ndarray, crop: CropRect, width_px: int, height_px: int) -> np.ndarray:
    """The network's crop with an eighth of its size around it.

    Args:
        image: [H, W] or [H, W, 3] uint8.
        crop: Inside the image; where the grown rectangle leaves it, the border is repeated.
        width_px: Of the crop at the network's scale, a multiple of 8.
        height_px: Likewise.

    Returns:
        [height_px * 10/8, width_px * 10/8] uint8, its centre exactly `engine.crop.crop_for_network`.
    """
    gray = to_gray(image)
    margin_x, margin_y = round(crop.width / MARGIN_PART), round(crop.height / MARGIN_PART)
    left, top = crop.x - margin_x, crop.y - margin_y
    right, bottom = crop.x + crop.width + margin_x, crop.y + crop.height + margin_y
    height, width = gray.shape
    inside = gray[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    around = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    window = cv2.copyMakeBorder(inside, *around, cv2.BORDER_REPLICATE) if any(around) else inside
    edge_x, edge_y = width_px // MARGIN_PART, height_px // MARGIN_PART
    grown = resize_area(window, width_px + 2 * edge_x, height_px + 2 * edge_y)
    # The margins are whole camera pixels, so the grown picture may sit a fraction of one off; its centre is put right.
    grown[edge_y : edge_y + height_px, edge_x : edge_x + width_px] = crop_for_network(gray, crop, width_px, height_px)
    return grown


def cache_shot(
    shot: Shot, crop: CropRect, width_px: int, height_px: int, folder: Path, progress: Progress | None = None
) -> CachedShot:
    """Decode a shot's movie into the cache, or find it there.

    Args:
        shot: To decode.
        crop: Of the whole data set.
        width_px: Of the network's input, a multiple of 8.
        height_px: Likewise.
        folder: Holds the cache.
        progress: Told as decoding goes on.

    Raises:
        ShotError: The movie holds another number of frames than the shot.
        StorageError: The cache cannot be written, for example because the disk is full.
    """
    rows, columns = height_px + 2 * (height_px // MARGIN_PART), width_px + 2 * (width_px // MARGIN_PART)
    num_frames = shot.facts.num_frames
    file = shot.movie_path().stat()
    key = repr((_LAYOUT, file.st_size, file.st_mtime_ns, str(crop), columns, rows))
    path = folder / f"{shot.facts.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.crops"
    num_bytes = num_frames * rows * columns
    if not (path.is_file() and path.stat().st_size == num_bytes):
        _decode(shot, lambda image: grown_crop(image, crop, width_px, height_px), path, num_bytes, progress)
    grown = np.memmap(path, np.uint8, "r", 0, (num_frames, rows, columns))
    return CachedShot(shot, grown, shot.vertices())


def _decode(
    shot: Shot, prepare: Callable[[np.ndarray], np.ndarray], path: Path, num_bytes: int, progress: Progress | None
) -> None:
    partial = path.with_suffix(".partial")
    num_done = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(path.parent).free < num_bytes:
            raise OSError(errno.ENOSPC, "the disk is full")
        with shot.pictures() as movie, partial.open("wb") as file:
            for image in movie:
                file.write(prepare(image).tobytes())
                num_done += 1
                if progress is not None:
                    progress(shot.facts.name, num_done, shot.facts.num_frames)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageError(
            f"The crop cache {path.parent} cannot take {num_bytes / 1e6:.0f} MB for the shot {shot.facts.name}"
            f" ({error.strerror}).",
            "Free some space, or choose another folder with --cache.",
        ) from error
    if num_done != shot.facts.num_frames:
        partial.unlink(missing_ok=True)
        raise ShotError(
            f"The movie {shot.movie_path()} holds {num_done} frames, its shot {shot.facts.num_frames}.",
            "Make or ingest the shot again.",
        )
    partial.replace(path)


def gray_levels(choice: FrameChoice, max_frames: int = 1000) -> tuple[float, float]:
    """Mean and standard deviation over all pixels of the chosen crops (of at most `max_frames`, spread evenly)."""
    counts = np.zeros(256, np.int64)
    for index in np.linspace(0, len(choice) - 1, min(len(choice), max_frames)).astype(int):
        counts += np.bincount(choice.crop(index).ravel(), minlength=256)
    levels = np.arange(256)
    mean = float(counts @ levels / counts.sum())
    deviation = float(np.sqrt(counts @ (levels - mean) ** 2 / counts.sum()))
    return mean, max(deviation, 1.0)
