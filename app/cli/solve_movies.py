"""The work of `livedouble solve` on this machine: one movie into a file, or many into a folder with its manifest."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import typer

from app.cli.console import check_results, err, progress, resumable, write_json
from app.cli.solve_report import FolderReport, SolveReport, tell_folder, tell_movie
from engine.backends import Backend, open_backend
from engine.bundle import ActorBundle
from engine.disk import check_room, not_written
from engine.errors import CameraError, LiveDoubleError, TakenError
from engine.exit_codes import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_TAKEN
from engine.manifest import Manifest
from engine.pace import Pace
from engine.solve_job import MovieRecord, Plan, SolveJob, State, failed_record, found_record, plan_job
from engine.solve_many import Watch, side_by_side, solve_many
from engine.unfinished import frames_kept, unfinished_folder


def solve_file(job: SolveJob, bundle: ActorBundle, json_file: Path | None) -> None:
    """Solve one movie into a file, whether one lies there already or not.

    Raises:
        LiveDoubleError: It cannot be done; nothing is left behind.
    """
    plan = plan_job(job, bundle)
    try:
        with (
            closing(open_backend(bundle, job.backend, job.precision, is_offline=True)) as backend,
            resumable(),
            progress(f"Solving {job.movie.name}", plan.num_frames or None) as advance,
        ):
            pace = _pace(backend)
            watch = Watch(begun=_tells_where_it_goes_on(advance), solved=advance)
            (record,) = solve_many([plan], bundle, backend, 1, watch, pace)
            alone = pace.alone()
    except LiveDoubleError:
        shutil.rmtree(unfinished_folder(job.result), ignore_errors=True)
        raise
    if record.state is State.TAKEN:
        raise TakenError(record.error, "")
    if record.state is State.FAILED:
        raise LiveDoubleError(record.error, "")
    report = SolveReport.of(record, bundle, job.batch_size, alone)
    tell_movie(report)
    if json_file is not None:
        write_json(json_file, report)
    if record.exit:
        raise typer.Exit(record.exit)


def solve_folder(
    jobs: Sequence[SolveJob],
    folder: Path,
    bundle: ActorBundle,
    num_lanes: int | None,
    cluster: str | None,
    json_file: Path | None,
) -> None:
    """Solve movies into a folder; what is done is not done again.

    Args:
        jobs: Each of another movie; all of one actor and the same settings.
        folder: Of the results; made if need be. Each job's own name of a result is found here.
        bundle: The actor.
        num_lanes: Movies side by side; None takes what suits this machine.
        cluster: Address of a Ray cluster that does the work; None does it here.
        json_file: Where to write the report, beside the manifest.

    Raises:
        typer.Exit: Some movies failed, or the work was stopped.
        StorageError: Results cannot be written.
        BackendError: The network cannot be run.
        LiveDoubleError: Ray is not installed.
    """
    started_s = time.perf_counter()
    if cluster is not None:  # before anything is made
        from app.cli.solve_ray import check_installed

        check_installed()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(folder, error) from error
    manifest = Manifest(folder)
    places = manifest.place([job.movie for job in jobs])
    placed = [replace(job, result=places[job.movie]) for job in jobs]
    for job in placed:
        for read in (job.movie, *job.views.values()):
            check_results(read, job.result, json_file)
    records, plans = _looked_at(placed, bundle)
    manifest.tell(*records)
    check_room(folder, sum(plan.num_bytes for plan in plans))
    solved: list[MovieRecord] = []
    alone, backend_words = None, ""
    if plans and cluster is not None:
        from app.cli.solve_ray import solve_on_cluster

        with resumable():
            solved = list(solve_on_cluster(plans, bundle, cluster, manifest))
    elif plans:
        lanes = min(num_lanes or side_by_side(), len(plans))
        with closing(open_backend(bundle, jobs[0].backend, jobs[0].precision, is_offline=True)) as backend:
            pace = _pace(backend)
            solved = _solved_here(plans, bundle, backend, lanes, pace, manifest)
            alone = pace.alone()
            backend_words = f"{backend.name} {backend.precision}, batch {jobs[0].batch_size}, {lanes} side by side"
    report = FolderReport.of((*records, *solved), folder, bundle, time.perf_counter() - started_s, alone, backend_words)
    tell_folder(report)
    if json_file is not None:
        write_json(json_file, report)
    ends = {record.exit for record in report.movies}
    for code in (EXIT_FAILED, EXIT_TAKEN):
        if code in ends:
            raise typer.Exit(code)


def _looked_at(jobs: Sequence[SolveJob], bundle: ActorBundle) -> tuple[list[MovieRecord], list[Plan]]:
    """Records of movies that are done or cannot be solved, and plans for the others."""
    records: list[MovieRecord] = []
    plans: list[Plan] = []
    with progress("Looking at the movies", len(jobs)) as advance:
        for job in jobs:
            try:
                plan = plan_job(job, bundle)
            except CameraError as error:
                records.append(failed_record(job, error))
            else:
                found = found_record(plan)
                records += [] if found is None else [found]
                plans += [] if found is not None else [plan]
            advance(1)
    return records, plans


def _solved_here(
    plans: Sequence[Plan], bundle: ActorBundle, backend: Backend, num_lanes: int, pace: Pace, manifest: Manifest
) -> list[MovieRecord]:
    """Work through the plans, the manifest told of each step."""
    at_work: dict[str, MovieRecord] = {}
    records: list[MovieRecord] = []
    claimed = [plan.num_frames for plan in plans]
    total = sum(claimed) if all(claimed) else None

    with progress(f"Solving {len(plans)} movie{'s' * (len(plans) > 1)}", total) as advance:
        goes_on = _tells_where_it_goes_on(advance)

        def begun(job: SolveJob, first_frame: int) -> None:
            goes_on(job, first_frame)
            record = MovieRecord(
                str(job.movie), str(job.result), State.SOLVING, frames=first_frame, first_frame=first_frame
            )
            at_work[record.file] = record
            manifest.tell(record)

        with (
            resumable(),
            closing(solve_many(plans, bundle, backend, num_lanes, Watch(begun, advance), pace)) as solving,
        ):
            try:
                for record in solving:
                    at_work.pop(record.file, None)
                    records.append(record)
                    manifest.tell(record)
            except KeyboardInterrupt:
                manifest.tell(*(_stopped(record, bundle) for record in at_work.values()))
                raise
    return records


def _stopped(record: MovieRecord, bundle: ActorBundle) -> MovieRecord:
    """Of a movie that was at work: what it goes on from."""
    kept = frames_kept(unfinished_folder(Path(record.file)), bundle)
    return replace(record, state=State.WAITING, exit=EXIT_INTERRUPTED, frames=kept)


def _tells_where_it_goes_on(advance: Callable[[int], None]) -> Callable[[SolveJob, int], None]:
    def begun(job: SolveJob, first_frame: int) -> None:
        if first_frame:
            advance(first_frame)
            err.print(f"{job.movie} goes on from frame {first_frame + 1}.", soft_wrap=True, markup=False)

    return begun


def _pace(backend: Backend) -> Pace:
    return Pace(is_shared="CPU" in backend.provider)
