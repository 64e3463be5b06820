"""Do lips and lids touch when they should, and at the right moment?

Rule: two vertices of a pair are in contact below 1 mm; a mouth or an eye is closed where at least half its pairs are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

CONTACT_MM = 1.0
_CLOSED_SHARE = 0.5  # of the pairs
_MATCH_S = 0.25  # closures further apart than this are not the same one


@dataclass(frozen=True, slots=True)
class Timing:
    """Closures and when they happen.

    Args:
        num_true: Closures of the actor.
        num_found: Of these, solved.
        num_false: Solved where there was none.
        onset_ms: Mean absolute difference of the moments of closing; None where no closure tells it.
        offset_ms: Of the moments of opening.
        lag_ms: Mean difference of both, solved minus true: positive is late.
        onset_differences_ms: Of every closure whose closing is seen, solved minus true.
        offset_differences_ms: Of every closure whose opening is seen.
    """

    num_true: int
    num_found: int
    num_false: int
    onset_ms: float | None
    offset_ms: float | None
    lag_ms: float | None
    onset_differences_ms: tuple[float, ...]
    offset_differences_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """Contact of one kind.

    Args:
        name: `lips` or `lids`.
        num_frames: Judged; an eye's frame counts for itself.
        share_true: Of pairs and frames truly in contact, 0..1: what guessing would be right by.
        precision: Of the solved contacts, those that are true; None where nothing was solved to touch.
        recall: Of the true contacts, those that were solved; None where nothing touches.
        f1: Their harmonic mean; None where nothing touches in either.
        timing: Of whole closures.
    """

    name: str
    num_frames: int
    share_true: float
    precision: float | None
    recall: float | None
    f1: float | None
    timing: Timing


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """The pairs of a mouth or an eye through a shot.

    Args:
        rate: Frames per second.
        truth_mm: [N, pairs] distances.
        solved_mm: Likewise.
    """

    rate: Fraction
    truth_mm: np.ndarray
    solved_mm: np.ndarray


def contact(name: str, every: Sequence[Gaps]) -> Contact | None:
    """Judge the contact of all shots (and both eyes); None where there are no pairs."""
    gaps = [gap for gap in every if gap.truth_mm.size]
    total = sum(gap.truth_mm.size for gap in gaps)
    if not total:
        return None
    both = sum(int(((gap.truth_mm < CONTACT_MM) & (gap.solved_mm < CONTACT_MM)).sum()) for gap in gaps)
    true = sum(int((gap.truth_mm < CONTACT_MM).sum()) for gap in gaps)
    solved = sum(int((gap.solved_mm < CONTACT_MM).sum()) for gap in gaps)
    return Contact(
        name=name,
        num_frames=sum(len(gap.truth_mm) for gap in gaps),
        share_true=true / total,
        precision=both / solved if solved else None,
        recall=both / true if true else None,
        f1=2 * both / (true + solved) if true + solved else None,
        timing=_timing(gaps),
    )


def is_closed(gaps_mm: np.ndarray) -> np.ndarray:
    """[N] bool of [N, pairs] distances."""
    return np.asarray((gaps_mm < CONTACT_MM).mean(axis=1) >= _CLOSED_SHARE)


def runs(is_on: np.ndarray) -> list[tuple[int, int]]:
    """First frame and the frame after the last, of every unbroken run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_on, [False]]).astype(np.int8)))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _timing(gaps: Sequence[Gaps]) -> Timing:
    num_true = num_found = num_solved = 0
    onsets_ms: list[float] = []
    offsets_ms: list[float] = []
    for gap in gaps:
        truth, solved = runs(is_closed(gap.truth_mm)), runs(is_closed(gap.solved_mm))
        frame_ms = 1000.0 / float(gap.rate)
        matches = match(truth, solved, _MATCH_S * float(gap.rate))
        num_true, num_solved, num_found = num_true + len(truth), num_solved + len(solved), num_found + len(matches)
        num_frames = len(gap.truth_mm)
        for of_truth, of_solved in matches:
            # What was closed before the shot began, or still is when it ends, has no moment.
            if of_truth[0] > 0 and of_solved[0] > 0:
                onsets_ms.append((of_solved[0] - of_truth[0]) * frame_ms)
            if of_truth[1] < num_frames and of_solved[1] < num_frames:
                offsets_ms.append((of_solved[1] - of_truth[1]) * frame_ms)
    return Timing(
        num_true=num_true,
        num_found=num_found,
        num_false=num_solved - num_found,
        onset_ms=float(np.mean(np.abs(onsets_ms))) if onsets_ms else None,
        offset_ms=float(np.mean(np.abs(offsets_ms))) if offsets_ms else None,
        lag_ms=float(np.mean(onsets_ms + offsets_ms)) if onsets_ms or offsets_ms else None,
        onset_differences_ms=tuple(onsets_ms),
        offset_differences_ms=tuple(offsets_ms),
    )


def match(
    truth: Sequence[tuple[int, int]], solved: Sequence[tuple[int, int]], most_frames: float
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Pair closures one to one, the most alike first; those more than `most_frames` apart are not paired."""
    costs = sorted(
        (abs(a[0] - b[0]) + abs(a[1] - b[1]), i, j)
        for i, a in enumerate(truth)
        for j, b in enumerate(solved)
        if max(a[0], b[0]) - min(a[1], b[1]) <= most_frames
    )
    taken_true: set[int] = set()
    taken_solved: set[int] = set()
    pairs = []
    for _, i, j in costs:
        if i not in taken_true and j not in taken_solved:
            taken_true.add(i)
            taken_solved.add(j)
            pairs.append((truth[i], solved[j]))
    return pairs
