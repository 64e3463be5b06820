"""Writes meshes in a format chosen by name; a file appears whole or not at all."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.disk import check_room, not_written
from engine.errors import ShotError
from export.take.alembic_file import write_abc
from export.take.arrays import write_npy, write_npz
from export.take.binary_caches import write_mdd, write_pc2
from export.take.formats import Format
from export.take.obj_files import face_lines, write_obj
from export.take.sequence import MeshSequence, Placement
from export.take.usd_file import write_usd

_WRITERS: dict[Format, Callable[[Path, MeshSequence, Placement], None]] = {
    Format.ABC: write_abc,
    Format.USD: write_usd,
    Format.USDA: write_usd,
    Format.PC2: write_pc2,
    Format.MDD: write_mdd,
    Format.OBJ: write_obj,
    Format.NPY: write_npy,
    Format.NPZ: write_npz,
}
_NEEDS_FACES = frozenset({Format.ABC, Format.USD, Format.USDA, Format.OBJ})
_BYTES_PER_VERTEX = {Format.USDA: 48, Format.OBJ: 42}  # text; all others 12


def write_sequence(
    path: Path, sequence: MeshSequence, kind: Format, placement: Placement, advance: Callable[[int], None]
) -> int:
    """Write all frames; returns the bytes written.

    Args:
        path: A file; for OBJ a new folder.
        sequence: What to write.
        kind: The format; USD's text or binary form follows it, not the file's name.
        placement: Unit, axes and first frame number.
        advance: Told as frames are written.

    Raises:
        ShotError: The format needs faces and there are none.
        StorageError: It cannot be written, for example because the disk is full; nothing is left behind.
    """
    if kind in _NEEDS_FACES and sequence.faces is None:
        raise ShotError(
            f"{kind.value} needs the faces of the mesh, and {sequence.name} lies in no data set that knows them.",
            "Give the actor's topology.npz with --topology.",
        )
    check_room(path, num_bytes_needed(sequence, kind))
    partial = path.with_name(f"{path.stem}.partial" + ("" if kind is Format.OBJ else _suffix(kind)))

    def watched(index: int) -> np.ndarray:
        advance(1)
        return sequence.frame(index)

    try:
        _remove(partial)
        _WRITERS[kind](partial, replace(sequence, frame=watched), placement)
        size = sum(file.stat().st_size for file in (partial.iterdir() if partial.is_dir() else [partial]))
        partial.replace(path)
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        _remove(partial)
    return size


def _suffix(kind: Format) -> str:
    return ".usdc" if kind is Format.USD else f".{kind.value}"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def num_bytes_needed(sequence: MeshSequence, kind: Format) -> int:
    """About what the frames take on disk."""
    per_frame = sequence.num_vertices * _BYTES_PER_VERTEX.get(kind, 12)
    if kind is Format.OBJ:
        per_frame += len(face_lines(sequence))  # every file says them again
    return sequence.num_frames * per_frame
