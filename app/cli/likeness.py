"""`livedouble likeness`: do face trackers take the actor for a face?"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from app.cli.console import JsonOption, check_can_write, out, progress, write_json

if TYPE_CHECKING:
    from training.trackers.likeness import Likeness

EXIT_FAILED = 1
_STYLES = {"clear": "green", "faint": "yellow", "unread": "red", "reversed": "bold red", "lost": "bold red"}


def likeness(
    who: Annotated[str, typer.Argument(metavar="DIR|ACTOR", help="A data set's folder, or a virtual actor's name.")],
    frames: Annotated[int, typer.Option(min=1, help="Look at this many frames, spread evenly.")] = 200,
    camera: Annotated[str, typer.Option(help="Of a data set.")] = "front",
    mediapipe_model: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own face_landmarker.task.")] = None,
    dlib_model: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own 68-point predictor.")] = None,
    json: JsonOption = None,
) -> None:
    """Let MediaPipe's face landmarker and dlib's 68 points look at an actor: do they see a face, and what it does?

    They must find it in 99 % of the frames and read the main expressions the right way round; the exit code is 1
    where they do not. Of filmed people (data that was ingested) only the first is asked.
    Needs what `make install-trackers` brings.

    Example: livedouble likeness data/demo --json likeness.json
    """
    if json is not None:
        check_can_write(json)
    from engine.shots import DataSet
    from training.actor.identity import identity_of
    from training.trackers import DlibPoints, MediaPipeLandmarker
    from training.trackers.likeness import likeness_of_actor, likeness_of_data

    data = DataSet.open(Path(who)) if Path(who).is_dir() else None
    identity = identity_of(who) if data is None else None
    with ExitStack() as stack:
        trackers = (MediaPipeLandmarker(mediapipe_model), DlibPoints(dlib_model))
        for tracker in trackers:
            stack.callback(tracker.close)

        def start(total: int) -> Callable[[int], None]:
            return stack.enter_context(progress("looking", total))

        if data is not None:
            result = likeness_of_data(data, trackers, frames, camera, start)
        else:
            result = likeness_of_actor(identity, trackers, frames, start)
    _show(result)
    if json is not None:
        write_json(json, {
            "who": who, "camera": camera, "is_passed": not result.failures, "failures": result.failures,
            "shares_found": {tracker.name: round(result.share_found(tracker.name), 5) for tracker in trackers},
            **asdict(result),
        })  # fmt: skip
    if result.failures:
        raise typer.Exit(EXIT_FAILED)


def _show(result: "Likeness") -> None:
    table = Table("tracker", "role")
    for heading in ("frames", "found", "share"):
        table.add_column(heading, justify="right")
    for one in result.found:
        style = "" if one.num_found == one.num_frames else "yellow"
        figures = str(one.num_frames), str(one.num_found), f"{100 * one.share:.1f} %"
        table.add_row(one.tracker, one.role, *figures, style=style)
    out.print(table)
    if result.judgements:
        _show_expressions(result)
    if result.failures:
        out.print(f"Not a face to every tracker: {'; '.join(result.failures)}.", soft_wrap=True)
    else:
        out.print("A face to every tracker.", soft_wrap=True)


def _show_expressions(result: "Likeness") -> None:
    """A row for each expression, a group of columns for each tracker."""
    trackers = list(dict.fromkeys(one.tracker for one in result.judgements))
    table = Table()
    table.add_column("expression", no_wrap=True)
    for tracker in trackers:
        table.add_column(tracker, justify="right", no_wrap=True)
        table.add_column("read", no_wrap=True)
    for name in dict.fromkeys(one.expression for one in result.judgements):
        row = [name]
        for tracker in trackers:
            one = next((one for one in result.judgements if (one.tracker, one.expression) == (tracker, name)), None)
            if one is None:
                row += ["", "[dim]cannot tell[/]"]
            else:
                style = "dim" if one.is_right and one.verdict == "unread" else _STYLES[one.verdict]
                row += [f"{one.neutral:.3f} → {one.expressed:.3f}", f"[{style}]{one.verdict}[/]"]
        table.add_row(*row)
    out.print(table)
