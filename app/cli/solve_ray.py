"""The work of `livedouble solve --ray`: each movie a task on some machine of a Ray cluster.

Rule: nothing else imports ray. Machines share nothing but the disk that movies, actor and results lie on; a task may be
run again, for it finds what is done and goes on from what is not.
"""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from app.cli.console import progress
from engine.bundle import ActorBundle
from engine.errors import LiveDoubleError
from engine.manifest import Manifest
from engine.optional import optional
from engine.solve_alone import solve_alone
from engine.solve_job import MovieRecord, Plan, SolveJob, failed_record

_MOST_CORES = 8  # of a movie: the network has no use for more
_RETRIES = 3  # of a movie whose machine died
_ON_A_GPU = ("tensorrt", "cuda")
_WAIT_S = 1.0
_ANSWER_S = 5.0


class ClusterError(LiveDoubleError):
    """A cluster cannot be reached, or loses its machines."""


def check_installed() -> ModuleType:
    """The library.

    Raises:
        LiveDoubleError: It is not there.
    """
    return optional("ray", "ray", "--ray", "cluster")


def solve_on_cluster(
    plans: Sequence[Plan], bundle: ActorBundle, address: str, manifest: Manifest
) -> Iterator[MovieRecord]:
    """Solve movies on a cluster, and tell the manifest of each; gives their records in the order of their ends.

    Args:
        plans: With paths that hold on every machine.
        bundle: The actor; its folder likewise.
        address: Of the cluster, `HOST:PORT`, or `auto` on one of its machines.
        manifest: Of the results' folder.

    Raises:
        ClusterError: The cluster cannot be reached.
        StorageError: The manifest cannot be written.
    """
    ray = check_installed()
    _check_answers(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise _unreached(address, _first_sentence(error)) from error
    try:
        task, num_cores = _task(ray, plans[0].job)
        actor = bundle.folder.resolve()
        at_work = {task.remote(_anywhere(plan.job), actor, num_cores): plan.job for plan in plans}
        with progress(f"Solving {len(plans)} movies", len(plans)) as advance:
            while at_work:
                ended, _ = ray.wait(list(at_work), timeout=_WAIT_S)
                for reference in ended:
                    record = _record(ray, reference, at_work.pop(reference))
                    manifest.tell(record)
                    advance(1)
                    yield record
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Refuse at once what Ray would ask again and again for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "/" in host:
        return  # `auto`, or another kind of address that Ray knows
    try:
        socket.create_connection((host, int(port)), _ANSWER_S).close()
    except OSError as error:
        raise _unreached(address, error.strerror or str(error)) from error


def _unreached(address: str, reason: str) -> ClusterError:
    return ClusterError(
        f"The Ray cluster {address} cannot be reached ({reason}).",
        "Start it with `ray start --head`, and give this machine the cluster's token.",
    )


def _task(ray: Any, job: SolveJob) -> tuple[Any, int]:
    """What to call for a movie, and how many cores it takes: all of the smallest machine, 8 at most."""
    cores = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    num_cores = max(1, min([_MOST_CORES, *(count for count in cores if count)]))
    num_gpus = int(job.backend in _ON_A_GPU)
    remote = ray.remote(num_cpus=num_cores, num_gpus=num_gpus, max_retries=_RETRIES)
    return remote(solve_alone), num_cores


def _anywhere(job: SolveJob) -> SolveJob:
    """With whole paths."""
    views = {camera: file.resolve() for camera, file in job.views.items()}
    return replace(job, movie=job.movie.resolve(), result=job.result.resolve(), views=views)


def _record(ray: Any, reference: Any, job: SolveJob) -> MovieRecord:
    try:
        record: MovieRecord = ray.get(reference)
    except ray.exceptions.RayError as error:
        given_up = f"{job.movie} was given up by the cluster ({_first_sentence(error)})."
        lost = ClusterError(given_up, "Give the same command again.")
        return failed_record(job, lost)
    return record


def _first_sentence(error: Exception) -> str:
    return " ".join(str(error).split()).partition(". ")[0].rstrip(".")
