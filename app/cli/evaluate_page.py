"""The page of `livedouble evaluate`: what was measured, and the worst frames solved once more and drawn."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.cli.console import progress
from engine.errors import BackendError
from engine.shots import DataSet
from training.crops import choose_frames
from training.judge import Judge
from training.panel.candidate import Candidate, Measured
from training.panel.convergence import read_convergence
from training.panel.report import Additions, Facts, Missing, Pictured, Report, Trained, write_page
from training.panel.report.pictures import Answer, ToPicture, picture_frames


def write_report(
    html: Path,
    dataset: DataSet,
    judges: Sequence[Judge],
    cache: Path,
    folders: Sequence[Path],
    networks: Sequence[Candidate],
    measured: Sequence[Measured],
    missing: Sequence[Missing],
    facts: Facts,
    additions: Additions | None = None,
) -> None:
    """The page for browsers and printers, worst frames drawn."""
    told = list(missing)
    pictured: tuple[Pictured, ...] = ()
    range_mm = 0.0
    try:
        pictured, range_mm = _picture(dataset, judges, cache, networks, measured[0])
    except BackendError as error:
        told.append(Missing("pictures of the worst frames", error.reason.rstrip(".")))
    curves = [read_convergence(folder, one.name) for folder, one in zip(folders, networks, strict=True)]
    for curve, one in zip(curves, networks, strict=True):
        if curve is None:
            told.append(Missing(f"the convergence of {one.name}", "only the folder of a training has it"))
    trained = tuple(Trained(one.name, judge.training) for one, judge in zip(networks, judges, strict=True))
    known = tuple(curve for curve in curves if curve is not None)
    page = Report(facts, tuple(measured), trained, tuple(told), known, pictured, range_mm, additions or Additions())
    write_page(page, html)


def _picture(
    dataset: DataSet, judges: Sequence[Judge], cache: Path, networks: Sequence[Candidate], main: Measured
) -> tuple[tuple[Pictured, ...], float]:
    """The worst frames, solved once more and drawn."""
    by_name = {shot.facts.name: shot for shot in dataset.validation}
    frames = []
    for worst in main.panel.worst:
        shot = by_name[worst.shot]
        at = range(worst.frame, worst.frame + 1)
        answers = tuple(
            Answer(
                one.name,
                views=tuple(choose_frames((judge.crops(dataset, shot, cache),), None).crop(worst.frame)),
                vertices=one.solve(shot, at, lambda _: None).vertices[0],
            )
            for judge, one in zip(judges, networks, strict=True)
        )
        frames.append(
            ToPicture(worst, worst.frame / float(shot.rate), np.asarray(shot.vertices()[worst.frame]), answers)
        )
    with progress("drawing the worst frames", len(frames)) as advance:
        return picture_frames(dataset.topology, frames, advance)
