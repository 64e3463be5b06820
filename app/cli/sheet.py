"""`livedouble sheet`: a data set's contact sheet, and what looks wrong in it."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from app.cli.console import JsonOption, UsageError, check_can_write, out, progress, write_json

if TYPE_CHECKING:
    from training.sheet import Finding, ShotSurvey, Survey

_STYLES = {"wrong": "red", "look": "yellow"}


def sheet(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The data set.")],
    file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.png", help="The picture; by default DIR-sheet.png beside the data set."),
    ] = None,
    camera: Annotated[str, typer.Option(help="Whose pictures.")] = "front",
    json: JsonOption = None,
) -> None:
    """Draw every shot of a data set with its meshes, light and motion over time, and list what looks wrong.

    Reads every picture and every mesh once. Found are frozen, black and flashing frames, a cache that is some frames
    early or late, shots that are dark, soft or still, regions that never move, parts that are missing.
    More than ten shots go on further pages, FILE-2.png and so on.

    Example: livedouble sheet data/demo --out sheet.png
    """
    path = _picture_path(file or folder.resolve().with_name(f"{folder.resolve().name}-sheet.png"))
    check_can_write(path)
    if json is not None:
        check_can_write(json)
    from app.sheet.page import draw_pages, ensure_qt, page_paths, save_page
    from app.sheet.row import NUM_THUMBS
    from engine.errors import ShotError
    from engine.shots import DataSet
    from training.sheet import findings_of, look_through

    data = DataSet.open(folder)
    if camera not in data.cameras:
        raise ShotError(f"{folder} has no camera '{camera}'.", f"Choose one of: {', '.join(data.cameras)}.")
    if not data.shots:
        raise ShotError(f"{folder} has no shots.", "Shoot or ingest some first.")
    with progress("looking through", sum(shot.facts.num_frames for shot in data.shots)) as advance:
        survey = look_through(data, NUM_THUMBS, camera, advance)
    findings = findings_of(survey)
    meshes = _draw_meshes(survey)
    qt = ensure_qt()
    paths = page_paths(path, len(survey.shots))
    for target, page in zip(paths, draw_pages(survey, findings, meshes), strict=True):
        save_page(page, target)
    del qt
    _tell(findings, paths)
    if json is not None:
        write_json(json, _report(survey, findings, paths))


def _picture_path(file: Path) -> Path:
    suffix = file.suffix.lower()
    if suffix not in ("", ".png"):
        raise UsageError(f"The sheet is a PNG picture, {file} says {suffix}.", "Give a name that ends in .png.")
    return file if suffix else file.with_suffix(".png")


def _draw_meshes(survey: "Survey") -> list[list[np.ndarray]]:
    """Pictures of the chosen meshes, shot by shot."""
    from app.sheet.row import THUMB_HEIGHT, THUMB_WIDTH
    from training.sheet.meshes import draw_meshes

    chosen = ((one.shot.vertices(), one.chosen) for one in survey.shots)
    meshes = (vertices[frame] for vertices, frames in chosen for frame in frames)
    pictures = draw_meshes(survey.data.topology, meshes, THUMB_WIDTH, THUMB_HEIGHT)
    drawn: list[list[np.ndarray]] = []
    with progress("drawing meshes", sum(len(one.chosen) for one in survey.shots)) as advance:
        for one in survey.shots:
            drawn.append(list(islice(pictures, len(one.chosen))))
            advance(len(one.chosen))
    return drawn


def _tell(findings: "tuple[Finding, ...]", paths: list[Path]) -> None:
    for finding in findings:
        where = f"{finding.shot}: " if finding.shot else ""
        out.print(f"[{_STYLES[finding.weight]}]{finding.weight:>5}[/]  {where}{finding.words}", soft_wrap=True)
    if not findings:
        out.print("Nothing that was looked for is wrong.")
    out.print(f"Look at {', '.join(str(path) for path in paths)}", soft_wrap=True)


def _report(survey: "Survey", findings: "tuple[Finding, ...]", paths: list[Path]) -> dict[str, Any]:
    return {
        "data": str(survey.data.folder),
        "actor": survey.data.actor,
        "camera": survey.camera,
        "pages": [str(path) for path in paths],
        "seconds": round(survey.seconds, 3),
        "size_bytes": survey.size_bytes,
        "motion_from": survey.rest_words,
        "num_components": survey.num_components,
        "parts": [
            {"role": part.role.value, "shots": part.num_shots, "frames": part.num_frames, "share": round(part.share, 4)}
            for part in survey.parts
        ],
        "findings": [{"weight": one.weight.value, "shot": one.shot, "words": one.words} for one in findings],
        "shots": [_shot_report(one) for one in survey.shots],
    }


def _shot_report(one: "ShotSurvey") -> dict[str, Any]:
    seen, motion, offset = one.pictures, one.motion, one.offset
    return {
        "name": one.name,
        "role": one.shot.facts.role.value,
        "frames": one.shot.facts.num_frames,
        "pictures": len(seen),
        "mean_level": round(float(np.median(seen.mean)), 2) if len(seen) else None,
        "sharpness": round(float(np.median(seen.sharpness)), 4) if len(seen) else None,
        "rms_mm": round(float(np.sqrt(np.mean(np.square(motion.from_neutral)))), 3),
        "most_mm": round(float(motion.from_neutral.max()), 3),
        "regions_p99_mm": {name: round(float(np.percentile(curve, 99)), 3) for name, curve in motion.regions.items()},
        "blinks": motion.num_blinks,
        "cache_offset_frames": None if offset is None else offset.num_frames,
        "agreement": None if offset is None else round(offset.agreement, 4),
        "agreement_as_is": None if offset is None else round(offset.agreement_as_is, 4),
    }
