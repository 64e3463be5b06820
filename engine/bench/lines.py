"""A camera's picture in, vertices out, one at a time: with copies and without, in the same rounds."""

from collections.abc import Sequence

import numpy as np

from engine.bench.candidates import Candidate, reference
from engine.bench.pictures import Pictures, crops_of
from engine.bench.report import LineResult
from engine.bench.rounds import Timing, Work, in_turn
from engine.bundle import ActorBundle
from engine.clock import Clock
from engine.solver import Solver


def measure_lines(
    candidates: Sequence[Candidate], bundle: ActorBundle, pictures: Pictures, seconds: float, clock: Clock
) -> list[LineResult]:
    """What `WITH_COPIES` and `WITHOUT_COPIES` say, of those candidates that are asked for."""
    prepared = crops_of(bundle, pictures, 1)
    solvers = [Solver(bundle, one.backend, clock) for one in candidates]
    with_copies = [_with_copies(solver, pictures, seconds) for solver in solvers]
    without = [_without(one, prepared, seconds) for one in candidates]
    timings = in_turn([work for pair in zip(with_copies, without, strict=True) for work in pair], clock)
    against = timings[2 * reference(candidates)]
    return [
        _result(one, solver, pictures.name, timings[2 * place], timings[2 * place + 1], against)
        for place, (one, solver) in enumerate(zip(candidates, solvers, strict=True))
        if one.is_asked
    ]


def _with_copies(solver: Solver, pictures: Pictures, seconds: float) -> Work:
    def run(number: int) -> tuple[np.ndarray, np.ndarray]:
        mesh = solver.solve(pictures.frames[number % len(pictures.frames)], pictures.crop)
        return mesh.latent.copy(), mesh.vertices.copy()

    return Work(run, 1, seconds)


def _without(candidate: Candidate, prepared: np.ndarray, seconds: float) -> Work:
    return Work(lambda _: candidate.backend.run(prepared), 1, seconds)


def _result(
    candidate: Candidate, solver: Solver, picture: str, copied: Timing, without: Timing, against: Timing
) -> LineResult:
    return LineResult(
        backend=candidate.backend.name,
        precision=candidate.backend.precision,
        picture=picture,
        fps=round(copied.rate, 2),
        p50_ms=copied.runs.p50,
        p95_ms=copied.runs.p95,
        p99_ms=copied.runs.p99,
        crop_p50_ms=round(float(np.median(solver.crop_ms.samples())), 3),
        network_p50_ms=round(float(np.median(solver.network_ms.samples())), 3),
        num_runs=copied.num_runs,
        of_reference=round(copied.of(against), 3),
        prepared_fps=round(without.rate, 2),
    )
