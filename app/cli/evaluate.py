"""`livedouble evaluate`: how good an actor is on shots it has never seen, beside what else one could have."""

import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.console import (
    BackendOption,
    JsonOption,
    PrecisionOption,
    UsageError,
    actor_folder,
    check_can_write,
    err,
    progress,
    write_json,
)

if TYPE_CHECKING:
    from engine.shots import DataSet
    from training.judge import Judge
    from training.panel.candidate import Candidate, Measured, Stretch
    from training.panel.report import Facts, Missing


def evaluate(
    actor: Annotated[
        str, typer.Argument(metavar="ACTOR|RUN", help="An actor's folder, `demo`, or the folder of a training.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The data set; its validation shots are measured. A training knows its own."),
    ] = None,
    against: Annotated[
        list[str] | None, typer.Option(metavar="ACTOR|RUN", help="Set it against another; may be given several times.")
    ] = None,
    tracker: Annotated[
        bool, typer.Option("--tracker", help="Also against MediaPipe's scores on the same virtual head.")
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="CAMERA", help="Also measure an actor of several cameras without this one."),
    ] = None,
    shot: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Measure this shot only; may be given several times.")
    ] = None,
    frames: Annotated[
        int | None, typer.Option(min=1, help="Measure about this many: of every shot an unbroken stretch.")
    ] = None,
    backend: BackendOption = None,
    precision: PrecisionOption = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads.")] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where decoded crops are kept; by default DIR/.crops.")
    ] = None,
    json: JsonOption = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a report for browsers and printers.")
    ] = None,
) -> None:
    """Measure an actor against a data set's validation shots.

    The error is the paper's: the root of the mean squared distance of the animated vertices, in millimetres. Beside it
    stand motion, contact, stillness, and what a face that never moves and the best face in the network's own basis do.

    Example: livedouble evaluate actors/demo --data data/demo --html report.html
    """
    for result in (json, html):
        if result is not None:
            check_can_write(result)
    from app.cli.evaluate_table import show
    from engine.shots import DataSet
    from training.judge import open_judge
    from training.panel.candidate import compare, stretches
    from training.panel.pairs import with_pairs_that_part

    if html is not None:
        _check_report_libraries()
    asked = [actor, *(against or ())]
    folders = [actor_folder(one) for one in asked]
    with ExitStack() as stack:
        judges = [
            stack.enter_context(open_judge(folder, *_backend_for(folder, backend, precision), threads))
            for folder in folders
        ]
        dataset = DataSet.open(data or _data_of(judges[0]))
        if not dataset.validation:
            raise UsageError(
                f"The data set {dataset.folder} has no validation shot.",
                "Give one that has: they are what is measured.",
            )
        # Of all validation shots, whichever are measured: figures of the same data set judge the same pairs.
        topology = with_pairs_that_part(dataset.topology, [one.vertices() for one in dataset.validation])
        dataset = _only(dataset, shot or [])
        names = _names(asked)
        _check_without(without or [], judges)
        crops = cache or dataset.folder / ".crops"
        chosen = stretches(dataset.validation, frames)
        decode_all(dataset, judges, crops)
        networks = [judge.candidate(dataset, crops, name) for judge, name in zip(judges, names, strict=True)]
        hidden = [
            judge.candidate(dataset, crops, f"{name} without {camera}", (camera,))
            for camera in without or []
            for judge, name in zip(judges, names, strict=True)
            if judge.can_lack(camera)
        ]
        baselines, missing = _baselines(dataset, judges[0], names[0], chosen, tracker, stack)
        if not any(judge.is_fully_connected for judge in judges):
            missing.append(_without_fully_connected())
        candidates = [*networks, *hidden, *baselines]
        num_frames = sum(len(stretch.frames) for stretch in chosen)
        with progress("measuring", num_frames * len(candidates)) as advance:
            measured = compare(chosen, topology, candidates, advance)
        facts = facts_of(dataset, chosen)
        # Files first: what is measured is kept, whatever becomes of the terminal.
        if json is not None:
            write_json(json, record_of(facts, measured, missing, judges))
        if html is not None:
            from app.cli.evaluate_page import write_report

            write_report(html, dataset, judges, crops, folders, networks, measured, missing, facts)
    show(measured, missing, facts)
    if html is not None:
        err.print(f"Open {html} in a browser.", soft_wrap=True)


def _only(dataset: "DataSet", names: Sequence[str]) -> "DataSet":
    """The data set with these validation shots alone; all of it where none is named."""
    known = [shot.facts.name for shot in dataset.validation]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(
            f"The data set {dataset.folder} has no validation shot {unknown[0]}.", f"It has: {', '.join(known)}."
        )
    return replace(dataset, shots=tuple(shot for shot in dataset.shots if shot.facts.name in names or not names))


def _check_without(cameras: Sequence[str], judges: Sequence["Judge"]) -> None:
    for camera in cameras:
        if not any(judge.can_lack(camera) for judge in judges):
            views = "; ".join(f"{judge.name} sees {', '.join(judge.views)}" for judge in judges)
            raise UsageError(f"No actor can be measured without {camera}: {views}.", "Name one of several cameras.")


def _check_report_libraries() -> None:
    """Refuse before the long work what could not be written after it."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"The report needs {error.name}, which is not installed.", "Run: pip install 'livedouble[train]'."
        ) from error


def _backend_for(folder: Path, backend: Any, precision: Any) -> tuple[str | None, str | None]:
    return (None if backend is None else backend.value), (None if precision is None else precision.value)


def _data_of(judge: "Judge") -> Path:
    if not judge.training.data:
        raise UsageError("An actor does not know its data set.", "Give one with --data.")
    return Path(judge.training.data)


def _names(asked: Sequence[str]) -> list[str]:
    """Short names of actors and trainings as they were asked for, no two alike."""
    places = [Path(one).resolve() for one in asked]
    names = [place.name for place in places]
    if len(set(names)) < len(names):
        names = [one if one == "demo" else "/".join(place.parts[-2:]) for one, place in zip(asked, places, strict=True)]
    return [name if names.index(name) == index else f"{name} ({index + 1})" for index, name in enumerate(names)]


def decode_all(dataset: "DataSet", judges: Sequence["Judge"], cache: Path) -> None:
    """Fill the cache of crops, so that measuring tells its own time."""
    for judge in judges:
        judge.check(dataset)
    total = sum(shot.facts.num_frames for shot in dataset.validation) * len(judges)
    with progress("reading movies", total) as advance:
        for judge in judges:
            for shot in dataset.validation:
                judge.crops(dataset, shot, cache, lambda *_: advance(1))


def _baselines(
    dataset: "DataSet", judge: "Judge", name: str, chosen: Sequence["Stretch"], is_tracked: bool, stack: ExitStack
) -> "tuple[list[Candidate], list[Missing]]":
    from training.panel.candidate import best_in_basis, mean_face
    from training.panel.report.content import Missing

    found = [mean_face(chosen), best_in_basis(judge.basis, dataset.topology, name)]
    if not is_tracked:
        return found, [Missing("a landmark tracker", "it was not asked for (--tracker)")]
    from training.panel.tracker import tracked_head, why_untracked
    from training.trackers import MediaPipeLandmarker, TrackerError

    if reason := why_untracked(dataset):
        return found, [Missing("a landmark tracker", reason)]
    try:
        landmarker = MediaPipeLandmarker()
    except TrackerError as error:
        return found, [Missing("a landmark tracker", f"{error.reason.rstrip('.')}: {error.recovery.rstrip('.')}")]
    stack.callback(landmarker.close)
    return [*found, tracked_head(dataset, landmarker)], []


def _without_fully_connected() -> "Missing":
    from training.panel.report.content import Missing

    return Missing("the fully connected network", "none was given (train --network fully-connected, then --against)")


def facts_of(dataset: "DataSet", chosen: Sequence["Stretch"]) -> "Facts":
    """Where the figures come from."""
    from engine.machine import machine_facts
    from training.panel.report.content import Facts

    machine = machine_facts()
    graphics = f", {', '.join(machine.gpu.names)}" if machine.gpu.names else ""
    return Facts(
        actor=dataset.actor,
        data=str(dataset.folder),
        num_shots=len(chosen),
        num_frames=sum(len(stretch.frames) for stretch in chosen),
        footage_s=float(sum(len(stretch.frames) / stretch.shot.rate for stretch in chosen)),
        date=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        machine=f"{machine.processor}, {machine.num_cores} cores{graphics}, {machine.system}",
        command=shlex.join(["livedouble", *sys.argv[1:]]),
        version=version("livedouble"),
    )


def record_of(
    facts: "Facts", measured: "Sequence[Measured]", missing: "Sequence[Missing]", judges: Sequence["Judge"]
) -> dict[str, Any]:
    """Figures for machines."""
    from dataclasses import asdict

    histories = [asdict(judge.training) for judge in judges] + [None] * len(measured)
    return {
        **asdict(facts),
        "metrics": measured[0].panel.metrics(),
        "missing": {one.name: one.reason for one in missing},
        "measured": [
            {
                "name": one.name, "kind": one.kind.value, "words": one.words, "training": training,
                **one.panel.to_record(),
            }
            for one, training in zip(measured, histories, strict=False)
        ],
    }  # fmt: skip
