"""Small meshes to draw."""

import numpy as np

from engine.mesh import Topology


def ball(rows: int = 24, columns: int = 48, radius_cm: float = 10.0, sets: tuple[str, ...] = ()) -> Topology:
    """A sphere about the origin; its texture runs once around it. All its vertices are in each of `sets`."""
    latitude, longitude = np.mgrid[0 : rows + 1, 0 : columns + 1]
    polar, around = np.pi * latitude / rows, 2 * np.pi * longitude / columns
    x, y, z = np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)
    neutral = radius_cm * np.stack([x, y, z], axis=-1).reshape(-1, 3)
    uv = np.stack([longitude / columns, 1 - latitude / rows], axis=-1).reshape(-1, 2)
    corner = (latitude * (columns + 1) + longitude)[:-1, :-1].ravel()
    below, right = corner + columns + 1, corner + 1
    quads = [np.stack([corner, below, below + 1], axis=1), np.stack([corner, below + 1, right], axis=1)]
    # Vertices on the seam and at the poles are drawn apart but are one.
    _, first, same = np.unique(neutral.round(5), axis=0, return_index=True, return_inverse=True)
    uv_faces = np.concatenate(quads)
    faces = same.ravel()[uv_faces]
    is_whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    points = neutral[first].astype(np.float32)
    rows_of = np.arange(len(points), dtype=np.int32)
    return Topology(
        faces[is_whole].astype(np.int32),
        uv.astype(np.float32),
        uv_faces[is_whole].astype(np.int32),
        points,
        dict.fromkeys(sets, rows_of),
    )


def box(side_cm: float = 4.0) -> Topology:
    """A cube of twelve triangles about the origin: nothing but creases."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32) * side_cm / 2
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    return Topology(faces, np.zeros((8, 2), np.float32), faces, corners)


def joined(*parts: Topology) -> Topology:
    """Several meshes as one; each part's named sets stay its own."""
    faces, uv_faces, sets = [], [], {}
    start = uv_start = 0
    for part in parts:
        faces.append(part.faces + start)
        uv_faces.append(part.uv_faces + uv_start)
        sets |= {name: rows + start for name, rows in part.sets.items()}
        start, uv_start = start + part.num_vertices, uv_start + len(part.uv)
    return Topology(
        np.concatenate(faces),
        np.concatenate([part.uv for part in parts]),
        np.concatenate(uv_faces),
        np.concatenate([part.neutral for part in parts]),
        sets,
    )


def moved(topology: Topology, by_cm: tuple[float, float, float]) -> Topology:
    """The same mesh elsewhere."""
    return Topology(
        topology.faces, topology.uv, topology.uv_faces, topology.neutral + np.float32(by_cm), dict(topology.sets)
    )
