"""Point caches: the vertices of every frame of a shot, on disk.

Two layouts: `.pc2` (a studio's own, float32, mapped into memory) and `.npz` (differences from frame to frame in
10-micrometre steps, an eighth of the size, for clips that travel).
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from zipfile import BadZipFile

import numpy as np

from engine.disk import not_written
from engine.errors import ShotError

_PC2_HEADER = struct.Struct("<12siiffi")  # signature, version, points, start frame, frames per sample, samples
_PC2_SIGNATURE = b"POINTCACHE2\0"
PACKED_STEP_CM = 0.001


class PointCacheWriter:
    """Appends frames to a `.pc2`; the frame count is written when it is closed, so a cut-off file is told apart.

    Args:
        path: Ends in `.pc2`.
        num_vertices: V.
        start_frame: Number of the first frame.
    """

    def __init__(self, path: Path, num_vertices: int, start_frame: float = 0.0) -> None:
        self._path, self._num_vertices, self._start_frame, self.num_frames = path, num_vertices, start_frame, 0
        self._file = path.open("wb")
        self._write_header()

    def _write_header(self) -> None:
        facts = (1, self._num_vertices, self._start_frame, 1.0, self.num_frames)
        self._write(_PC2_HEADER.pack(_PC2_SIGNATURE, *facts))

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise not_written(f"The point cache {self._path}", error) from error

    def write(self, vertices: np.ndarray) -> None:
        """Append [V, 3] float32, cm.

        Raises:
            StorageError: The disk is full or gone.
        """
        if vertices.shape != (self._num_vertices, 3):
            raise ValueError(f"expected [{self._num_vertices}, 3], got {list(vertices.shape)}")
        self._write(np.ascontiguousarray(vertices, "<f4").tobytes())
        self.num_frames += 1

    def close(self) -> None:
        """Write the frame count and release the file."""
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def __enter__(self) -> "PointCacheWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._file.close()


def pack_points(path: Path, vertices: np.ndarray) -> None:
    """Write [N, V, 3] float32 cm as a `.npz`, each coordinate to the nearest 10 micrometres."""
    steps = np.round(np.asarray(vertices, np.float64) / PACKED_STEP_CM).astype(np.int32)
    differences = np.diff(steps, axis=0)
    if differences.size and np.abs(differences).max() > np.iinfo(np.int16).max:
        raise ValueError("a vertex moves more than 32 cm from one frame to the next")
    # Coordinate by coordinate: neighbours in the file are then neighbours in time, and compress well.
    ordered = np.ascontiguousarray(differences.astype(np.int16).transpose(2, 1, 0))
    np.savez_compressed(path, first=steps[0], differences=ordered, step_cm=np.float64(PACKED_STEP_CM))


@dataclass(frozen=True, slots=True)
class PointCacheFacts:
    """The header of a `.pc2`."""

    num_vertices: int
    num_frames: int
    start_frame: float
    frames_per_sample: float


def point_cache_facts(path: Path) -> PointCacheFacts:
    """Read the header of a `.pc2` and see that the file is as long as it says.

    Raises:
        ShotError: The file is missing, cut off, or something else.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_PC2_HEADER.size)
        if not header.startswith(_PC2_SIGNATURE) or len(header) < _PC2_HEADER.size:
            is_begun = len(header) < _PC2_HEADER.size and header[: len(_PC2_SIGNATURE)] in _PC2_SIGNATURE
            raise _unreadable(path, f"it breaks off after {len(header)} bytes" if is_begun else "it is no PC2 file")
        _, _, num_vertices, start_frame, frames_per_sample, num_frames = _PC2_HEADER.unpack(header)
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    if num_frames < 1:
        raise ShotError(
            f"The point cache {path} is not whole: it holds no frames.", "Copy it again, or make the shot again."
        )
    expected = _PC2_HEADER.size + num_frames * num_vertices * 12
    if size != expected:
        raise ShotError(
            f"The point cache {path} is not whole: {size} bytes where its header asks for {expected}.",
            "Copy it again, or make the shot again.",
        )
    return PointCacheFacts(num_vertices, num_frames, start_frame, frames_per_sample)


def read_points(path: Path) -> np.ndarray:
    """[N, V, 3] float32, cm; a `.pc2` is mapped, not loaded.

    Raises:
        ShotError: The file is missing, cut off, or neither layout.
    """
    if path.suffix == ".npz":
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as packed:
                return unpack_points(packed["first"], packed["differences"], float(packed["step_cm"]))
        except (OSError, KeyError, ValueError, EOFError, BadZipFile, zlib.error) as error:
            raise _unreadable(path, error) from error
    facts = point_cache_facts(path)
    return np.memmap(path, "<f4", "r", _PC2_HEADER.size, (facts.num_frames, facts.num_vertices, 3))


def unpack_points(first: np.ndarray, differences: np.ndarray, step_cm: float) -> np.ndarray:
    """[N, V, 3] float32, cm, from the arrays that `pack_points` writes."""
    steps = np.concatenate([first[None], differences.transpose(2, 1, 0).astype(np.int32)]).cumsum(0)
    return np.asarray((steps * step_cm).astype(np.float32))


def _unreadable(path: Path, error: Exception | str) -> ShotError:
    return ShotError(f"The point cache {path} cannot be read: {error}.", "Copy it again, or make the shot again.")
