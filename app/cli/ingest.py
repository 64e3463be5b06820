"""`livedouble ingest`: a studio's own footage and point caches become a shot of a data set."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.console import (
    JsonOption,
    UsageError,
    check_can_write,
    ended_in_order,
    err,
    out,
    parse_crop,
    progress,
    write_json,
)
from engine.frames import CropRect
from engine.shots import FRONT, Role
from engine.space import LengthUnit, UpAxis

if TYPE_CHECKING:
    from training.ingest.plan import IngestPlan
    from training.ingest.take_in import Ingested

_FOR_CAMERA = re.compile(r"([a-z][a-z0-9_-]*)=(.+)", re.DOTALL)
_AUTO = "auto"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What was found out, and once written what became of it; also what the JSON file says."""

    data_set: str
    shot: str
    role: str
    actor: str
    frames: int
    vertices: int
    rate: tuple[int, int]
    timecode: str
    pictures: dict[str, str]  # by camera: codec, size, depth
    alignment: dict[str, str]  # by camera
    left_out: tuple[str, ...]
    unit: str
    up: str
    crops: dict[str, tuple[int, int, int, int]]
    animated: int  # vertices; 0 before they have been watched
    largest_motion_mm: float
    head_travel_cm: float
    head_turn_deg: float
    copied_movies: int
    bytes: int
    warnings: tuple[str, ...]
    is_written: bool


def ingest(
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="The data set's folder; made if need be.")],
    video: Annotated[
        list[str],
        typer.Option(
            "--video", metavar="[CAMERA=]FILE", help="Movie or image sequence; again as side=FILE for more cameras."
        ),
    ],
    points: Annotated[Path, typer.Option(metavar="FILE", help="Point cache: abc, usd, pc2, mdd, npy, npz, obj files.")],
    role: Annotated[Role, typer.Option(help="What the shot is for.")],
    name: Annotated[str | None, typer.Option(help="Of the shot; by default the next number and the role.")] = None,
    actor: Annotated[str | None, typer.Option(help="Of a new data set; by default the folder's name.")] = None,
    topology: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="OBJ, USD, Alembic or topology.npz with the faces, for a new data set."),
    ] = None,
    mesh: Annotated[str | None, typer.Option(help="Which mesh, where a file has several.")] = None,
    crop: Annotated[
        list[str] | None,
        typer.Option("--crop", metavar="[CAMERA=]X,Y,W,H", help="What a network sees; by default the largest."),
    ] = None,
    offset: Annotated[
        list[str] | None,
        typer.Option("--offset", metavar="[CAMERA=]N", help="Picture of the first mesh, from 0; may be negative."),
    ] = None,
    points_timecode: Annotated[
        str | None, typer.Option(metavar="HH:MM:SS:FF", help="Of the first mesh, where the file does not say it.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(metavar="FPS", help="Where no file says it: 25, 29.97, 24000/1001")
    ] = None,
    unit: Annotated[str, typer.Option(metavar="mm|cm|m|in|auto", help="Of the point cache.")] = _AUTO,
    up: Annotated[str, typer.Option(metavar="y|z|auto", help="Which axis of the point cache points up.")] = _AUTO,
    winding: Annotated[str, typer.Option(metavar="ccw|cw|auto", help="How the faces run, seen from outside.")] = _AUTO,
    slate: Annotated[str, typer.Option(help="Scene and take.")] = "",
    notes: Annotated[str, typer.Option(help="What was performed.")] = "",
    gray: Annotated[bool, typer.Option("--gray", help="The cameras are monochrome: take the luma alone.")] = False,
    same_actor: Annotated[
        bool, typer.Option("--same-actor", help="Insist: the mesh is the actor's, whatever its shape says.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what was found, and stop.")] = False,
    json_file: JsonOption = None,
) -> None:
    """Take a movie and its point cache into a data set as one shot: checked, aligned, in our units.

    Pictures and meshes are aligned by timecode or by --offset; what overlaps becomes the shot.

    Example: livedouble ingest --out data/anna --video A001.mov --points A001.abc --role pangrams
    """
    if json_file is not None:
        check_can_write(json_file)
    from training.ingest.actor_mesh import Winding
    from training.ingest.plan import IngestRequest, plan_ingest
    from training.ingest.take_in import num_steps, take_in

    request = IngestRequest(
        folder, {camera: Path(path) for camera, path in _by_camera(video, "--video").items()}, points, role,
        name=name, actor=actor, topology=topology, mesh=mesh,
        crops={camera: parse_crop(text) for camera, text in _by_camera(crop or [], "--crop").items()},
        offsets={camera: _whole(text) for camera, text in _by_camera(offset or [], "--offset").items()},
        points_timecode=points_timecode, rate=_rate(rate),
        unit=_choice(LengthUnit, unit, "--unit"), up=_choice(UpAxis, up, "--up"),
        winding=Winding(_choice(Winding, winding, "--winding") or _AUTO), slate=slate, notes=notes, is_gray=gray,
        is_same_actor=same_actor,
    )  # fmt: skip
    plan = plan_ingest(request)
    ingested = None
    if not dry_run:
        with ended_in_order(), progress(f"Ingesting {plan.name}", num_steps(plan)) as advance:
            ingested = take_in(plan, advance)
        plan = ingested.plan
    report = _report(plan, ingested)
    _tell(report, plan)
    if json_file is not None:
        write_json(json_file, report)


def _by_camera(texts: list[str], option: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in texts:
        match = _FOR_CAMERA.fullmatch(text)
        camera, value = (match[1], match[2]) if match and not Path(text).exists() else (FRONT, text)
        if camera in values:
            raise UsageError(f"{option} is given twice for the {camera} camera.", "Give it once for each camera.")
        values[camera] = value
    return values


def _choice(kind: type[_T], text: str, option: str) -> _T | None:
    if text.lower() == _AUTO:
        return None
    try:
        return kind(text.lower())  # type: ignore[call-arg]
    except ValueError as error:
        choices = ", ".join([*(str(value) for value in kind), _AUTO])  # type: ignore[attr-defined]
        raise UsageError(f"'{text}' is not a value for {option}.", f"Give one of {choices}.") from error


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is not an offset.", "Give a whole number of pictures, such as 12 or -3.") from error


def _rate(text: str | None) -> Fraction | None:
    if text is None:
        return None
    from training.ingest.source import nearest_rate

    try:
        rate = Fraction(text)
        if rate > 0:
            return nearest_rate(float(rate)) or rate
    except (ValueError, ZeroDivisionError):
        pass
    raise UsageError(f"'{text}' is not a frame rate.", "Give frames per second, such as 25, 29.97 or 24000/1001.")


def _report(plan: "IngestPlan", ingested: "Ingested | None") -> IngestReport:
    from training.ingest.take_in import unmatched

    def crop_of(crop: CropRect) -> tuple[int, int, int, int]:
        return crop.x, crop.y, crop.width, crop.height

    motion = ingested.motion if ingested else None
    facts = {camera: film.facts for camera, film in plan.footage.items()}
    return IngestReport(
        data_set=str(plan.request.folder), shot=plan.name, role=plan.request.role.value, actor=plan.actor,
        frames=plan.overlap.num_frames, vertices=plan.topology.num_vertices,
        rate=(plan.rate.numerator, plan.rate.denominator), timecode=str(plan.timecode or ""),
        pictures={
            camera: f"{of.codec} {of.width_px}x{of.height_px} {of.num_bits} bit {'gray' if of.is_gray else 'colour'}"
            for camera, of in facts.items()
        },
        alignment={camera: shift.how for camera, shift in plan.overlap.shifts.items()},
        left_out=unmatched(plan),
        unit=f"{plan.space.unit} ({plan.space.how_unit})", up=f"{plan.space.up} ({plan.space.how_up})",
        crops={camera: crop_of(view.crop) for camera, view in plan.viewpoints.items()},
        animated=len(ingested.topology.sets.get("animated", ())) if ingested else 0,
        largest_motion_mm=round(motion.largest_mm, 1) if motion else 0.0,
        head_travel_cm=round(motion.head_travel_cm, 2) if motion else 0.0,
        head_turn_deg=round(motion.head_turn_deg, 2) if motion else 0.0,
        copied_movies=ingested.num_copied if ingested else 0, bytes=ingested.num_bytes if ingested else 0,
        warnings=plan.notes + (motion.warnings if motion else ()), is_written=ingested is not None,
    )  # fmt: skip


def _movies_words(num_movies: int, num_copied: int) -> str:
    if num_movies == 1:
        return "the movie was taken as it is" if num_copied else "the movie was re-encoded"
    if num_copied in (0, num_movies):
        return f"all {num_movies} movies were " + ("taken as they are" if num_copied else "re-encoded")
    return f"{num_copied} of {num_movies} movies taken as they are, {num_movies - num_copied} re-encoded"


def _tell(report: IngestReport, plan: "IngestPlan") -> None:
    def say(line: str) -> None:
        out.print(line, soft_wrap=True, markup=False)

    start = f"from {report.timecode}" if report.timecode else "no timecode"
    verb = "written" if report.is_written else "would be written"
    say(
        f"{report.data_set}/{report.shot} {verb}: {report.frames} frames at {float(plan.rate):g}/s,"
        f" {start}, {report.vertices} vertices, {report.role}, of {report.actor}."
    )
    for camera, pictures in report.pictures.items():
        say(f"  {camera}: {pictures}, crop {plan.viewpoints[camera].crop}, aligned {report.alignment[camera]}")
    say(f"  point cache: unit {report.unit}, up {report.up}")
    for line in report.left_out:
        say(f"  {line}")
    if report.is_written:
        say(
            f"  motion up to {report.largest_motion_mm:.1f} mm, {report.animated} animated vertices; the skull moves"
            f" {report.head_travel_cm:.2f} cm and turns {report.head_turn_deg:.1f} degrees"
        )
        say(f"  {_movies_words(len(report.pictures), report.copied_movies)}; {report.bytes / 1e6:.1f} MB")
    for warning in report.warnings:
        err.print(warning, soft_wrap=True, markup=False)
