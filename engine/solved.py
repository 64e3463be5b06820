"""The file a solved movie becomes: latents, and from them the vertices, in one `.npz` that `numpy.load` reads.

Rule: it is written under a partial name and renamed when whole; nothing is held for a whole movie.
"""

import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO

import numpy as np

from engine.bundle import ActorBundle, sha256_of
from engine.disk import check_room, not_written
from engine.errors import StorageError
from engine.expected import ExpectedErrors
from engine.frames import CropRect
from engine.views import FRONT

VERTICES_LIMIT_BYTES = 1 << 30  # ten minutes of 5,000 vertices at 30 frames/s
_CHUNK_FRAMES = 256
_MOST_MEANS = 8  # of expected errors, a frame
_WORK = "work"


@dataclass(frozen=True, slots=True, eq=False)
class SolvedMovie:
    """Every frame of a movie, solved.

    Args:
        latents: [N, 160] float32, in the movie's order; may be mapped from the disk.
        bundle: The actor they belong to.
        crop: What the network saw.
        rate: Frames per second.
        timecode: Of the first frame; empty where the movie has none.
        num_unfound: Frames that were to be stabilised and show no face, solved from the plain crop.
        cameras: Whose movies were solved together.
        expected: Errors that the network expects of itself; None where it foretells none.
        errors_mm: [N, V] float16 of them; None where they were not kept.
        notes: What a user should know, one sentence each.
        work: What it was made of and how, a text by which it is known again.
    """

    latents: np.ndarray
    bundle: ActorBundle
    crop: CropRect
    rate: Fraction
    timecode: str
    num_unfound: int = 0
    cameras: tuple[str, ...] = (FRONT,)
    expected: ExpectedErrors | None = None
    errors_mm: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    work: str = ""

    def save(self, path: Path, has_vertices: bool) -> str:
        """Write the file; returns its SHA-256, hexadecimal.

        Vertices are `latents @ basis + mean`, float32, which is what the network's last layer computes.

        Raises:
            StorageError: The folder does not exist, or the disk is full; nothing is left behind.
        """
        partial = path.with_name(path.name + ".writing")
        crop, bundle = self.crop, self.bundle
        members = {
            "latents": self.latents,
            "basis": bundle.basis,
            "mean": bundle.mean,
            "faces": bundle.topology.faces,
            "crop": np.array([crop.x, crop.y, crop.width, crop.height], np.int32),
            "rate": np.array([self.rate.numerator, self.rate.denominator], np.int32),
            "timecode": np.array(self.timecode),
            "actor": np.array(bundle.name),
            "checksum": np.array(bundle.checksum),
            "cameras": np.array(self.cameras),
            _WORK: np.array(self.work),
        }
        if self.expected is not None:
            members["expected_mm"] = self.expected.frames_mm
        if self.errors_mm is not None and has_vertices:
            members["errors_mm"] = self.errors_mm
        try:
            with partial.open("wb") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                    for name, array in members.items():
                        _write_member(archive, name, array.shape, array.dtype, _chunks(array))
                    if has_vertices:
                        shape = (len(self.latents), bundle.topology.num_vertices, 3)
                        _write_member(archive, "vertices", shape, np.dtype(np.float32), self._vertices())
                file.flush()
                os.fsync(file.fileno())  # a name must not outlive a power cut that its content does not
            checksum = sha256_of(partial)
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise not_written(path, error) from error
        return checksum

    def _vertices(self) -> Iterator[np.ndarray]:
        for latents in _chunks(self.latents):
            yield self.bundle.vertices(np.ascontiguousarray(latents))


@dataclass(frozen=True, slots=True)
class FoundResult:
    """A result that lies there whole."""

    work: str  # what it was made of and how
    num_frames: int
    num_bytes: int
    has_vertices: bool


def find_result(path: Path) -> FoundResult | None:
    """What `SolvedMovie.save` left there; None where there is nothing, or nothing whole."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            with archive.open("latents.npy") as member:
                shape = _shape(member)
            with archive.open(f"{_WORK}.npy") as member:
                work = str(np.lib.format.read_array(member))
            return FoundResult(work, shape[0], path.stat().st_size, "vertices.npy" in archive.namelist())
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        return None


def _shape(member: IO[bytes]) -> tuple[int, ...]:
    np.lib.format.read_magic(member)
    return np.lib.format.read_array_header_1_0(member)[0]


def _chunks(array: np.ndarray) -> Iterator[np.ndarray]:
    if array.ndim == 0:
        yield array
        return
    for start in range(0, len(array), _CHUNK_FRAMES):
        yield array[start : start + _CHUNK_FRAMES]


def _write_member(
    archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], dtype: np.dtype, chunks: Iterator[np.ndarray]
) -> None:
    # What numpy.savez does, but in pieces: it can only write arrays that are whole in memory.
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, header)
        for chunk in chunks:
            member.write(np.ascontiguousarray(chunk, dtype).tobytes())


def is_with_vertices(is_asked: bool | None, num_frames: int, bundle: ActorBundle) -> bool:
    """Whether the file will hold vertices: as asked, and otherwise while they stay under a gibibyte."""
    return num_frames * bundle.mean.nbytes <= VERTICES_LIMIT_BYTES if is_asked is None else is_asked


def bytes_needed(num_frames: int, bundle: ActorBundle, has_vertices: bool) -> int:
    """About what a movie takes on the disk while it is solved.

    Args:
        num_frames: As the movie claims; 0 where it does not say.
        bundle: The actor.
        has_vertices: Whether vertices will be written.
    """
    of_errors = 2 * bundle.topology.num_vertices if bundle.has_errors and has_vertices else 0
    kept = 4 * (bundle.num_latents + _MOST_MEANS) + of_errors  # once while it is solved, once in the result
    needed = bundle.basis.nbytes + bundle.mean.nbytes + num_frames * 2 * kept
    return needed + num_frames * bundle.mean.nbytes if has_vertices else needed


def check_space(path: Path, num_bytes: int) -> None:
    """Refuse before the work what the disk could not hold after it.

    Args:
        path: Of the file to come.
        num_bytes: About what it will take; see `bytes_needed`.

    Raises:
        StorageError: The folder is missing, is not writable, or has too little space.
    """
    try:
        partial = path.with_name(path.name + ".writing")
        partial.touch()
        partial.unlink()
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror}).", "Choose a folder that exists.") from error
    check_room(path, num_bytes)
