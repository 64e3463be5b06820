"""The actor's topology: from a file of its own, or from the faces that the first point cache carries.

Rule: it is made once for a data set; later shots must fit it.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from engine.errors import ShotError
from engine.mesh import Topology
from training.ingest.alembic_points import AlembicPoints
from training.ingest.array_points import read_faces
from training.ingest.frame_of_reference import Claim, find_space
from training.ingest.obj_points import read_obj
from training.ingest.polygons import Polygons, cylinder_uv, signed_volume, triangle_edges
from training.ingest.usd_points import USD_SUFFIXES, UsdPoints

ANIMATED = "animated"
_SAME_FACES = 0.5  # of a file's edges; two ways to cut the same quads in triangles share two thirds


class Winding(StrEnum):
    """How a file's faces run, seen from outside."""

    AUTO = "auto"
    CCW = "ccw"
    CW = "cw"


@dataclass(frozen=True, slots=True, eq=False)
class ActorMesh:
    """A topology and what a user should know of how it came about, one sentence each."""

    topology: Topology
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TopologyFile:
    """Faces, and the face at rest where the file has it.

    Args:
        polygons: The faces.
        neutral: [V, 3] float32 cm, or None.
    """

    polygons: Polygons
    neutral: np.ndarray | None


def read_topology(path: Path, mesh: str | None) -> Topology | TopologyFile:
    """Read a topology: one of ours (`topology.npz`), or the faces of an OBJ, USD, Alembic or `.npz` file.

    Raises:
        ShotError: It is missing, damaged, or has no faces.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise ShotError(f"There is no topology {path}.", "Check the path.")
    if suffix == ".npz":
        found = read_faces(path)
        return Topology.load(path) if found is None else TopologyFile(found, None)
    claim = Claim()
    if suffix == ".obj":
        file = read_obj(path)
        found, raw = file.polygons, file.vertices
    elif suffix == ".abc" or suffix in USD_SUFFIXES:
        kind = AlembicPoints if suffix == ".abc" else UsdPoints
        source = kind(path, mesh, may_be_still=True)
        found, raw = source.facts.polygons, source.frame(0)
        claim = Claim(file_unit=source.facts.unit, file_up=source.facts.up)
    else:
        raise ShotError(f"{path} is not a topology of a kind we know.", "Give .obj, .usd, .abc or .npz.")
    if found is None or not found.num_used:
        raise ShotError(f"The topology {path} has no faces.", "Export the mesh with its faces.")
    return TopologyFile(found, find_space(raw, claim, None).to_house(raw))


def build_topology(polygons: Polygons, neutral: np.ndarray, winding: Winding) -> ActorMesh:
    """Make the actor's topology.

    Args:
        polygons: As a file has them.
        neutral: [V, 3] float32 cm.
        winding: As stated; by default what the format says, put right by the volume that the faces enclose.

    Raises:
        ShotError: The faces name vertices that the mesh lacks.
    """
    if polygons.num_used > len(neutral):
        raise ShotError(
            f"The faces name vertex {polygons.num_used - 1}, the mesh has {len(neutral)} vertices.",
            "Give the topology of the same mesh.",
        )
    notes = []
    is_turned = polygons.is_clockwise if winding is Winding.AUTO else winding is Winding.CW
    faces, uv_faces = polygons.triangles(is_turned)
    if signed_volume(neutral, faces) < 0:
        if winding is Winding.AUTO:
            faces, uv_faces = polygons.triangles(not is_turned)
            notes.append("The faces ran the wrong way round and were turned.")
        else:
            notes.append("With the winding stated, the faces look inwards.")
    uv = polygons.uv
    if uv is None or uv_faces is None:
        uv, uv_faces = cylinder_uv(neutral), faces.copy()
        notes.append("The mesh brings no texture coordinates; a cylinder's were made.")
    return ActorMesh(Topology(faces, uv, uv_faces, neutral, dict(polygons.sets)), tuple(notes))


def check_faces(polygons: Polygons | None, topology: Topology) -> None:
    """See that the faces a point cache carries are the actor's.

    Raises:
        ShotError: They are not.
    """
    if polygons is None:
        return
    theirs, ours = (_keys(edges) for edges in (polygons.edges(), triangle_edges(topology.faces)))
    shared = float(np.isin(theirs, ours).mean()) if theirs.size else 0.0
    if shared < _SAME_FACES:
        raise ShotError(
            f"The point cache's faces are not the actor's: {shared:.0%} of its edges are among them.",
            "Export the mesh with the vertex order and faces of the data set's topology.",
        )


def _keys(edges: np.ndarray) -> np.ndarray:
    return np.asarray(edges[:, 0] << 32 | edges[:, 1])


def with_animated(topology: Topology, rows: np.ndarray) -> Topology:
    """The topology with these vertices among the animated ones."""
    before = topology.sets.get(ANIMATED, np.empty(0, np.int32))
    animated = np.union1d(before, rows).astype(np.int32)
    return Topology(
        topology.faces, topology.uv, topology.uv_faces, topology.neutral, {**topology.sets, ANIMATED: animated}
    )


def is_animated_by_motion(topology: Topology) -> bool:
    """Whether nobody named the actor's regions, so that its motion says which vertices are animated."""
    return set(topology.sets) <= {ANIMATED}
