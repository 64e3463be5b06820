"""The table: every cell's figures, how far it is from the cell it is compared with, and how far seeds alone go.

Rule: a difference is told as one only where it leaves the range that seeds explain (95 %, Student's t over the pooled
spread of all cells that were trained more than once).
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy.stats import t as student

from training.ablation.grid import Grid, LeftOut
from training.ablation.results import Result

CONFIDENCE = 0.95


class Verdict(StrEnum):
    """What a difference means."""

    BETTER = "better"
    WORSE = "worse"
    WITHIN = "within the seeds' spread"
    UNKNOWN = "spread not known yet"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A cell's figures, means over its seeds.

    Args:
        cell: Its name.
        words: For people.
        group: Of the grid.
        against: Words of the cell it is compared with.
        num_seeds: Trained and measured.
        num_frames: Learned from.
        rmse_mm: As the paper defines it.
        spread_mm: Standard deviation of it over the seeds; None for one seed.
        difference_mm: To the other cell's RMSE; below 0 is better. None where there is nothing to compare with.
        margin_mm: That seeds explain, each way; None where their spread is not known.
        verdict: Of the two.
        lips_mm: None where the mesh names no lips.
        attenuation: 1 = full motion; None where nothing moves.
        jitter_mm: Of a still face, a frame.
        closure_f1: Of the lips' contact.
        seconds: Wall clock of a training's steps.
    """

    cell: str
    words: str
    group: str
    against: str
    num_seeds: int
    num_frames: int
    rmse_mm: float
    spread_mm: float | None
    difference_mm: float | None
    margin_mm: float | None
    verdict: Verdict
    lips_mm: float | None
    attenuation: float | None
    jitter_mm: float | None
    closure_f1: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole table.

    Args:
        rows: In the grid's order; cells without a result have none.
        left_out: Those that will not get one.
        num_waiting: Trainings still to be made.
        spread_mm: Of the RMSE over seeds, pooled; None until a cell was trained twice.
        num_freedoms: Trainings beyond the first of their cell, that the spread rests on.
        mean_face_rmse_mm: Of a face that never moves.
        num_measured: Validation frames.
        steps: Of each training.
        machines: That trained.
    """

    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    num_waiting: int
    spread_mm: float | None
    num_freedoms: int
    mean_face_rmse_mm: float | None
    num_measured: int
    steps: int
    machines: tuple[str, ...]


def summarise(grid: Grid, results: Sequence[Result], left_out: Sequence[LeftOut], num_waiting: int) -> Summary:
    """Make the table of what there is so far."""
    by_cell = {cell.name: [one for one in results if one.cell == cell.name] for cell in grid.cells}
    spread_mm, num_freedoms = _pooled([[one.rmse_mm for one in of] for of in by_cell.values()])
    words = {cell.name: cell.words for cell in grid.cells}
    rows = []
    for cell in grid.cells:
        of, others = by_cell[cell.name], by_cell.get(cell.against, [])
        if not of:
            continue
        rmse_mm = statistics.fmean(one.rmse_mm for one in of)
        difference_mm = rmse_mm - statistics.fmean(one.rmse_mm for one in others) if others else None
        margin_mm = _margin(spread_mm, num_freedoms, len(of), len(others)) if others else None
        rows.append(
            Row(
                cell=cell.name,
                words=cell.words,
                group=cell.group,
                against=words.get(cell.against, ""),
                num_seeds=len(of),
                num_frames=of[0].num_frames,
                rmse_mm=rmse_mm,
                spread_mm=statistics.stdev(one.rmse_mm for one in of) if len(of) > 1 else None,
                difference_mm=difference_mm,
                margin_mm=margin_mm,
                verdict=_verdict(difference_mm, margin_mm),
                lips_mm=_mean([one.lips_mm for one in of]),
                attenuation=_mean([one.attenuation for one in of]),
                jitter_mm=_mean([one.jitter_mm for one in of]),
                closure_f1=_mean([one.closure_f1 for one in of]),
                seconds=statistics.fmean(one.seconds for one in of),
            )
        )
    return Summary(
        rows=tuple(rows),
        left_out=(*grid.left_out, *left_out),
        num_waiting=num_waiting,
        spread_mm=spread_mm,
        num_freedoms=num_freedoms,
        mean_face_rmse_mm=results[0].mean_face_rmse_mm if results else None,
        num_measured=results[0].num_measured if results else 0,
        steps=results[0].steps if results else 0,
        machines=tuple(dict.fromkeys(one.machine for one in results)),
    )


def _pooled(values: Sequence[Sequence[float]]) -> tuple[float | None, int]:
    """Standard deviation about each cell's own mean, and its degrees of freedom."""
    several = [of for of in values if len(of) > 1]
    num_freedoms = sum(len(of) - 1 for of in several)
    if not num_freedoms:
        return None, 0
    squares = sum((len(of) - 1) * statistics.variance(of) for of in several)
    return math.sqrt(squares / num_freedoms), num_freedoms


def _margin(spread_mm: float | None, num_freedoms: int, num_ours: int, num_theirs: int) -> float | None:
    if spread_mm is None:
        return None
    quantile = float(student.ppf(0.5 + CONFIDENCE / 2, num_freedoms))
    return quantile * spread_mm * math.sqrt(1 / num_ours + 1 / num_theirs)


def _verdict(difference_mm: float | None, margin_mm: float | None) -> Verdict:
    if difference_mm is None:
        return Verdict.NONE
    if margin_mm is None:
        return Verdict.UNKNOWN
    if abs(difference_mm) <= margin_mm:
        return Verdict.WITHIN
    return Verdict.BETTER if difference_mm < 0 else Verdict.WORSE


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None
