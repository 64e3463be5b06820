"""Alembic (`.abc`): a transform and under it one polygon mesh, one sample a frame.

Rule: Alembic winds clockwise, counts time in seconds and knows no unit, axes or timecode: those are user properties
(`unit`, `up`, `timecode`) of the mesh.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from engine.disk import FREE_SPACE
from engine.errors import StorageError
from engine.optional import optional
from export.take.sequence import MeshSequence, Placement

_CLOCKWISE = [0, 2, 1]  # the first corner stays the first
_CLOSING_BYTES = 1 << 18


def write_abc(path: Path, sequence: MeshSequence, placement: Placement) -> None:
    """Write an `.abc`.

    Raises:
        StorageError: It could not be written, for example because the disk is full.
        LiveDoubleError: alembic3d is not installed.
    """
    abc = optional("alembic3d.Abc", "alembic3d", "Alembic (.abc)")
    try:
        _write(abc, path, sequence, placement)
        # Only a file that opens again is whole.
        num_written = _count(abc, path, sequence.name)
    except RuntimeError as error:
        raise _unwritten(path) from error
    if num_written != sequence.num_frames:
        raise _unwritten(path)


def _write(abc: Any, path: Path, sequence: MeshSequence, placement: Placement) -> None:
    geometry = optional("alembic3d.AbcGeom", "alembic3d", "Alembic (.abc)")
    core = optional("alembic3d.AbcCoreAbstract", "alembic3d", "Alembic (.abc)")
    imath = optional("imath", "alembic3d", "Alembic (.abc)")
    rate = float(sequence.rate)
    archive = abc.CreateArchiveWithInfo(str(path), rate, "LiveDouble", f"{placement.unit}, {placement.up} up")
    sampling = archive.addTimeSampling(core.TimeSampling(1 / rate, placement.start_frame / rate))
    transform = geometry.OXform(archive.getTop(), sequence.name)
    schema = geometry.OPolyMesh(transform, f"{sequence.name}Shape", sampling).getSchema()
    properties = schema.getUserProperties()
    for name, value in (
        ("unit", placement.unit.value), ("up", placement.up.value), ("timecode", str(sequence.timecode or "")),
    ):  # fmt: skip
        abc.OStringProperty(properties, name).setValue(value)
    for index in range(sequence.num_frames):
        _check_room(path, sequence)
        points = imath.V3fArrayFromBuffer(placement.place(sequence.frame(index)))
        if index == 0:
            sample = geometry.OPolyMeshSchemaSample(points, *_faces(imath, geometry, sequence))
        else:
            sample = geometry.OPolyMeshSchemaSample(points)
        schema.set(sample)


def _check_room(path: Path, sequence: MeshSequence) -> None:
    """Stop while the disk still takes what closing the file writes: on a full one Alembic ends the process."""
    num_corners = 0 if sequence.faces is None else sequence.faces.size
    if shutil.disk_usage(path.parent).free < _CLOSING_BYTES + 16 * (num_corners + sequence.num_vertices):
        raise _unwritten(path)


def _faces(imath: Any, geometry: Any, sequence: MeshSequence) -> list[Any]:
    assert sequence.faces is not None
    corners = np.ascontiguousarray(sequence.faces[:, _CLOCKWISE], np.int32).reshape(-1)
    counts = np.full(len(sequence.faces), 3, np.int32)
    parts = [imath.IntArrayFromBuffer(corners), imath.IntArrayFromBuffer(counts)]
    if sequence.uv is not None and sequence.uv_faces is not None:
        uv_corners = sequence.uv_faces[:, _CLOCKWISE].reshape(-1)
        indices = imath.UnsignedIntArray(len(uv_corners))
        for place, corner in enumerate(uv_corners.tolist()):
            indices[place] = corner
        values = imath.V2fArrayFromBuffer(np.ascontiguousarray(sequence.uv, np.float32))
        parts.append(geometry.OV2fGeomParamSample(values, indices, geometry.GeometryScope.kFacevaryingScope))
    return parts


def _count(abc: Any, path: Path, name: str) -> int:
    geometry = optional("alembic3d.AbcGeom", "alembic3d", "Alembic (.abc)")
    transform = abc.IArchive(str(path)).getTop().children[0]
    positions = geometry.IPolyMesh(transform, f"{name}Shape").getSchema().getPositionsProperty()
    last = positions.getNumSamples() - 1
    return last + 1 if np.isfinite(np.array(positions.samples[last])).all() else 0


def _unwritten(path: Path) -> StorageError:
    return StorageError(
        f"{path} could not be written whole: the disk is full.",
        FREE_SPACE,
    )
