"""A shot (a movie, the exact mesh of every frame, and its facts) and a data set (a folder of shots, one manifest).

Rule: what opens is whole. Counts, rates and files are checked when a shot or data set is opened, not when it is used.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import CameraError, ShotError
from engine.frames import CropRect
from engine.mesh import Topology
from engine.movies import MovieReader
from engine.points import read_points
from engine.timecode import Timecode
from engine.views import FRONT as FRONT

SCHEMA = 2
SHOT_FILE = "shot.json"
DATASET_FILE = "dataset.json"
TOPOLOGY_FILE = "topology.npz"
SKIN_FILE = "skin.jpg"


class Role(StrEnum):
    """What a shot is for (Laine et al. 2017, section 4.1)."""

    RANGE_OF_MOTION = "range-of-motion"
    EXPRESSIONS = "expressions"
    PANGRAMS = "pangrams"
    IN_CHARACTER = "in-character"
    VALIDATION = "validation"


@dataclass(frozen=True, slots=True)
class ShotFacts:
    """What `shot.json` holds."""

    name: str
    role: Role
    num_frames: int
    num_vertices: int
    rate: tuple[int, int]  # frames per second, numerator and denominator
    timecode: str  # of the first frame; empty where nobody knows it
    movies: Mapping[str, str]  # file name inside the shot's folder, by camera; `front` is always there
    points: str  # file name inside the shot's folder
    slate: str = ""  # scene and take, as on the clapper board
    notes: str = ""  # what was performed, for people
    is_gray: bool = False  # monochrome cameras' movies
    seed: int | None = None  # of the virtual actor's performance
    stage: Mapping[str, Any] = field(default_factory=dict)  # how the virtual actor was filmed: plain values with units
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A shot that has been checked.

    Args:
        folder: Where it lies.
        facts: From its `shot.json`.
    """

    folder: Path
    facts: ShotFacts

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return Fraction(*self.facts.rate)

    @property
    def timecode(self) -> Timecode:
        """Of the first frame; counted from midnight where nobody knows it."""
        return Timecode.parse(self.facts.timecode, self.rate) if self.facts.timecode else Timecode(0, self.rate)

    def movie_path(self, camera: str = FRONT) -> Path:
        """The movie file of a camera.

        Raises:
            ShotError: The shot has no such camera.
        """
        if camera not in self.facts.movies:
            raise ShotError(
                f"The shot {self.folder} has no camera '{camera}'.", f"It has: {', '.join(self.facts.movies)}."
            )
        return self.folder / self.facts.movies[camera]

    def pictures(self, camera: str = FRONT) -> MovieReader:
        """The movie of a camera, from its first frame.

        Raises:
            ShotError: The shot has no such camera.
        """
        return MovieReader(self.movie_path(camera), as_gray=self.facts.is_gray)

    def vertices(self) -> np.ndarray:
        """[N, V, 3] float32, cm, head-stabilised; mapped where the layout allows."""
        return read_points(self.folder / self.facts.points)

    @staticmethod
    def read_facts(folder: Path) -> ShotFacts:
        """Read `shot.json` alone; whether the files it names are whole is not looked at.

        Raises:
            ShotError: It is missing, damaged, or of another schema.
        """
        values = _read_json(folder / SHOT_FILE, "shot")
        try:
            facts = ShotFacts(**{**values, "role": Role(values["role"]), "rate": tuple(values["rate"])})
        except (TypeError, KeyError, ValueError) as error:
            raise ShotError(f"{folder / SHOT_FILE} is not a shot's facts: {error}.", "Make the shot again.") from error
        if facts.schema != SCHEMA:
            raise ShotError(
                f"The shot {folder} is of schema {facts.schema}, this version reads {SCHEMA}.", "Make the shot again."
            )
        return facts

    @classmethod
    def open(cls, folder: Path) -> "Shot":
        """Read and check one shot.

        Raises:
            ShotError: A part is missing or damaged, or the parts disagree.
        """
        facts = cls.read_facts(folder)
        shot = cls(folder, facts)
        try:
            shot._check()
        except CameraError as error:
            raise ShotError(
                f"The shot {folder} is damaged: {error.reason}",
                "Copy it again, or give the command again that filmed it: a shoot makes its damaged shots anew.",
            ) from error
        return shot

    def _check(self) -> None:
        folder, facts = self.folder, self.facts
        shape = self.vertices().shape
        if shape[:2] != (facts.num_frames, facts.num_vertices):
            raise ShotError(
                f"The shot {folder} claims {facts.num_frames} frames of {facts.num_vertices} vertices,"
                f" its point cache holds {shape[0]} of {shape[1]}.",
                "Make or ingest the shot again.",
            )
        for camera in {FRONT, *facts.movies}:
            with self.pictures(camera) as movie:
                is_other = movie.facts.is_count_exact and movie.facts.num_frames != facts.num_frames
                if is_other or movie.facts.rate != self.rate:
                    raise ShotError(
                        f"The shot {folder} claims {facts.num_frames} frames at {self.rate}/s,"
                        f" its {camera} movie holds {movie.facts.num_frames} at {movie.facts.rate}/s.",
                        "Make or ingest the shot again.",
                    )

    @staticmethod
    def write_facts(folder: Path, facts: ShotFacts) -> None:
        """Write `shot.json`: the last step of making a shot, which makes it one."""
        _write_json(folder / SHOT_FILE, asdict(facts))


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """What a data set knows of one of its cameras.

    Args:
        crop: What a network sees of this camera's pictures, the same for the whole shoot.
        frame_width_px: Of every movie.
        frame_height_px: Of every movie.
    """

    crop: CropRect
    frame_width_px: int
    frame_height_px: int


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """All shots of one actor before one set of cameras.

    Args:
        folder: Where it lies; shots are its sub-folders.
        actor: The actor's name.
        cameras: By name; `front` is always there.
        topology: The actor's mesh.
        shots: In the manifest's order.
    """

    folder: Path
    actor: str
    cameras: Mapping[str, Viewpoint]
    topology: Topology
    shots: tuple[Shot, ...]

    @property
    def front(self) -> Viewpoint:
        """The camera every data set has."""
        return self.cameras[FRONT]

    @property
    def skin_path(self) -> Path | None:
        """The actor's skin texture for the viewport, where there is one."""
        path = self.folder / SKIN_FILE
        return path if path.is_file() else None

    @property
    def training(self) -> tuple[Shot, ...]:
        """Shots to learn from."""
        return tuple(shot for shot in self.shots if shot.facts.role != Role.VALIDATION)

    @property
    def validation(self) -> tuple[Shot, ...]:
        """Shots never trained on."""
        return tuple(shot for shot in self.shots if shot.facts.role == Role.VALIDATION)

    @classmethod
    def open(cls, folder: Path) -> "DataSet":
        """Read and check a data set with all its shots.

        Raises:
            ShotError: The manifest or a shot is missing or damaged, or a shot is of another mesh or picture size.
        """
        if not (folder / DATASET_FILE).is_file() and _is_unfinished(folder):
            # Every shoot begins with the actor's skin, an ingest brings none.
            command = "shoot" if (folder / SKIN_FILE).is_file() else "ingest"
            raise ShotError(
                f"The data set {folder} is not finished: its {command} was stopped, or is still running.",
                f"Give the same {command} command again, unless it runs.",
            )
        values = _read_json(folder / DATASET_FILE, "data set")
        if values.get("schema") != SCHEMA:
            raise ShotError(
                f"The data set {folder} is of schema {values.get('schema')}, this version reads {SCHEMA}.",
                "Make or ingest it again.",
            )
        try:
            cameras = {
                name: Viewpoint(CropRect(*camera["crop"]), *(int(side) for side in camera["frame_size"]))
                for name, camera in values["cameras"].items()
            }
            cameras[FRONT]
            actor, names = str(values["actor"]), list(values["shots"])
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise ShotError(f"{folder / DATASET_FILE} is not a data set: {error}.", "Make it again.") from error
        topology = Topology.load(folder / TOPOLOGY_FILE)
        data = cls(folder, actor, cameras, topology, tuple(Shot.open(folder / name) for name in names))
        for shot in data.shots:
            data.check(shot)
        return data

    def check(self, shot: Shot) -> None:
        """See that a shot belongs here.

        Raises:
            ShotError: It is of another mesh, or misses a camera, or has another picture size.
        """
        if shot.facts.num_vertices != self.topology.num_vertices:
            raise ShotError(
                f"The shot {shot.folder} has {shot.facts.num_vertices} vertices,"
                f" the actor {self.topology.num_vertices}.",
                "A data set holds shots of one actor; take this one out.",
            )
        for name, camera in self.cameras.items():
            with shot.pictures(name) as movie:
                size = movie.facts.width_px, movie.facts.height_px
            if size != (camera.frame_width_px, camera.frame_height_px):
                raise ShotError(
                    f"The {name} movie of {shot.folder} is {size[0]}x{size[1]},"
                    f" the data set {camera.frame_width_px}x{camera.frame_height_px}.",
                    "A data set holds movies of one camera setting; take this one out.",
                )

    @staticmethod
    def write_manifest(folder: Path, actor: str, cameras: Mapping[str, Viewpoint], shots: Sequence[str]) -> None:
        """Write `dataset.json`: the last step of making a data set, which makes it one."""
        manifest = {
            "schema": SCHEMA,
            "actor": actor,
            "cameras": {
                name: {
                    "crop": [camera.crop.x, camera.crop.y, camera.crop.width, camera.crop.height],
                    "frame_size": [camera.frame_width_px, camera.frame_height_px],
                }
                for name, camera in cameras.items()
            },
            "shots": list(shots),
        }
        _write_json(folder / DATASET_FILE, manifest)


def _is_unfinished(folder: Path) -> bool:
    """Whether shots lie here, or parts of some."""
    return any(folder.glob(f"*/{SHOT_FILE}")) or any(folder.glob("*.partial"))


def _read_json(path: Path, what: str) -> dict:  # type: ignore[type-arg]
    if not path.is_file():
        raise ShotError(f"{path.parent} is not a {what}: it has no {path.name}.", f"Give the folder of a {what}.")
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ShotError(f"{path} cannot be read: {error}.", f"Make the {what} again.") from error
    if not isinstance(values, dict):
        raise ShotError(f"{path} is not a {what}'s facts.", f"Make the {what} again.")
    return values


def _write_json(path: Path, values: dict) -> None:  # type: ignore[type-arg]
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(values, indent=2) + "\n", "utf-8")
    partial.replace(path)
