"""The file a solved movie becomes: latents, and from them the vertices, in one `.npz` that `numpy.load` reads.

Rule: it is written under a partial name and renamed when whole; vertices are streamed, never held for a whole movie.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.bundle import ActorBundle
from engine.disk import check_room, not_written
from engine.errors import StorageError
from engine.expected import ExpectedErrors
from engine.frames import CropRect
from engine.views import FRONT

VERTICES_LIMIT_BYTES = 1 << 30  # ten minutes of 5,000 vertices at 30 frames/s
_CHUNK_FRAMES = 256


@dataclass(frozen=True, slots=True, eq=False)
class SolvedMovie:
    """Every frame of a movie, solved.

    Args:
        latents: [N, 160] float32, in the movie's order.
        bundle: The actor they belong to.
        crop: What the network saw.
        rate: Frames per second.
        timecode: Of the first frame; empty where the movie has none.
        num_unfound: Frames that were to be stabilised and show no face, solved from the plain crop.
        cameras: Whose movies were solved together.
        expected: Errors that the network expects of itself; None where it foretells none.
        notes: What a user should know, one sentence each.
    """

    latents: np.ndarray
    bundle: ActorBundle
    crop: CropRect
    rate: Fraction
    timecode: str
    num_unfound: int = 0
    cameras: tuple[str, ...] = (FRONT,)
    expected: ExpectedErrors | None = None
    notes: tuple[str, ...] = ()

    def save(self, path: Path, has_vertices: bool) -> None:
        """Write the file.

        Vertices are `latents @ basis + mean`, float32, which is what the network's last layer computes.

        Raises:
            StorageError: The folder does not exist, or the disk is full; nothing is left behind.
        """
        partial = path.with_name(path.name + ".partial")
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
        }
        if self.expected is not None:
            members["expected_mm"] = self.expected.frames_mm
            if self.expected.vertices_mm is not None and has_vertices:
                members["errors_mm"] = self.expected.vertices_mm
        try:
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                for name, array in members.items():
                    _write_member(archive, name, array.shape, array.dtype, iter([array]))
                if has_vertices:
                    shape = (len(self.latents), bundle.topology.num_vertices, 3)
                    _write_member(archive, "vertices", shape, np.dtype(np.float32), self._vertices())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise not_written(path, error) from error

    def _vertices(self) -> Iterator[np.ndarray]:
        for start in range(0, len(self.latents), _CHUNK_FRAMES):
            yield self.bundle.vertices(self.latents[start : start + _CHUNK_FRAMES])


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


def check_space(path: Path, num_frames: int, bundle: ActorBundle, has_vertices: bool) -> None:
    """Refuse before the work what the disk could not hold after it.

    Args:
        path: Of the file to come.
        num_frames: As the movie claims; 0 where it does not say.
        bundle: The actor.
        has_vertices: Whether vertices will be written.

    Raises:
        StorageError: The folder is missing, is not writable, or has too little space.
    """
    needed = 4 * (bundle.basis.size + bundle.mean.size + num_frames * bundle.num_latents)
    if has_vertices:
        of_errors = 2 * bundle.topology.num_vertices if bundle.has_errors else 0
        needed += num_frames * (bundle.mean.nbytes + of_errors)
    try:
        partial = path.with_name(path.name + ".partial")
        partial.touch()
        partial.unlink()
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror}).", "Choose a folder that exists.") from error
    check_room(path, needed)
