"""One movie from its job to its record, with nothing shared: what a machine of a cluster does.

Rule: it may be run again anywhere and at any time; a result is written once.
"""

from contextlib import closing
from pathlib import Path

from engine.backends import open_backend
from engine.bundle import ActorBundle
from engine.errors import LiveDoubleError
from engine.pace import Pace
from engine.solve_job import MovieRecord, SolveJob, failed_record, found_record, plan_job
from engine.solve_many import Watch, solve_many

_CLAIM_TIMEOUT_S = 120.0  # a worker outlives its machine's manager by seconds


def solve_alone(job: SolveJob, actor: Path, num_threads: int) -> MovieRecord:
    """Solve a movie, unless its result lies there whole. What goes wrong is in the record.

    Args:
        job: With paths that hold on this machine.
        actor: The actor's folder, likewise.
        num_threads: Of the backend.
    """
    try:
        bundle = ActorBundle.open(actor)
        plan = plan_job(job, bundle)
        if (record := found_record(plan)) is not None:
            return record
        watch = Watch(begun=lambda *_: None, solved=lambda _: None)
        with closing(open_backend(bundle, job.backend, job.precision, num_threads, is_offline=True)) as backend:
            pace = Pace(is_shared=True)
            (record,) = solve_many([plan], bundle, backend, 1, watch, pace, claim_timeout_s=_CLAIM_TIMEOUT_S)
            return record
    except LiveDoubleError as error:
        return failed_record(job, error)
