"""A sequence of OBJ files, one a frame: readable by everything, large and slow."""

from pathlib import Path

import numpy as np

from export.take.sequence import MeshSequence, Placement


def write_obj(folder: Path, sequence: MeshSequence, placement: Placement) -> None:
    """Write `NAME.0001.obj` and on into a folder; nine digits keep every float32 as it is."""
    folder.mkdir()
    faces = face_lines(sequence)
    digits = max(4, len(str(placement.start_frame + sequence.num_frames)))
    for index in range(sequence.num_frames):
        vertices = placement.place(sequence.frame(index))
        number = placement.start_frame + index
        text = "\n".join(f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in vertices.tolist())
        path = folder / f"{sequence.name}.{number:0{digits}}.obj"
        path.write_text(f"# {placement.unit} {placement.up}-up\no {sequence.name}\n{text}\n{faces}", "utf-8")


def face_lines(sequence: MeshSequence) -> str:
    """Texture coordinates and faces, which are the same in every file."""
    if sequence.faces is None:
        return ""
    if sequence.uv is None or sequence.uv_faces is None:
        return "".join(f"f {a} {b} {c}\n" for a, b, c in (sequence.faces + 1).tolist())
    texture = "".join(f"vt {u:.9g} {v:.9g}\n" for u, v in sequence.uv.tolist())
    corners = np.stack([sequence.faces, sequence.uv_faces], axis=2).reshape(-1, 6) + 1
    return texture + "".join(f"f {a}/{d} {b}/{e} {c}/{f}\n" for a, d, b, e, c, f in corners.tolist())
