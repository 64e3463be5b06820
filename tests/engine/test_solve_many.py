"""Many movies through one network: each whole, none harmed by another, none solved twice."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.bundle import ActorBundle
from engine.claim import claimed
from engine.errors import BackendError, StorageError
from engine.exit_codes import EXIT_DONE, EXIT_FAILED, EXIT_TAKEN
from engine.movies import MovieWriter
from engine.pace import Pace
from engine.solve_alone import solve_alone
from engine.solve_job import MovieRecord, Plan, SolveJob, State, found_record, plan_job
from engine.solve_many import Watch, solve_many
from engine.unfinished import unfinished_folder
from tests.fakes import TINY_FRAME_HEIGHT_PX, TINY_FRAME_WIDTH_PX, FakeBackend, FakeClock, tiny_bundle

_LENGTHS = (11, 3, 7)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    pytest.importorskip("onnx", reason="the tiny actor is made with onnx")
    return tiny_bundle(tmp_path_factory.mktemp("actors") / "tiny", has_errors=True)


def write_movie(path: Path, levels: Sequence[int]) -> Path:
    """Gray pictures of these levels."""
    size = TINY_FRAME_WIDTH_PX, TINY_FRAME_HEIGHT_PX
    with MovieWriter(path, *size, Fraction(25), crf=0, is_gray=True) as writer:
        for level in levels:
            writer.write(np.full(size[::-1], level, np.uint8))
    return path


@pytest.fixture
def jobs(tmp_path: Path) -> list[SolveJob]:
    """Movies of different lengths; frame n of movie m has the gray level 60 m + 5 n."""
    made = []
    for number, length in enumerate(_LENGTHS):
        movie = write_movie(tmp_path / f"{number}.mp4", [60 * number + 5 * index for index in range(length)])
        made.append(SolveJob(movie, tmp_path / f"{number}.npz", {}, batch_size=2))
    return made


class _Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, int]] = []
        self.num_frames = 0

    def watch(self) -> Watch:
        return Watch(lambda job, first: self.begun.append((job.movie.name, first)), self._solved)

    def _solved(self, num_frames: int) -> None:
        self.num_frames += num_frames


def _run(
    plans: Sequence[Plan],
    bundle: ActorBundle,
    backend: FakeBackend | None = None,
    told: _Told | None = None,
    *,
    num_lanes: int = 2,
    pace: Pace | None = None,
    claim_timeout_s: float = 0.0,
) -> Iterator[MovieRecord]:
    watch = (told or _Told()).watch()
    pace = pace or Pace(is_shared=True)
    backend = backend or FakeBackend(bundle)
    return solve_many(plans, bundle, backend, num_lanes, watch, pace, claim_timeout_s=claim_timeout_s)


def _levels(result: Path) -> list[int]:
    with np.load(result) as file:
        return [round(float(level)) for level in file["latents"][:, 0]]


@pytest.mark.parametrize("num_lanes", [1, 2, 5])
def test_every_movie_has_its_own_frames_however_many_are_at_work(
    jobs: list[SolveJob], bundle: ActorBundle, num_lanes: int
) -> None:
    told = _Told()
    records = list(_run([plan_job(job, bundle) for job in jobs], bundle, told=told, num_lanes=num_lanes))
    assert {(record.state, record.exit) for record in records} == {(State.DONE, EXIT_DONE)}
    assert sorted(record.frames for record in records) == sorted(_LENGTHS)
    assert told.num_frames == sum(_LENGTHS)
    for number, (job, length) in enumerate(zip(jobs, _LENGTHS, strict=True)):
        np.testing.assert_allclose(_levels(job.result), [60 * number + 5 * index for index in range(length)], atol=1)


def test_a_movie_that_breaks_off_fails_alone_and_leaves_nothing(
    jobs: list[SolveJob], bundle: ActorBundle, tmp_path: Path
) -> None:
    plans = [plan_job(job, bundle) for job in jobs]
    jobs[1].movie.write_bytes(b"no movie any more")
    records = list(_run(plans, bundle))
    failed = [record for record in records if record.state is State.FAILED]
    assert [(Path(record.movie).name, record.exit) for record in failed] == [("1.mp4", EXIT_FAILED)]
    assert "not a movie" in failed[0].error
    assert sorted(path.name for path in tmp_path.glob("*.npz*")) == ["0.npz", "2.npz"]


def test_after_a_stop_only_what_is_missing_is_solved(jobs: list[SolveJob], bundle: ActorBundle, tmp_path: Path) -> None:
    plans = [plan_job(job, bundle) for job in jobs]
    with pytest.raises(BackendError):
        list(_run(plans, bundle, FakeBackend(bundle, BackendError("It is gone.", "Plug it in."), num_good=4)))
    told = _Told()
    left = [plan for plan in plans if found_record(plan) is None]
    list(_run(left, bundle, told=told))
    assert 0 < told.num_frames < sum(_LENGTHS)
    assert max(first for _, first in told.begun) > 0, "no movie went on from a frame"
    for number, (job, length) in enumerate(zip(jobs, _LENGTHS, strict=True)):
        np.testing.assert_allclose(_levels(job.result), [60 * number + 5 * index for index in range(length)], atol=1)
    assert list(tmp_path.glob("*.partial")) == []


def test_rows_of_another_precision_are_not_mixed_in(jobs: list[SolveJob], bundle: ActorBundle) -> None:
    plan = plan_job(jobs[0], bundle)
    with pytest.raises(BackendError):
        list(_run([plan], bundle, FakeBackend(bundle, BackendError("It is gone.", "Plug it in."), num_good=2)))
    told = _Told()
    other = FakeBackend(bundle)
    other.precision = "int8"
    list(_run([plan], bundle, other, told))
    assert told.begun == [("0.mp4", 0)]


def test_what_is_done_is_known_again_by_movie_actor_and_settings(jobs: list[SolveJob], bundle: ActorBundle) -> None:
    job = jobs[1]
    (record,) = _run([plan_job(job, bundle)], bundle)
    found = found_record(plan_job(job, bundle))
    assert found is not None
    assert (found.frames, found.first_frame, found.work) == (3, 3, record.work)
    assert found_record(plan_job(replace(job, vertices=False), bundle)) is None
    assert found_record(plan_job(replace(job, precision="float32"), bundle)) is None
    assert found_record(plan_job(replace(job, batch_size=9), bundle)) is not None, "a batch changes no frame"
    moved = job.movie.rename(job.movie.with_name("elsewhere.mp4"))
    assert found_record(plan_job(replace(job, movie=moved), bundle)) is not None
    write_movie(moved, [0, 0, 0])
    assert found_record(plan_job(replace(job, movie=moved), bundle)) is None


def test_two_processes_never_write_the_same_movie(jobs: list[SolveJob], bundle: ActorBundle) -> None:
    plan = plan_job(jobs[0], bundle)
    with claimed(unfinished_folder(plan.job.result)):
        (record,) = _run([plan], bundle)
    assert (record.state, record.exit) == (State.TAKEN, EXIT_TAKEN)
    assert "Another process is writing" in record.error
    (record,) = _run([plan], bundle)
    assert record.state is State.DONE


def test_who_waited_for_another_process_finds_its_result(jobs: list[SolveJob], bundle: ActorBundle) -> None:
    plan = plan_job(jobs[0], bundle)
    list(_run([plan], bundle))
    backend = FakeBackend(bundle)
    (record,) = _run([plan], bundle, backend, claim_timeout_s=1.0)
    assert record.state is State.DONE
    assert backend.num_runs == 0


def test_rows_that_lie_there_need_no_room_again(jobs: list[SolveJob], bundle: ActorBundle) -> None:
    before = plan_job(jobs[0], bundle).num_bytes
    failing = FakeBackend(bundle, BackendError("It is gone.", "Plug it in."), num_good=3)
    with pytest.raises(BackendError):
        list(_run([plan_job(jobs[0], bundle)], bundle, failing))
    row_bytes = 4 * (160 + 1 + 3) + 2 * 50  # latents, unfound, means; errors of the vertices
    assert plan_job(jobs[0], bundle).num_bytes == before - 6 * row_bytes


def test_a_machine_by_itself_solves_a_movie_once(
    jobs: list[SolveJob], bundle: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = replace(jobs[0], backend="onnxruntime")
    first = solve_alone(job, bundle.folder, 1)
    assert (first.state, first.frames, first.first_frame, first.backend) == (State.DONE, 11, 0, "onnxruntime")
    monkeypatch.setattr("engine.solve_alone.open_backend", None)  # nothing is opened where all is done
    again = solve_alone(job, bundle.folder, 1)
    assert (again.state, again.frames, again.first_frame) == (State.DONE, 11, 11)


def test_a_machine_by_itself_says_in_the_record_what_went_wrong(jobs: list[SolveJob], tmp_path: Path) -> None:
    record = solve_alone(jobs[0], tmp_path / "nobody", 1)
    assert (record.state, record.exit) == (State.FAILED, EXIT_FAILED)
    assert "nobody" in record.error


def test_a_full_disk_ends_the_run_and_keeps_the_rows(
    jobs: list[SolveJob], bundle: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = [plan_job(job, bundle) for job in jobs]

    def full(*_: object) -> str:
        raise StorageError("The disk is full.", "Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr("engine.solved.SolvedMovie.save", full)
        with pytest.raises(StorageError, match="full"):
            list(_run(plans, bundle))
    told = _Told()
    list(_run(plans, bundle, told=told))
    assert told.num_frames < sum(_LENGTHS)


# How fast


class _Ticking(FakeBackend):
    """Takes a second a batch."""

    def __init__(self, bundle: ActorBundle, clock: FakeClock) -> None:
        super().__init__(bundle)
        self._clock = clock

    def run(self, crops: np.ndarray):
        self._clock.advance(1.0)
        return super().run(crops)


def test_taking_turns_loses_no_frame_and_tells_what_the_network_makes_alone(
    tmp_path: Path, bundle: ActorBundle
) -> None:
    levels = list(range(0, 200, 2))
    job = SolveJob(write_movie(tmp_path / "long.mp4", levels), tmp_path / "long.npz", {}, batch_size=2)
    clock, told = FakeClock(), _Told()
    pace = Pace(is_shared=False, clock=clock)
    list(_run([plan_job(job, bundle)], bundle, _Ticking(bundle, clock), told, pace=pace))
    np.testing.assert_allclose(_levels(job.result), levels, atol=1)
    assert told.num_frames == len(levels)
    alone = pace.alone()
    assert alone is not None
    assert alone.network_fps == pytest.approx(2.0)
    assert alone.num_rounds > 3
    assert alone.share == pytest.approx(1.0)


def test_a_short_movie_is_not_measured(jobs: list[SolveJob], bundle: ActorBundle) -> None:
    pace = Pace(is_shared=True)
    list(_run([plan_job(jobs[1], bundle)], bundle, pace=pace))
    assert pace.alone() is None
