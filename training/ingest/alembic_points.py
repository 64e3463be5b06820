"""Point caches as Alembic (`.abc`): one polygon mesh or subdivision surface, in world space.

Rule: Alembic winds clockwise, counts time in seconds, and states neither unit nor axes (ours does, as user properties).
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ShotError
from engine.optional import optional
from engine.space import LengthUnit, UpAxis
from training.ingest.polygons import Polygons
from training.ingest.source import PointFacts, check_length, damaged, frame_numbers, nearest_rate

_OGAWA = b"Ogawa"
_OGAWA_NUM_BYTES = 16  # signature, whether it was finished, version, place of the root


class AlembicPoints:
    """An `.abc`.

    Args:
        path: To open.
        mesh: Which mesh, by name or path; needed where there are several.
        may_be_still: A mesh without motion will do.

    Raises:
        ShotError: It is missing or cut off, holds no or several meshes, changes its topology, or has a hole.
    """

    def __init__(self, path: Path, mesh: str | None = None, *, may_be_still: bool = False) -> None:
        self._abc = optional("alembic3d.Abc", "alembic3d", "Alembic (.abc)")
        self._geometry = optional("alembic3d.AbcGeom", "alembic3d", "Alembic (.abc)")
        self._path, self._may_be_still = path, may_be_still
        if not path.is_file():
            raise ShotError(f"There is no point cache {path}.", "Check the path.")
        try:
            self._archive = self._abc.IArchive(str(path))
            self._schema, self._transforms = self._choose(mesh)
            self.facts = self._read()
        except RuntimeError as error:  # all that Alembic raises
            raise damaged(path, _reason(path, error)) from error

    def _choose(self, wanted: str | None) -> tuple[Any, list[Any]]:
        found: dict[str, tuple[Any, list[Any]]] = {}

        def visit(parent: Any, transforms: list[Any]) -> None:
            for child in parent.children:
                header = child.getHeader()
                below = transforms
                if self._geometry.IXform.matches(header):
                    below = [*transforms, self._geometry.IXform(parent, header.getName()).getSchema()]
                for kind in (self._geometry.IPolyMesh, self._geometry.ISubD):
                    if kind.matches(header):
                        found[header.getFullName()] = (kind(parent, header.getName()).getSchema(), transforms)
                visit(child, below)

        visit(self._archive.getTop(), [])
        return found[choose_mesh(self._path, list(found), wanted)]

    def _read(self) -> PointFacts:
        schema, path = self._schema, self._path
        positions = schema.getPositionsProperty()
        num_frames = positions.getNumSamples()
        if not (self._may_be_still and num_frames):
            check_length(path, num_frames)
        faces, counts = schema.getFaceIndicesProperty(), schema.getFaceCountsProperty()
        self._samples = positions.samples
        if not (faces.isConstant() and counts.isConstant()):
            raise changing_topology(path)
        times = np.array([schema.getTimeSampling().getSampleTime(index) for index in range(num_frames)])
        self._times = times
        rate = self._rate(times)
        number = None if rate is None else frame_numbers(path, times, rate)
        stated = self._user_properties()
        return PointFacts(
            num_frames, len(self._samples[0]), rate, number,
            timecode=stated.get("timecode"),
            unit=LengthUnit(stated["unit"]) if stated.get("unit") in list(LengthUnit) else None,
            up=UpAxis(stated["up"]) if stated.get("up") in list(UpAxis) else None,
            polygons=self._polygons(np.array(faces.samples[0]), np.array(counts.samples[0])),
            notes=self._notes(rate),
        )  # fmt: skip

    def _rate(self, times: np.ndarray) -> Fraction | None:
        if len(times) == 1:
            return None
        span = times[-1] - times[0]
        rate = nearest_rate((len(times) - 1) / span) if span > 0 else None
        if rate is None:
            raise damaged(self._path, f"its {len(times)} samples span {span:g} seconds, which is no frame rate")
        return rate

    def _user_properties(self) -> dict[str, str]:
        properties = self._schema.getUserProperties()
        if not properties.valid():
            return {}
        names = [properties.getPropertyHeader(index).getName() for index in range(properties.getNumProperties())]
        return {
            name: self._abc.IStringProperty(properties, name).getValue()
            for name in names
            if name in ("timecode", "unit", "up")
        }

    def _polygons(self, corners: np.ndarray, counts: np.ndarray) -> Polygons:
        parameter = self._schema.getUVsParam()
        uv = uv_corners = None
        if parameter.valid() and parameter.getNumSamples():
            sample = parameter.getIndexedValue()
            values, indices = np.array(sample.getVals(), np.float32), np.array(sample.getIndices(), np.int32)
            per_corner = indices if len(indices) == len(corners) else indices[corners]
            uv, uv_corners = values.reshape(-1, 2), per_corner
        return Polygons(counts.astype(np.int32), corners.astype(np.int32), uv, uv_corners, is_clockwise=True)

    def _notes(self, rate: Fraction | None) -> tuple[str, ...]:
        said = self._abc.GetArchiveInfo(self._archive).get("dccFPS")
        intended = nearest_rate(float(said)) if said else None
        if None not in (intended, rate) and intended != rate:
            return (
                f"The Alembic file was written by a scene of {intended} frames/s, its samples are {rate} a second.",
            )
        return ()

    def frame(self, index: int) -> np.ndarray:
        """[V, 3] float32, in world space."""
        try:
            points = np.array(self._samples[index], np.float32)
            matrix = self._world(float(self._times[index]))
        except (RuntimeError, IndexError) as error:
            raise damaged(self._path, error) from error
        if len(points) != self.facts.num_vertices:
            raise changing_topology(self._path)
        return in_world(points, matrix)

    def _world(self, time_s: float) -> np.ndarray:
        """[4, 4] for row vectors."""
        world = np.eye(4)
        for schema in self._transforms:
            if schema.isConstantIdentity() or not schema.getNumSamples():
                continue
            moment = self._abc.ISampleSelector(time_s, self._abc.ISampleSelector.TimeIndexType.kNearIndex)
            value = schema.getValue(moment)
            local = np.array(value.getMatrix(), np.float64)
            world = local @ world if value.getInheritsXforms() else local
        return world


def _reason(path: Path, error: RuntimeError) -> str:
    """What is wrong with a file that Alembic does not open; Alembic itself calls them all of unknown core type."""
    with path.open("rb") as file:
        start = file.read(_OGAWA_NUM_BYTES)
    if start.startswith(b"\x89HDF"):
        return "it is an Alembic file of the old HDF5 kind; convert it to Ogawa"
    if not start.startswith(_OGAWA) and not _OGAWA.startswith(start):
        return "it is no Alembic file"
    return "it is damaged or cut off" if "core type" in str(error) or len(start) < _OGAWA_NUM_BYTES else str(error)


def in_world(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """[V, 3] float32 moved by a [4, 4] for row vectors; untouched, bit for bit, where it moves nothing."""
    if np.array_equal(matrix, np.eye(4)):
        return points
    moved = points.astype(np.float64) @ matrix[:3, :3] + matrix[3, :3]
    return np.asarray(moved, np.float32)


def choose_mesh(path: Path, names: list[str], wanted: str | None) -> str:
    """The mesh that is meant, by path or last name.

    Raises:
        ShotError: There is none, or several and none was asked for.
    """
    if not names:
        raise ShotError(f"{path} holds no polygon mesh.", "Export the animated mesh itself.")
    fitting = [name for name in names if wanted is None or wanted in (name, name.rsplit("/", 1)[-1])]
    if len(fitting) != 1:
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        trouble = f"no mesh '{wanted}'; it holds" if wanted and not fitting else "several meshes:"
        raise ShotError(f"{path} has {trouble} {shown}.", "Say which with --mesh.")
    return fitting[0]


def changing_topology(path: Path) -> ShotError:
    """What to say of a mesh whose faces or number of vertices change over time."""
    return ShotError(
        f"The mesh in {path} changes its topology over time.",
        "Export one mesh whose vertices and faces stay the same in every frame.",
    )
