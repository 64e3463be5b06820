"""The meshes of a shot or of a solved movie, frame by frame, with all that a studio's format can hold of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from engine.errors import ShotError
from engine.mesh import Topology
from engine.shots import TOPOLOGY_FILE, Shot
from engine.space import LengthUnit, UpAxis, from_house
from engine.timecode import Timecode


@dataclass(frozen=True, slots=True, eq=False)
class MeshSequence:
    """Meshes that follow each other.

    Args:
        name: Of the shot.
        num_frames: N.
        num_vertices: V.
        frame: Gives [V, 3] float32 cm of frame `index`.
        rate: Frames per second.
        timecode: Of the first frame, where it has one.
        faces: [F, 3] int32, counter-clockwise; None where nobody knows them.
        uv: [T, 2] float32, origin at the lower left.
        uv_faces: [F, 3] int32 into `uv`.
        sets: Named vertex sets.
    """

    name: str
    num_frames: int
    num_vertices: int
    frame: Callable[[int], np.ndarray]
    rate: Fraction
    timecode: Timecode | None = None
    faces: np.ndarray | None = None
    uv: np.ndarray | None = None
    uv_faces: np.ndarray | None = None
    sets: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a file's coordinates and frame numbers begin.

    Args:
        unit: Of the file.
        up: Of the file.
        start_frame: Number of the first frame.
    """

    unit: LengthUnit = LengthUnit.CM
    up: UpAxis = UpAxis.Y
    start_frame: int = 1

    def place(self, vertices: np.ndarray) -> np.ndarray:
        """[V, 3] float32 of ours in the file's space."""
        return from_house(vertices, self.unit, self.up)


def open_sequence(source: Path, topology: Path | None) -> MeshSequence:
    """The meshes of a shot's folder, or of the `.npz` of a solved movie.

    Args:
        source: The folder or file.
        topology: A `topology.npz`; by default the one of the data set that the shot lies in.

    Raises:
        ShotError: It is neither, is damaged, or the topology is of another mesh.
    """
    if source.is_dir():
        shot = Shot.open(source)
        vertices = shot.vertices()
        beside = source.parent / TOPOLOGY_FILE
        known = topology or (beside if beside.is_file() else None)
        sequence = MeshSequence(
            shot.facts.name, shot.facts.num_frames, shot.facts.num_vertices,
            lambda index: np.asarray(vertices[index]), shot.rate, shot.timecode if shot.facts.timecode else None,
        )  # fmt: skip
    else:
        sequence, known = _solved(source), topology
    return sequence if known is None else _dressed(sequence, Topology.load(known), known)


def _solved(path: Path) -> MeshSequence:
    if not path.exists():
        raise ShotError(f"There is no {path}.", "Give a shot's folder, or the .npz of a solved movie.")
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            latents, basis, mean, faces = (file[name] for name in ("latents", "basis", "mean", "faces"))
            rate, label = Fraction(*(int(part) for part in file["rate"])), str(file["timecode"])
        return MeshSequence(
            path.stem, len(latents), mean.size // 3,
            lambda index: np.asarray(latents[index] @ basis + mean, np.float32).reshape(-1, 3),
            rate, Timecode.parse(label, rate) if label else None, faces,
        )  # fmt: skip
    except (OSError, KeyError, ValueError, TypeError, EOFError, BadZipFile) as error:
        raise ShotError(
            f"{path} is neither a shot's folder nor the file of a solved movie ({error}).",
            "Give a shot's folder, or the .npz that `livedouble solve` wrote.",
        ) from error


def _dressed(sequence: MeshSequence, topology: Topology, path: Path) -> MeshSequence:
    if topology.num_vertices != sequence.num_vertices:
        raise ShotError(
            f"The topology {path} has {topology.num_vertices} vertices, {sequence.name} {sequence.num_vertices}.",
            "Give the topology.npz of the same actor.",
        )
    return MeshSequence(
        sequence.name, sequence.num_frames, sequence.num_vertices, sequence.frame, sequence.rate, sequence.timecode,
        topology.faces, topology.uv, topology.uv_faces, topology.sets,
    )  # fmt: skip
