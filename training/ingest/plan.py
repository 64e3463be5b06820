"""Everything about an ingest that can be settled before a byte is written.

Rule: what is wrong with the footage, the point cache or their fit is said here, so that a dry run tells all of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.claim import LOCK_FILE
from engine.crop import check_crop, largest_crop
from engine.errors import ShotError
from engine.frames import CropRect
from engine.mesh import Topology
from engine.shots import DATASET_FILE, FRONT, SHOT_FILE, TOPOLOGY_FILE, DataSet, Role, Viewpoint
from engine.space import LengthUnit, UpAxis
from engine.timecode import Timecode
from training.ingest.actor_mesh import ActorMesh, TopologyFile, Winding, build_topology, check_faces, read_topology
from training.ingest.align import Overlap, align
from training.ingest.footage import Footage, MovieFootage
from training.ingest.frame_of_reference import Claim, Space, check_order, find_space
from training.ingest.likeness import likeness_of
from training.ingest.numbered import is_sequence
from training.ingest.open_points import open_points
from training.ingest.source import PointFacts, PointSource, is_camera_rate, nearest_rate
from training.ingest.stills import STILL_SUFFIXES, StillFootage
from training.ingest.vertex_order import check_vertices

_MAX_LOOKED_AT = 24  # meshes that are held against the actor's
_SAME_RATE = 2e-4  # relative
_SAME_ASPECT = 0.03  # relative; whole pixels never meet 3:4 exactly
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What a user asks for; None where it is to be found out.

    Args:
        folder: The data set's; made if need be.
        videos: Movie or image sequence, by camera.
        points: The point cache.
        role: What the shot is for.
        name: Of the shot; by default the next number and the role.
        actor: Of a new data set.
        topology: File with the faces, for a new data set whose cache carries none.
        mesh: Which mesh, where a file has several.
        crops: What a network sees, by camera, for a new data set.
        offsets: Picture of the first mesh, by camera.
        points_timecode: Of the first mesh.
        rate: Frames per second, where nothing else says it.
        unit: Of the point cache.
        up: Of the point cache.
        winding: Of the faces.
        slate: Scene and take.
        notes: What was performed.
        is_gray: The cameras are monochrome.
        is_same_actor: The meshes are the actor's, whatever their shape says.
    """

    folder: Path
    videos: Mapping[str, Path]
    points: Path
    role: Role
    name: str | None = None
    actor: str | None = None
    topology: Path | None = None
    mesh: str | None = None
    crops: Mapping[str, CropRect] = field(default_factory=dict)
    offsets: Mapping[str, int] = field(default_factory=dict)
    points_timecode: str | None = None
    rate: Fraction | None = None
    unit: LengthUnit | None = None
    up: UpAxis | None = None
    winding: Winding = Winding.AUTO
    slate: str = ""
    notes: str = ""
    is_gray: bool = False
    is_same_actor: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class IngestPlan:
    """What will be written.

    Args:
        request: As asked for.
        data: The data set as it is; None where this shot begins it.
        name: Of the shot.
        actor: Whose data set it is.
        footage: By camera.
        points: The point cache.
        rate: Of the shot.
        timecode: Of the shot's first frame; None where nothing says it.
        overlap: Which frames.
        space: Unit and axes of the cache.
        topology: The actor's.
        viewpoints: By camera.
        notes: What a user should know, one sentence each.
    """

    request: IngestRequest
    data: DataSet | None
    name: str
    actor: str
    footage: Mapping[str, Footage]
    points: PointSource
    rate: Fraction
    timecode: Timecode | None
    overlap: Overlap
    space: Space
    topology: Topology
    viewpoints: Mapping[str, Viewpoint]
    notes: tuple[str, ...]


def plan_ingest(request: IngestRequest) -> IngestPlan:
    """Open everything, look at it, settle how it goes together.

    Raises:
        LiveDoubleError: Something is missing, damaged, or does not go together.
    """
    data = existing_data(request.folder)
    name = _name(request, data)
    if FRONT not in request.videos:
        raise ShotError(f"There is no {FRONT} camera among the videos.", "Give --video FILE for the front camera.")
    if data is not None and set(data.cameras) != set(request.videos):
        raise ShotError(
            f"The data set has the cameras {', '.join(data.cameras)}, this shot {', '.join(request.videos)}.",
            "Give a --video for each camera of the data set, for example --video side=FILE.",
        )
    if data is not None and request.actor not in (None, data.actor):
        raise ShotError(
            f"The data set is of {data.actor}, not of {request.actor}.", "Give each actor a data set of their own."
        )
    points = open_points(request.points, request.mesh)
    facts = replace(points.facts, timecode=request.points_timecode or points.facts.timecode)
    footage = {camera: _open_footage(path, request, points) for camera, path in request.videos.items()}
    rate = _rate(request, footage, facts)
    _check_label(facts.timecode, rate)
    if facts.number is None and facts.start_s is not None:
        facts = replace(facts, number=round(facts.start_s * rate))
    overlap = align({camera: film.facts for camera, film in footage.items()}, facts, request.offsets, rate)
    space, mesh = _meshes(request, data, points, overlap)
    notes = [*_unlisted_notes(request.folder, data, name), *points.facts.notes, *space.notes, *mesh.notes]
    for camera, film in footage.items():
        notes += _picture_notes(request, data, camera, film)
        notes += [note if camera == FRONT else f"{camera}: {note}" for note in film.facts.notes]
    return IngestPlan(
        request, data, name, data.actor if data else request.actor or request.folder.resolve().name, footage, points,
        rate, _timecode(footage, facts, overlap, rate), overlap, space, mesh.topology,
        _viewpoints(request, data, footage), tuple(notes),
    )  # fmt: skip


def existing_data(folder: Path) -> DataSet | None:
    """The data set in a folder; None where none has been begun.

    Raises:
        LiveDoubleError: The folder holds something else, or the data set is damaged.
    """
    if (folder / DATASET_FILE).is_file():
        return DataSet.open(folder)
    if folder.exists() and not folder.is_dir():
        raise ShotError(f"{folder} is a file.", "Give a folder.")
    begun = (TOPOLOGY_FILE, DATASET_FILE, LOCK_FILE, ".crops")
    foreign = [
        path.name
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.name not in begun and ".partial" not in path.name and not (path / SHOT_FILE).is_file()
    ]
    if foreign:
        raise ShotError(f"{folder} is no data set and holds {sorted(foreign)[0]}.", "Choose a new folder.")
    return None


def _name(request: IngestRequest, data: DataSet | None) -> str:
    taken = {shot.facts.name for shot in data.shots} if data else set()
    if request.name is None:
        number = 1 + max([0, *(int(match[0]) for name in taken if (match := re.match(r"\d+", name)))])
        return f"{number:03}_{request.role.value}"
    if not _NAME.fullmatch(request.name) or request.name.endswith(".partial"):
        raise ShotError(f"'{request.name}' is no name for a shot.", "Use letters, digits, '-', '_' and '.'.")
    if request.name in taken:
        raise ShotError(f"The data set has a shot {request.name} already.", "Give another name with --name.")
    return request.name


def _unlisted_notes(folder: Path, data: DataSet | None, name: str) -> list[str]:
    """Shots that lie in the data set without being of it: an ingest was killed just before it listed them."""
    listed = {name, *(shot.facts.name for shot in data.shots)} if data else {name}
    lying = sorted(path.parent.name for path in folder.glob(f"*/{SHOT_FILE}"))
    return [
        f"The shot {other} lies in {folder} and is not listed: give the command again that ingested it."
        for other in lying
        if other not in listed and not other.endswith(".partial")
    ]


def _open_footage(path: Path, request: IngestRequest, points: PointSource) -> Footage:
    if is_sequence(path, STILL_SUFFIXES):
        return StillFootage(path, request.rate or points.facts.rate, is_gray=request.is_gray)
    return MovieFootage(path, is_gray=request.is_gray)


def _rate(request: IngestRequest, footage: Mapping[str, Footage], points: PointFacts) -> Fraction:
    said = [("--rate", request.rate)] if request.rate else []
    said += [(f"the {camera} movie", film.facts.rate) for camera, film in footage.items() if film.facts.rate]
    said += [("the point cache", points.rate)] if points.rate else []
    if not said:
        raise ShotError("Neither the pictures nor the point cache say their frame rate.", "State it with --rate.")
    first_name, first = said[0]
    for name, rate in said[1:]:
        if first is not None and rate is not None and abs(rate / first - 1) > _SAME_RATE:
            for camera, film in footage.items():
                if film.facts.rate is not None and not is_camera_rate(film.facts.rate):
                    raise ShotError(
                        f"The {camera} movie has {float(film.facts.rate):g} frames/s on average, which is no camera's"
                        f" rate, and {name if name != f'the {camera} movie' else first_name} another: its rate varies,"
                        " or frames are missing.",
                        "Give the camera's original, or conform the movie to a constant rate.",
                    )
            raise ShotError(
                f"The frame rates differ: {first_name} has {float(first):g} frames/s, {name} {float(rate):g}.",
                "Export the point cache at the camera's rate.",
            )
    movie = footage[FRONT].facts.rate or first
    assert movie is not None
    return nearest_rate(float(movie)) or movie


def _check_label(label: str | None, rate: Fraction) -> None:
    if label is not None:
        try:
            Timecode.parse(label, rate)
        except ValueError as error:
            raise ShotError(
                f"The point cache's timecode cannot be read: {error}.", "State it with --points-timecode HH:MM:SS:FF."
            ) from error


def _timecode(footage: Mapping[str, Footage], points: PointFacts, overlap: Overlap, rate: Fraction) -> Timecode | None:
    front = footage[FRONT].facts.timecode
    if front is not None:
        return Timecode(front.frame_number, rate, front.is_drop_frame).plus(overlap.first_picture(FRONT))
    if points.timecode is not None:
        return Timecode.parse(points.timecode, rate).plus(overlap.first_mesh)
    return None


def _meshes(
    request: IngestRequest, data: DataSet | None, points: PointSource, overlap: Overlap
) -> tuple[Space, ActorMesh]:
    """Where the cache's coordinates lie, and the actor's mesh."""
    facts = points.facts
    raw = points.frame(overlap.first_mesh)
    claim = Claim(request.unit, request.up, facts.unit, facts.up)
    given = read_topology(request.topology, request.mesh) if request.topology is not None else None
    known = data.topology if data else given if isinstance(given, Topology) else None
    reference = known.neutral if known else given.neutral if isinstance(given, TopologyFile) else None
    if reference is not None and len(reference) != facts.num_vertices:
        raise ShotError(
            f"The point cache has {facts.num_vertices} vertices, the actor's topology {len(reference)}.",
            "Export the actor's own mesh, every vertex of it.",
        )
    space = find_space(raw, claim, reference)
    first = space.to_house(raw)
    if known is not None:
        is_unused = data is not None and given is not None
        mesh = ActorMesh(known, (f"The data set's own topology counts, not {request.topology}.",) if is_unused else ())
    else:
        polygons = given.polygons if isinstance(given, TopologyFile) else facts.polygons
        if polygons is None:
            raise ShotError(
                f"{request.points} carries no faces, and the data set has none yet.",
                "Give the mesh as OBJ, USD or Alembic with --topology.",
            )
        mesh = build_topology(polygons, first if reference is None else reference, request.winding)
    check_faces(facts.polygons, mesh.topology)
    if reference is not None:
        meshes = [first, *_spread_meshes(points, space, overlap)]
        likeness = likeness_of(meshes, mesh.topology)
        if not likeness.is_other:  # another head is no other order
            check_vertices(meshes, mesh.topology)
        stands = check_order(first, mesh.topology.neutral, mesh.topology.faces)
        likeness.check(is_insisted=request.is_same_actor)
        mesh = replace(mesh, notes=mesh.notes + stands + likeness.notes)
    return space, mesh


def _spread_meshes(points: PointSource, space: Space, overlap: Overlap) -> list[np.ndarray]:
    """Some of the later meshes; one with no numbers is passed over, it is refused by its frame's number later."""
    chosen = np.unique(np.linspace(0, overlap.num_frames - 1, _MAX_LOOKED_AT).astype(int))[1:]
    meshes = (space.to_house(points.frame(overlap.first_mesh + int(index))) for index in chosen)
    return [mesh for mesh in meshes if np.isfinite(mesh).all()]


def _picture_notes(request: IngestRequest, data: DataSet | None, camera: str, film: Footage) -> list[str]:
    facts, notes = film.facts, []
    if data is None and camera not in request.crops:
        notes.append(
            f"No crop was given for the {camera} camera: the largest is used, for the whole data set."
            " State the face's own with --crop."
        )
    crop = request.crops.get(camera)
    if data is None and crop is not None and abs(crop.width / crop.height * 4 / 3 - 1) > _SAME_ASPECT:
        notes.append(
            f"The {camera} crop {crop} is not 3:4: it is squeezed into the network's upright picture of that shape."
        )
    if facts.width_px % 2 or facts.height_px % 2:
        notes.append(
            f"The {camera} movie is {facts.width_px}x{facts.height_px}; its last odd column or row is left out,"
            " since H.264 needs even sizes."
        )
    return notes


def _viewpoints(request: IngestRequest, data: DataSet | None, footage: Mapping[str, Footage]) -> dict[str, Viewpoint]:
    viewpoints = {}
    for camera, film in footage.items():
        # Our movies have an even number of columns and rows.
        width, height = film.facts.width_px // 2 * 2, film.facts.height_px // 2 * 2
        if data is None:
            crop = request.crops.get(camera) or largest_crop(width, height)
            check_crop(crop, width, height)
            if crop.width > crop.height:
                best = largest_crop(crop.width, crop.height)
                fitting = CropRect(crop.x + best.x, crop.y + best.y, best.width, best.height)
                raise ShotError(
                    f"The {camera} crop {crop} (x,y,width,height) is wider than high; the network sees an upright 3:4.",
                    f"Give an upright crop around the face, for example {fitting}.",
                )
            viewpoints[camera] = Viewpoint(crop, width, height)
            continue
        known = data.cameras[camera]
        if request.crops.get(camera, known.crop) != known.crop:
            raise ShotError(
                f"The data set's {camera} crop is {known.crop}, the same for all shots.", "Leave --crop out."
            )
        if (width, height) != (known.frame_width_px, known.frame_height_px):
            raise ShotError(
                f"The {camera} movie is {width}x{height},"
                f" the data set's {known.frame_width_px}x{known.frame_height_px}.",
                "A data set holds movies of one camera setting; ingest this one into a data set of its own.",
            )
        viewpoints[camera] = known
    return viewpoints
