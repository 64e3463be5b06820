"""Point caches as USD (`.usd`, `.usdc`, `.usda`, `.usdz`): one mesh, in world space, with the stage's unit and axes."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ShotError
from engine.optional import optional
from engine.space import LengthUnit, UpAxis
from training.ingest.alembic_points import changing_topology, choose_mesh, in_world
from training.ingest.polygons import Polygons
from training.ingest.source import PointFacts, check_length, damaged, frame_numbers, nearest_rate

USD_SUFFIXES = frozenset({".usd", ".usda", ".usdc", ".usdz"})


class UsdPoints:
    """A stage with one animated mesh.

    Args:
        path: To open.
        mesh: Which mesh, by name or path; needed where there are several.
        may_be_still: A mesh without motion will do.

    Raises:
        ShotError: It is missing or cut off, holds no or several meshes, changes its topology, or has a hole.
    """

    def __init__(self, path: Path, mesh: str | None = None, *, may_be_still: bool = False) -> None:
        self._usd, self._geometry, self._tf = (
            optional(f"pxr.{name}", "usd-core", "USD") for name in ("Usd", "UsdGeom", "Tf")
        )
        self._path, self._may_be_still = path, may_be_still
        if not path.is_file():
            raise ShotError(f"There is no point cache {path}.", "Check the path.")
        try:
            self._stage = self._usd.Stage.Open(str(path))
            prims = {str(prim.GetPath()): prim for prim in self._stage.Traverse() if prim.IsA(self._geometry.Mesh)}
            self._mesh = self._geometry.Mesh(prims[choose_mesh(path, list(prims), mesh)])
            self.facts = self._read()
        except self._tf.ErrorException as error:
            raise damaged(path, _reason(error)) from error

    def _read(self) -> PointFacts:
        stage, mesh, path = self._stage, self._mesh, self._path
        points = mesh.GetPointsAttr()
        num_still = int(points.HasAuthoredValue())
        self._times = points.GetTimeSamples() or [self._usd.TimeCode.Default()] * num_still
        if not (self._may_be_still and num_still):
            check_length(path, len(self._times))
        rate, number, notes = self._rate() if len(self._times) > 1 else (None, None, ())
        for attribute in (mesh.GetFaceVertexIndicesAttr(), mesh.GetFaceVertexCountsAttr()):
            values = [attribute.Get(time) for time in attribute.GetTimeSamples()]
            if any(value != values[0] for value in values[1:]):
                raise changing_topology(path)
        said = stage.GetRootLayer().customLayerData.get("timecode")
        unit, more = self._unit()
        return PointFacts(
            len(self._times),
            self._num_points(),
            rate,
            number,
            timecode=str(said) if said else None,
            unit=unit,
            up=self._up(),
            polygons=self._polygons(),
            notes=notes + more,
        )

    def _rate(self) -> tuple[Fraction | None, int | None, tuple[str, ...]]:
        times = np.array(self._times)
        steps = np.diff(times)
        step = float(np.median(steps))
        is_stated = self._stage.HasAuthoredMetadata("timeCodesPerSecond")
        codes_per_s = self._stage.GetTimeCodesPerSecond()
        number = frame_numbers(self._path, times / step, Fraction(1))
        if not is_stated:
            return None, number, ("The USD file does not say how many time codes make a second.",)
        return nearest_rate(codes_per_s / step), number, ()

    def _unit(self) -> tuple[LengthUnit | None, tuple[str, ...]]:
        if not self._stage.HasAuthoredMetadata("metersPerUnit"):
            return None, ()
        cm = self._geometry.GetStageMetersPerUnit(self._stage) * 100
        fitting = [unit for unit in LengthUnit if abs(unit.cm / cm - 1) < 1e-6]
        if fitting:
            return fitting[0], ()
        return None, (f"The USD file states {cm:g} cm a unit, which is none of {', '.join(LengthUnit)}.",)

    def _up(self) -> UpAxis | None:
        if not self._stage.HasAuthoredMetadata("upAxis"):
            return None
        return UpAxis.Z if self._geometry.GetStageUpAxis(self._stage) == self._geometry.Tokens.z else UpAxis.Y

    def _polygons(self) -> Polygons | None:
        mesh, start = self._mesh, self._times[0]
        corners = np.array(mesh.GetFaceVertexIndicesAttr().Get(start) or [], np.int32)
        counts = np.array(mesh.GetFaceVertexCountsAttr().Get(start) or [], np.int32)
        if not len(corners) or counts.sum() != len(corners):
            return None
        uv, uv_corners = self._uv(corners)
        is_clockwise = mesh.GetOrientationAttr().Get() == self._geometry.Tokens.leftHanded
        return Polygons(counts, corners, uv, uv_corners, is_clockwise)

    def _uv(self, corners: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        primvars: list[Any] = self._geometry.PrimvarsAPI(self._mesh.GetPrim()).GetPrimvarsWithValues()
        found = {p.GetPrimvarName(): p for p in primvars if "2f[]" in str(p.GetTypeName())}
        names = [name for name in ("st", "UVMap", "map1", *found) if name in found]
        if not names:
            return None, None
        chosen = found[names[0]]
        values = np.array(chosen.Get(self._times[0]), np.float32)
        indices = np.array(chosen.GetIndices(self._times[0]) or range(len(values)), np.int32)
        if len(indices) == self._num_points():
            return values, indices[corners]
        return (values, indices) if len(indices) == len(corners) else (None, None)

    def _num_points(self) -> int:
        return len(self._mesh.GetPointsAttr().Get(self._times[0]))

    def frame(self, index: int) -> np.ndarray:
        """[V, 3] float32, in world space."""
        time = self._times[index]
        try:
            points = np.array(self._mesh.GetPointsAttr().Get(time), np.float32)
            matrix = np.array(self._geometry.XformCache(time).GetLocalToWorldTransform(self._mesh.GetPrim()))
        except self._tf.ErrorException as error:
            raise damaged(self._path, _reason(error)) from error
        if points.shape != (self.facts.num_vertices, 3):
            raise changing_topology(self._path)
        return in_world(points, matrix)


def _reason(error: Any) -> str:
    """The last clause of USD's own complaint, which begins with where in its source it was raised."""
    return str(error).strip().splitlines()[0].rpartition(" : ")[2].strip(" '")
