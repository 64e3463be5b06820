"""The network alone, batch by batch: all candidates in turn, beside single frames and matrix products."""

from collections.abc import Sequence

import numpy as np

from engine.bench.candidates import Candidate, reference
from engine.bench.floor import Arithmetic
from engine.bench.report import BatchResult
from engine.bench.rounds import Work, in_turn
from engine.clock import Clock


def measure_batch(
    candidates: Sequence[Candidate],
    online: Sequence[Candidate],
    crops: np.ndarray,
    arithmetic: Arithmetic,
    seconds: float,
    clock: Clock,
) -> list[BatchResult]:
    """Solve [batch, views, height, width] uint8 again and again; None of the results is copied.

    Args:
        candidates: Open.
        online: Open for the least delay: those asked for solve one frame at a time in the same rounds, unless the
            batch is one frame itself.
        crops: All of one batch.
        arithmetic: What to hold them against.
        seconds: How long to repeat each.
        clock: Time.

    Returns:
        Those candidates that are asked for, in their order.
    """
    batch = len(crops)
    alone = [one for one in online if one.is_asked] if batch > 1 else []
    works = [
        *(_solving(one, crops, seconds) for one in candidates),
        *(_solving(one, crops[:1], seconds) for one in alone),
    ]
    timings = in_turn([*works, *arithmetic.works(seconds)], clock)
    solved, products = timings[: len(candidates)], timings[len(works) :]
    single = dict(zip((one.kind for one in alone), timings[len(candidates) : len(works)], strict=True))
    arithmetic.note(products)
    against = solved[reference(candidates)]
    return [
        BatchResult(
            backend=one.backend.name,
            precision=one.backend.precision,
            batch=batch,
            is_offline=one.is_offline,
            fps=round(timing.rate, 2),
            p50_ms=timing.runs.p50,
            p95_ms=timing.runs.p95,
            p99_ms=timing.runs.p99,
            num_runs=timing.num_runs,
            of_online=_rounded(timing.of(single[one.kind]) if one.kind in single else None, 3),
            of_reference=round(timing.of(against), 3),
            of_floor=_rounded(arithmetic.share(timing, one.kind, products), 4),
        )
        for one, timing in zip(candidates, solved, strict=True)
        if one.is_asked
    ]


def _solving(candidate: Candidate, crops: np.ndarray, seconds: float) -> Work:
    return Work(lambda _: candidate.backend.run(crops), len(crops), seconds)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
