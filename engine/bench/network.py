"""The network alone, batch by batch: every candidate in turn, beside the matrix products of the same rounds."""

from collections.abc import Sequence

import numpy as np

from engine.bench.candidates import Candidate, reference
from engine.bench.floor import Arithmetic
from engine.bench.report import BatchResult
from engine.bench.rounds import Timing, Work, in_turn
from engine.clock import Clock


def measure_batch(
    candidates: Sequence[Candidate],
    crops: np.ndarray,
    is_offline: bool,
    arithmetic: Arithmetic,
    seconds: float,
    clock: Clock,
) -> list[BatchResult]:
    """Solve [batch, views, height, width] uint8 again and again; None of the results is copied.

    Args:
        candidates: Open.
        crops: All of one batch.
        is_offline: Whether the candidates are open for throughput.
        arithmetic: What to hold them against.
        seconds: How long to repeat each.
        clock: Time.

    Returns:
        Those candidates that are asked for, in their order.
    """
    batch = len(crops)
    works = [_solving(one, crops, seconds) for one in candidates]
    timings = in_turn([*works, *arithmetic.works(seconds)], clock)
    solved, products = timings[: len(works)], timings[len(works) :]
    arithmetic.note(products)
    against = solved[reference(candidates)]
    return [
        _result(one, batch, is_offline, timing, timing.of(against), arithmetic.share(timing, one.kind, products))
        for one, timing in zip(candidates, solved, strict=True)
        if one.is_asked
    ]


def _solving(candidate: Candidate, crops: np.ndarray, seconds: float) -> Work:
    return Work(lambda _: candidate.backend.run(crops), len(crops), seconds)


def _result(
    candidate: Candidate, batch: int, is_offline: bool, timing: Timing, of_reference: float, of_floor: float | None
) -> BatchResult:
    return BatchResult(
        backend=candidate.backend.name,
        precision=candidate.backend.precision,
        batch=batch,
        is_offline=is_offline,
        fps=round(timing.rate, 2),
        p50_ms=timing.runs.p50,
        p95_ms=timing.runs.p95,
        p99_ms=timing.runs.p99,
        num_runs=timing.num_runs,
        of_reference=round(of_reference, 3),
        of_floor=None if of_floor is None else round(of_floor, 4),
    )
