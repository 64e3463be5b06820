"""What training reads: every shot's movie decoded once into a file of crops, and the frames chosen from them.

Rule: the cache holds the crop of `engine.crop` itself, with real pixels grown around it for augmentation to move into.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from filelock import FileLock

from engine.crop import crop_for_network, resize_area, to_gray
from engine.disk import check_room
from engine.errors import LiveDoubleError, ShotError, StorageError
from engine.frames import CropRect
from engine.preparation import Preparation, open_stabiliser
from engine.shots import DataSet, Shot
from engine.stabilise import Stabiliser, placement
from training.shot_alignment import carried

MARGIN_PART = 8  # the crop grows by an eighth of its size on each side
_LAYOUT = 1
_MORE_ROOM = "Free some space, or choose another folder with --cache."
_STABILISED_LAYOUT = 1
_MOST_UNFOUND = 0.5  # of a shot's frames

Progress = Callable[[str, int, int], None]  # shot, frames done, frames in all


@dataclass(frozen=True, slots=True, eq=False)
class CachedShot:
    """A shot ready to train on.

    Args:
        shot: Where it comes from.
        grown: Of each view, [N, height + 2 margins, width + 2 margins] uint8, mapped.
        vertices: [N, V, 3] float32 cm, mapped where the layout allows.
        affine: [3, 4] that carries the meshes onto the rest pose, where shots are aligned; or off it, where an error is
            planted.
    """

    shot: Shot
    grown: tuple[np.ndarray, ...]
    vertices: np.ndarray
    affine: np.ndarray | None = None

    def mesh(self, frame: int) -> np.ndarray:
        """[V, 3] float32 cm of one frame, carried."""
        vertices = np.asarray(self.vertices[frame])
        return vertices if self.affine is None else carried(vertices, self.affine)


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

    @property
    def num_views(self) -> int:
        """Cameras."""
        return len(self.shots[0].grown)

    def grown(self, index: int) -> np.ndarray:
        """[num_views, H, W] uint8, the grown crops of one frame."""
        views = self.shots[self.shot_indices[index]].grown
        return np.stack([view[self.frame_indices[index]] for view in views])

    def crop(self, index: int) -> np.ndarray:
        """[num_views, H, W] uint8, the crops of one frame as the engine gives them to the network."""
        return centre(self.grown(index))

    def vertices(self, index: int) -> np.ndarray:
        """[V, 3] float32 cm of one frame."""
        return self.shots[self.shot_indices[index]].mesh(self.frame_indices[index])

    def only(self, indices: np.ndarray) -> "FrameChoice":
        """These frames, in this order."""
        return FrameChoice(self.shots, self.shot_indices[indices], self.frame_indices[indices])

    def with_next(self, indices: np.ndarray) -> "FrameChoice":
        """Each of these frames and the next of its shot, in pairs; a shot's last frame comes with the one before."""
        of_shot = self.shot_indices[indices]
        last = np.array([len(cached.vertices) - 1 for cached in self.shots])[of_shot]
        first = np.minimum(self.frame_indices[indices], np.maximum(last - 1, 0))
        pairs = np.stack([first, np.minimum(first + 1, last)], axis=1)
        return FrameChoice(self.shots, np.repeat(of_shot, 2), pairs.ravel())


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


def crops_of(data: DataSet, views: tuple[str, ...]) -> dict[str, CropRect]:
    """The crop of each view, in this order.

    Raises:
        ShotError: The data set has no such camera.
    """
    missing = [view for view in views if view not in data.cameras]
    if missing:
        raise ShotError(
            f"The data set {data.folder} has no camera {', '.join(missing)}.",
            f"Choose among {', '.join(data.cameras)}, or film it with more cameras.",
        )
    return {view: data.cameras[view].crop for view in views}


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
    shot: Shot,
    crops: Mapping[str, CropRect],
    width_px: int,
    height_px: int,
    folder: Path,
    progress: Progress | None = None,
    preparation: Preparation = Preparation.CROP,
    stabiliser: bytes | None = None,
) -> CachedShot:
    """Decode a shot's movies into the cache, or find them there.

    Args:
        shot: To decode.
        crops: Of each camera that is a view of the network, in the network's order.
        width_px: Of the network's input, a multiple of 8.
        height_px: Likewise.
        folder: Holds the cache.
        progress: Told what is decoded, the frames done and the frames in all.
        preparation: What the network sees of a picture.
        stabiliser: The actor's own network that finds the head, where `preparation` needs one.

    Raises:
        ShotError: A movie holds another number of frames than the shot, or hardly a face where pictures are stabilised.
        TrackerError: Pictures are to be stabilised, and dlib is not installed.
        StorageError: The cache cannot be written, for example because the disk is full.
    """
    views = tuple(
        _cache_view(shot, camera, crop, (width_px, height_px), folder, progress, preparation, stabiliser)
        for camera, crop in crops.items()
    )
    return CachedShot(shot, views, shot.vertices())


def _cache_view(
    shot: Shot,
    camera: str,
    crop: CropRect,
    size: tuple[int, int],
    folder: Path,
    progress: Progress | None,
    preparation: Preparation,
    stabiliser: bytes | None,
) -> np.ndarray:
    width_px, height_px = size
    rows, columns = height_px + 2 * (height_px // MARGIN_PART), width_px + 2 * (width_px // MARGIN_PART)
    num_frames = shot.facts.num_frames
    file = shot.movie_path(camera).stat()
    key = repr((_LAYOUT, file.st_size, file.st_mtime_ns, str(crop), columns, rows))
    if preparation is not Preparation.CROP:
        factor = placement(crop, None, size).factor
        key += f"stabilised {_STABILISED_LAYOUT}" + (f" of 1/{factor}" if factor > 1 else "")
    if stabiliser is not None:
        key += hashlib.sha256(stabiliser).hexdigest()
    path = folder / f"{shot.facts.name}-{camera}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.crops"
    num_bytes = num_frames * rows * columns
    with _claimed(path, num_bytes) as is_missing:
        if is_missing and preparation is not Preparation.CROP:
            _decode_stabilised(open_stabiliser(stabiliser), shot, camera, crop, size, path, num_bytes, progress)
        elif is_missing:
            _decode(shot, camera, lambda image: grown_crop(image, crop, width_px, height_px), path, num_bytes, progress)
    return np.memmap(path, np.uint8, "r", 0, (num_frames, rows, columns))


@contextmanager
def _claimed(path: Path, num_bytes: int) -> Iterator[bool]:
    """Whether a file of the cache is to be made; if so, nobody else is here, and others wait and then find it."""

    def is_missing() -> bool:
        return not (path.is_file() and path.stat().st_size == num_bytes)

    if not is_missing():
        yield False
        return
    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise _no_room(path, num_bytes, error) from error
    try:
        yield is_missing()
    finally:
        with suppress(OSError):  # while it is held: whoever waits for it looks again
            path.with_suffix(".lock").unlink()
        lock.release()


def _no_room(path: Path, num_bytes: int, error: OSError) -> StorageError:
    return StorageError(
        f"The crop cache {path.parent} cannot take the {num_bytes / 1e6:.0f} MB of {path.name} ({error.strerror}).",
        _MORE_ROOM,
    )


def _decode_stabilised(
    stabiliser: Stabiliser,
    shot: Shot,
    camera: str,
    crop: CropRect,
    size: tuple[int, int],
    path: Path,
    num_bytes: int,
    progress: Progress | None,
) -> None:
    margin = (size[0] // MARGIN_PART, size[1] // MARGIN_PART)
    _decode(shot, camera, lambda image: stabiliser.prepare_grown(image, crop, size, margin), path, num_bytes, progress)
    if stabiliser.num_unfound > _MOST_UNFOUND * shot.facts.num_frames:
        path.unlink()
        raise ShotError(
            f"In {stabiliser.num_unfound} of {shot.facts.num_frames} frames of {shot.movie_path(camera)} no face is"
            " found, so its pictures cannot be stabilised.",
            "Check the crop, or train without stabilising.",
        )


def _decode(
    shot: Shot,
    camera: str,
    prepare: Callable[[np.ndarray], np.ndarray],
    path: Path,
    num_bytes: int,
    progress: Progress | None,
) -> None:
    partial = path.with_suffix(".partial")
    num_done = 0
    try:
        check_room(path, num_bytes, _MORE_ROOM)
        with shot.pictures(camera) as movie, partial.open("wb") as file:
            for image in movie:
                file.write(prepare(image).tobytes())
                num_done += 1
                if progress is not None:
                    progress(f"decoding {shot.facts.name}", num_done, shot.facts.num_frames)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise _no_room(path, num_bytes, error) from error
    if num_done != shot.facts.num_frames:
        partial.unlink(missing_ok=True)
        raise ShotError(
            f"The movie {shot.movie_path(camera)} holds {num_done} frames, its shot {shot.facts.num_frames}.",
            "Make or ingest the shot again.",
        )
    partial.replace(path)


def gray_levels(choice: FrameChoice, max_frames: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over all pixels of each view (of at most `max_frames` frames, spread evenly).

    Returns:
        Two [num_views] float32; a deviation is 1 at least.
    """
    counts = np.zeros((choice.num_views, 256), np.int64)
    for index in np.linspace(0, len(choice) - 1, min(len(choice), max_frames)).astype(int):
        for view, crop in enumerate(choice.crop(index)):
            counts[view] += np.bincount(crop.ravel(), minlength=256)
    levels, num_pixels = np.arange(256), counts.sum(axis=1)
    mean = counts @ levels / num_pixels
    deviation = np.sqrt((counts * (levels - mean[:, None]) ** 2).sum(axis=1) / num_pixels)
    return mean.astype(np.float32), np.maximum(deviation, 1.0).astype(np.float32)
