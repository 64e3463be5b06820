import json
from pathlib import Path

import numpy as np
import pytest

from engine.backends import backend_report
from engine.backends.matrix import MULTIPLY_ADDS
from engine.bench import SWEEP, BenchProgress, BenchReport, candidates, run, run_bench
from engine.bench.power import Meters
from engine.bundle import ActorBundle
from engine.clock import SYSTEM_CLOCK, Clock
from engine.cold_start import cold_start_ms
from engine.errors import BackendError
from tests.fakes import FakeBackend, FakeClock


def no_meters(clock: Clock = SYSTEM_CLOCK) -> Meters:
    nowhere = Path("nowhere")
    return Meters(clock, nowhere, nowhere, ["no-such-program"])


def quick(tiny: ActorBundle, **options) -> BenchReport:
    options = {"meters": no_meters(), "has_cold_start": False, **options}
    return run_bench(tiny, seconds_per_result=0.0, num_threads=1, **options)


class SlowClock(FakeClock):
    """Every look at it takes 10 ms, so what is timed takes 10 ms at least."""

    def now_ns(self) -> int:
        self.advance(0.010)
        return super().now_ns()


def test_every_batch_and_picture_of_every_running_backend_is_measured(tiny: ActorBundle) -> None:
    report = quick(tiny, batches=(1, 3))
    running = {(status.name, kind) for status in backend_report() for kind in status.precisions}
    measured = [(one.backend, one.precision, one.batch) for one in report.results]
    assert sorted(measured) == sorted((name, kind, batch) for name, kind in running for batch in (1, 3))
    assert {one.picture for one in report.lines} == {"1200x1600 colour", "1200x1600 mono"}
    assert len(report.lines) == 2 * len(running)
    for one in report.results:
        assert one.fps > 0
        assert 0 < one.p50_ms <= one.p95_ms <= one.p99_ms
    assert report.left_out == tuple(
        f"{status.name}: {status.reason}" for status in backend_report() if not status.is_usable
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
        ({"backend": "onnxruntime", "precision": "bfloat16"}, "does not compute in bfloat16"),
        ({"precision": "float8"}, "float8"),
        ({"batches": ()}, "at least one frame"),
        ({"batches": (1, 0)}, "at least one frame"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(tiny: ActorBundle, options: dict, says: str) -> None:
    with pytest.raises(BackendError, match=says):
        quick(tiny, **options)


def test_figures_follow_from_the_clock(tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SlowClock()

    class TimedBackend(FakeBackend):
        """Takes 2 ms a frame."""

        def run(self, crops):
            clock.advance(0.002 * len(crops))
            return super().run(crops)

    backend = TimedBackend(tiny)
    monkeypatch.setattr(candidates, "open_backend", lambda *arguments, is_offline: backend)
    monkeypatch.setattr(candidates, "REFERENCE", ("fake", "float32"))
    monkeypatch.setattr(run, "wanted", lambda *names: candidates.Wanted((("fake", "float32"),), True))
    monkeypatch.setattr(run, "measure_stages", lambda *arguments: ([], []))
    report = run_bench(
        tiny, (1, 45), seconds_per_result=1.2, has_cold_start=False, num_threads=1, clock=clock, meters=no_meters(clock)
    )
    alone, together = report.results
    assert (alone.p50_ms, alone.p99_ms, alone.num_runs) == (12.0, 12.0, 100)
    assert alone.fps == pytest.approx(1 / 0.012, abs=0.01)
    assert (together.p50_ms, together.num_runs) == (100.0, 12)
    assert together.fps == pytest.approx(450.0)
    assert [one.network_p50_ms for one in report.lines] == [12.0, 12.0]
    assert [one.of_reference for one in report.results] == [1.0, 1.0]
    # A matrix product takes 10 ms here, by this clock.
    assert report.floors[0].arithmetic_ms == pytest.approx(10 * report.work.multiply_adds / MULTIPLY_ADDS, abs=1e-4)
    assert alone.of_floor == pytest.approx(report.floors[0].arithmetic_ms / 12, abs=1e-4)
    assert backend.is_closed


def test_progress_is_told_before_each_step_with_the_time_left(tiny: ActorBundle) -> None:
    clock, told = FakeClock(), []

    def note(progress: BenchProgress) -> None:
        told.append(progress)
        clock.advance(2.0)

    quick(tiny, batches=(1,), backend="onnxruntime", progress=note, clock=clock)
    assert [(one.done, one.total) for one in told] == [(number, 5) for number in range(5)]
    assert [one.left_s for one in told] == [None, 8.0, 6.0, 4.0, 2.0]


def test_what_was_measured_before_it_was_stopped_is_kept(tiny: ActorBundle) -> None:
    def stop(progress: BenchProgress) -> None:
        if progress.step == "batch 4":
            raise KeyboardInterrupt

    report = quick(tiny, batches=(1, 4), backend="onnxruntime", progress=stop)
    assert [one.batch for one in report.results] == [1]
    assert not report.is_whole
    assert report.left_out[-1] == "what was to come from 'batch 4' on: it was stopped"
    assert quick(tiny, batches=(1,), backend="onnxruntime").is_whole


def test_what_is_stopped_before_anything_was_measured_is_no_report(tiny: ActorBundle) -> None:
    def stop(progress: BenchProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quick(tiny, batches=(1,), backend="onnxruntime", progress=stop)


def test_batches_stand_beside_one_frame_at_a_time(tiny: ActorBundle) -> None:
    report = quick(tiny, batches=(4, 1), backend="onnxruntime", precision="float32")
    together, alone = report.results
    assert together.of_online > 0
    assert alone.of_online is None
    assert all(one.of_online > 0 for one in quick(tiny, batches=(2, 4), backend="onnxruntime").results)


def test_the_report_stands_beside_the_papers_figures_and_names_the_machine(tiny: ActorBundle) -> None:
    report = json.loads(json.dumps(quick(tiny, batches=(1,), backend="onnxruntime").to_json()))
    assert report["paper"]["online_fps"] == 287
    assert report["paper"]["batched_fps"] == 870
    assert report["machine"]["num_cores"] >= 1
    assert {"backend", "precision", "batch", "fps", "p50_ms", "p95_ms", "p99_ms"} <= set(report["results"][0])
    assert report["checksum"] == tiny.checksum


def test_the_sweep_holds_the_papers_batch_sizes() -> None:
    assert {1, 200, 512} <= set(SWEEP)
    assert list(SWEEP) == sorted(SWEEP)


def test_a_cold_start_is_a_new_process_that_solves(tiny: ActorBundle) -> None:
    assert cold_start_ms(tiny.folder, "onnxruntime", "float32", 1) > 0


def test_a_cold_start_that_fails_says_why(tiny: ActorBundle) -> None:
    with pytest.raises(BackendError, match="no backend 'banana'"):
        cold_start_ms(tiny.folder, "banana", "float32", 1)


def test_onnx_runtime_in_float32_takes_part_where_it_is_not_asked_for(tiny: ActorBundle) -> None:
    pytest.importorskip("openvino", reason="another backend than the reference")
    report = quick(tiny, batches=(1, 2), backend="openvino", precision="float32")
    assert {one.backend for one in (*report.results, *report.lines)} == {"openvino"}
    assert all(one.of_reference > 0 for one in (*report.results, *report.lines))


def test_what_does_not_load_is_left_out_and_named_unless_it_was_asked_for(
    tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(bundle, name, *arguments, is_offline):
        if name == "brittle":
            raise BackendError("It broke.", "Mend it.")
        return FakeBackend(bundle)

    brittle = (("brittle", "int8"), candidates.REFERENCE)
    monkeypatch.setattr(candidates, "open_backend", refuse)
    monkeypatch.setattr(run, "wanted", lambda *names: candidates.Wanted(brittle, False))
    monkeypatch.setattr(candidates, "REFERENCE", ("onnxruntime", "float32"))
    monkeypatch.setattr(FakeBackend, "name", "onnxruntime")
    report = quick(tiny, batches=(1, 4))
    assert [one.backend for one in report.results] == ["onnxruntime"] * 2
    assert report.left_out.count("brittle in int8: It broke") == 1
    monkeypatch.setattr(run, "wanted", lambda *names: candidates.Wanted(brittle, True))
    with pytest.raises(BackendError, match="It broke"):
        quick(tiny, batches=(1,))


def test_a_batch_that_memory_would_not_hold_is_left_out_and_named(
    tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_SHARE_OF_MEMORY", 1e-9)
    report = quick(tiny, batches=(1, 4), backend="onnxruntime")
    assert [one.batch for one in report.results] == [1]
    assert any(told.startswith("batch 4: ") for told in report.left_out)
    with pytest.raises(BackendError, match="batch 4: it may need"):
        quick(tiny, batches=(4,), backend="onnxruntime")


def test_copies_are_measured_beside_the_network_alone(tiny: ActorBundle) -> None:
    report = quick(tiny, batches=(1,), backend="onnxruntime")
    assert all(one.prepared_fps > 0 and one.crop_p50_ms > 0 for one in report.lines)
    assert "copied" in report.with_copies
    assert "beforehand" in report.without_copies


def test_vertices_of_all_that_runs_here_are_compared_on_the_faces_given(tiny: ActorBundle) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, *tiny.input_shape), np.uint8)
    report = quick(tiny, batches=(1,), backend="onnxruntime", faces=faces)
    others = {(status.name, kind) for status in backend_report(tiny) for kind in status.precisions}
    assert {(one.backend, one.precision) for one in report.parity} == others - {candidates.REFERENCE}
    assert all(one.num_frames == 3 and one.worst_mm < 1 for one in report.parity)
    assert report.parity_pictures == "pictures of the actor"


def test_large_batches_are_solved_by_backends_opened_for_throughput_and_small_ones_by_those_opened_for_delay(
    tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, int]] = []

    class Noting(FakeBackend):
        """Notes how it was opened and what it solves."""

        name, is_offline = "onnxruntime", False

        def run(self, crops):
            seen.append((self.is_offline, len(crops)))
            return super().run(crops)

    def open_noting(bundle, *arguments, is_offline):
        backend = Noting(bundle)
        backend.is_offline = is_offline
        return backend

    monkeypatch.setattr(candidates, "open_backend", open_noting)
    report = quick(tiny, batches=(1, 2, 8), backend="onnxruntime", precision="float32")
    assert set(seen) == {(False, 1), (False, 2), (True, 8)}
    assert [(one.batch, one.is_offline) for one in report.results] == [(1, False), (2, False), (8, True)]
