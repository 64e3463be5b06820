"""`.npy` (vertices alone) and `.npz` (vertices with faces, rate, timecode, unit and axes), for `numpy.load`."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from export.take.sequence import MeshSequence, Placement


def write_npy(path: Path, sequence: MeshSequence, placement: Placement) -> None:
    """Write [N, V, 3] float32."""
    with path.open("wb") as file:
        _write_header(file, _shape(sequence))
        for vertices in _frames(sequence, placement):
            file.write(vertices.tobytes())


def write_npz(path: Path, sequence: MeshSequence, placement: Placement) -> None:
    """Write `vertices` and all that is known beside them, uncompressed."""
    beside = {
        "rate": np.array([sequence.rate.numerator, sequence.rate.denominator], np.int32),
        "number": np.array(placement.start_frame),
        "timecode": np.array(str(sequence.timecode or "")),
        "unit": np.array(placement.unit.value),
        "up": np.array(placement.up.value),
    }
    of_mesh = {"faces": sequence.faces, "uv": sequence.uv, "uv_faces": sequence.uv_faces}
    beside |= {name: array for name, array in of_mesh.items() if array is not None}
    beside |= {f"set:{name}": rows for name, rows in sequence.sets.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in beside.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
        # Frame by frame: numpy.savez would hold the whole of it in memory.
        with archive.open("vertices.npy", "w", force_zip64=True) as member:
            _write_header(member, _shape(sequence))
            for vertices in _frames(sequence, placement):
                member.write(vertices.tobytes())


def _shape(sequence: MeshSequence) -> tuple[int, int, int]:
    return sequence.num_frames, sequence.num_vertices, 3


def _write_header(file: IO[bytes], shape: tuple[int, int, int]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})


def _frames(sequence: MeshSequence, placement: Placement) -> Iterator[np.ndarray]:
    for index in range(sequence.num_frames):
        yield placement.place(sequence.frame(index)).astype("<f4")
