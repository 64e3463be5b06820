"""USD (`.usd`, `.usdc` binary; `.usda` text): a transform and under it one mesh with a time sample a frame.

Rule: the stage says its unit, axes and rate, so readers place it right; the timecode is in its custom layer data.
"""

from pathlib import Path
from typing import Any

import numpy as np

from engine.disk import FREE_SPACE
from engine.errors import StorageError
from engine.optional import optional
from engine.space import UpAxis
from export.take.sequence import MeshSequence, Placement


def write_usd(path: Path, sequence: MeshSequence, placement: Placement) -> None:
    """Write a stage; text or binary by the file's suffix.

    Raises:
        StorageError: It could not be written, for example because the disk is full.
        LiveDoubleError: usd-core is not installed.
    """
    usd, geometry, values, tf = (optional(f"pxr.{name}", "usd-core", "USD") for name in ("Usd", "UsdGeom", "Vt", "Tf"))
    try:
        stage = usd.Stage.CreateNew(str(path))
        _describe(geometry, stage, sequence, placement)
        root = geometry.Xform.Define(stage, f"/{tf.MakeValidIdentifier(sequence.name)}")
        stage.SetDefaultPrim(root.GetPrim())
        mesh = geometry.Mesh.Define(stage, root.GetPath().AppendChild("mesh"))
        _write_faces(geometry, values, mesh, sequence)
        points, extent = mesh.CreatePointsAttr(), mesh.CreateExtentAttr()
        for index in range(sequence.num_frames):
            vertices = placement.place(sequence.frame(index))
            number = placement.start_frame + index
            points.Set(values.Vec3fArray.FromNumpy(vertices), number)
            extent.Set(values.Vec3fArray.FromNumpy(np.stack([vertices.min(0), vertices.max(0)])), number)
        stage.GetRootLayer().Save()
    except tf.ErrorException as error:
        raise StorageError(
            f"{path} could not be written; the disk may be full.",
            FREE_SPACE,
        ) from error


def _describe(geometry: Any, stage: Any, sequence: MeshSequence, placement: Placement) -> None:
    tokens = geometry.Tokens
    geometry.SetStageUpAxis(stage, tokens.z if placement.up is UpAxis.Z else tokens.y)
    geometry.SetStageMetersPerUnit(stage, placement.unit.cm / 100)
    stage.SetTimeCodesPerSecond(float(sequence.rate))
    stage.SetFramesPerSecond(float(sequence.rate))
    stage.SetStartTimeCode(placement.start_frame)
    stage.SetEndTimeCode(placement.start_frame + sequence.num_frames - 1)
    if sequence.timecode is not None:
        stage.GetRootLayer().customLayerData = {"timecode": str(sequence.timecode)}


def _write_faces(geometry: Any, values: Any, mesh: Any, sequence: MeshSequence) -> None:
    assert sequence.faces is not None
    faces = np.ascontiguousarray(sequence.faces, np.int32).reshape(-1)
    mesh.CreateFaceVertexIndicesAttr(values.IntArray.FromNumpy(faces))
    mesh.CreateFaceVertexCountsAttr(values.IntArray.FromNumpy(np.full(len(sequence.faces), 3, np.int32)))
    mesh.CreateSubdivisionSchemeAttr(geometry.Tokens.none)
    if sequence.uv is not None and sequence.uv_faces is not None:
        sdf = optional("pxr.Sdf", "usd-core", "USD")
        kind = sdf.ValueTypeNames.TexCoord2fArray
        primvar = geometry.PrimvarsAPI(mesh.GetPrim()).CreatePrimvar("st", kind, geometry.Tokens.faceVarying)
        primvar.Set(values.Vec2fArray.FromNumpy(np.ascontiguousarray(sequence.uv, np.float32)))
        primvar.SetIndices(values.IntArray.FromNumpy(np.ascontiguousarray(sequence.uv_faces, np.int32).reshape(-1)))
