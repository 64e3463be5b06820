import json

import pytest

from engine import bench
from engine.bench import SWEEP, BenchProgress, run_bench
from engine.bundle import ActorBundle
from engine.cold_start import cold_start_ms
from engine.errors import BackendError
from tests.fakes import FakeBackend, FakeClock


def quick(tiny: ActorBundle, **options) -> bench.BenchReport:
    return run_bench(tiny, seconds_per_result=0.0, has_cold_start=False, num_threads=1, **options)


def test_every_batch_and_picture_of_every_running_backend_is_measured(tiny: ActorBundle) -> None:
    report = quick(tiny, batches=(1, 3))
    running = {(status.name, kind) for status in bench.backend_report() for kind in status.precisions}
    measured = [(one.backend, one.precision, one.batch) for one in report.results]
    assert sorted(measured) == sorted((name, kind, batch) for name, kind in running for batch in (1, 3))
    assert {one.picture for one in report.lines} == {"1200x1600 colour", "1200x1600 mono"}
    assert len(report.lines) == 2 * len(running)
    for one in report.results:
        assert one.fps > 0
        assert 0 < one.p50_ms <= one.p95_ms <= one.p99_ms
    assert report.left_out == tuple(
        f"{status.name}: {status.reason}" for status in bench.backend_report() if not status.is_usable
    )


def test_one_backend_and_precision_can_be_asked_for(tiny: ActorBundle) -> None:
    report = quick(tiny, batches=(1,), backend="onnxruntime", precision="float32")
    assert [(one.backend, one.precision) for one in report.results] == [("onnxruntime", "float32")]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"backend": "tensorrt"}, "cannot run here"),
        ({"backend": "banana"}, "no backend 'banana'"),
        ({"backend": "onnxruntime", "precision": "int8"}, "no network in int8"),
        ({"precision": "float8"}, "float8"),
        ({"batches": ()}, "at least one frame"),
        ({"batches": (1, 0)}, "at least one frame"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(tiny: ActorBundle, options: dict, says: str) -> None:
    with pytest.raises(BackendError, match=says):
        quick(tiny, **options)


def test_figures_follow_from_the_clock(tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()

    class TimedBackend(FakeBackend):
        """Takes 10 ms a run and 2 ms more a frame."""

        def run(self, crops):
            clock.advance(0.010 + 0.002 * len(crops))
            return super().run(crops)

    backend = TimedBackend(tiny)
    monkeypatch.setattr(bench, "open_backend", lambda *arguments, is_offline: backend)
    report = run_bench(
        tiny, (1, 45), "onnxruntime", seconds_per_result=1.2, has_cold_start=False, num_threads=1, clock=clock
    )
    alone, together = report.results
    assert (alone.p50_ms, alone.p99_ms, alone.num_runs) == (12.0, 12.0, 100)
    assert alone.fps == pytest.approx(1 / 0.012, abs=0.01)
    assert (together.p50_ms, together.num_runs) == (100.0, 12)
    assert together.fps == pytest.approx(450.0)
    assert [one.network_p50_ms for one in report.lines] == [12.0, 12.0]
    assert backend.is_closed


def test_progress_is_told_before_each_step_with_the_time_left(
    tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, told = FakeClock(), []

    def note(progress: BenchProgress) -> None:
        told.append(progress)
        clock.advance(2.0)

    monkeypatch.setattr(bench, "open_backend", lambda *arguments, is_offline: FakeBackend(tiny))
    run_bench(tiny, (1,), "onnxruntime", seconds_per_result=0.0, has_cold_start=False, progress=note, clock=clock)
    assert [(one.done, one.total) for one in told] == [(0, 3), (1, 3), (2, 3)]
    assert [one.left_s for one in told] == [None, 4.0, 2.0]


def test_the_report_stands_beside_the_papers_figures_and_names_the_machine(tiny: ActorBundle) -> None:
    report = json.loads(json.dumps(quick(tiny, batches=(1,), backend="onnxruntime").to_json()))
    assert report["paper"]["online_fps"] == 287
    assert report["paper"]["batched_fps"] == 870
    assert report["machine"]["num_cores"] >= 1
    assert {"backend", "precision", "batch", "fps", "p50_ms", "p95_ms", "p99_ms"} <= set(report["results"][0])
    assert report["checksum"] == tiny.checksum


def test_the_sweep_holds_the_papers_batch_sizes() -> None:
    assert {1, 200} <= set(SWEEP)
    assert list(SWEEP) == sorted(SWEEP)


def test_a_cold_start_is_a_new_process_that_solves(tiny: ActorBundle) -> None:
    assert cold_start_ms(tiny.folder, "onnxruntime", "float32", 1) > 0


def test_a_cold_start_that_fails_says_why(tiny: ActorBundle) -> None:
    with pytest.raises(BackendError, match="no backend 'banana'"):
        cold_start_ms(tiny.folder, "banana", "float32", 1)
