"""A sequence of OBJ files, one a frame: readable by everything, large and slow."""

from pathlib import Path

import numpy as np

from export.take.sequence import MeshSequence, Placement


def write_obj(folder: Path, sequence: MeshSequence, placement: Placement) -> None:
    """Write `NAME.0001.obj` and on into a folder; nine digits keep every float32 as it is."""
    folder.mkdir()
    faces = _face_lines(sequence)
    digits = max(4, len(str(placement.start_frame + sequence.num_frames)))
    for index in range(sequence.num_frames):
        vertices = placement.place(sequence.frame(index))
        number = placement.start_frame + index
        text = "\n".join("v %.9g %.9g %.9g" % tuple(row) for row in vertices.tolist())
        path = folder / f"{sequence.name}.{number:0{digits}}.obj"
        path.write_text(f"# {placement.unit} {placement.up}-up\no {sequence.name}\n{text}\n{faces}", "utf-8")


def _face_lines(sequence: MeshSequence) -> str:
    if sequence.faces is None:
        return ""
    if sequence.uv is None or sequence.uv_faces is None:
        return "".join("f %d %d %d\n" % tuple(face) for face in (sequence.faces + 1).tolist())
    texture = "".join("vt %.9g %.9g\n" % tuple(row) for row in sequence.uv.tolist())
    corners = np.stack([sequence.faces, sequence.uv_faces], axis=2).reshape(-1, 6) + 1
    return texture + "".join("f %d/%d %d/%d %d/%d\n" % tuple(row) for row in corners.tolist())
