import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from time import sleep

import numpy as np
import pytest

from engine import machine
from engine.backends import (
    Backend,
    BackendStatus,
    Solution,
    backend_report,
    choice,
    choose_backend,
    not_taken,
    open_backend,
)
from engine.backends import ov as ov_backend
from engine.backends.swap import SwappingBackend
from engine.bundle import ActorBundle
from engine.errors import BackendError
from engine.mesh import distances_mm
from tests.fakes import FakeBackend, change_facts, tiny_bundle, with_int8

# Worst vertex against ONNX Runtime float32, in millimetres.
TOLERANCE_MM = {"float32": 0.001, "bfloat16": 0.5, "float16": 0.1, "int8": 0.6}
RUNNING = [
    pytest.param((status.name, precision), id=f"{status.name}-{precision}")
    for status in backend_report()
    for precision in (*status.precisions, *(["int8"] if status.name in choice._WITH_INT8 else []))
    if status.is_usable
]
SKIPPED = [
    pytest.param((status.name, ""), id=status.name, marks=pytest.mark.skip(f"{status.name}: {status.reason}"))
    for status in backend_report()
    if not status.is_usable
]


@pytest.fixture(params=[False, True], ids=["live", "offline"])
def is_offline(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=[*RUNNING, *SKIPPED])
def backend(request: pytest.FixtureRequest, is_offline: bool) -> Iterator[Backend]:
    name, precision = request.param
    actor = request.getfixturevalue("tiny_int8" if precision == "int8" else "tiny")
    opened = open_backend(actor, name, precision, num_threads=1, is_offline=is_offline)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (5, 1, 320, 240), np.uint8)


@pytest.fixture(scope="module")
def reference(tiny: ActorBundle, crops: np.ndarray) -> Solution:
    opened = open_backend(tiny, "onnxruntime", "float32", num_threads=1)
    solved = opened.run(crops)
    opened.close()
    return solved


def test_the_actor_answers_to_what_it_sees(reference: Solution) -> None:
    assert distances_mm(reference.vertices[0], reference.vertices[1]).max() > 1.0


@pytest.mark.parametrize("batch_size", [1, 5])
def test_every_backend_gives_the_reference_vertices(
    backend: Backend, crops: np.ndarray, reference: Solution, batch_size: int
) -> None:
    solved = backend.run(crops[:batch_size])
    assert solved.latents.dtype == solved.vertices.dtype == np.float32
    assert solved.latents.shape == reference.latents[:batch_size].shape
    assert solved.errors_mm is None
    worst_mm = distances_mm(solved.vertices, reference.vertices[:batch_size]).max()
    assert worst_mm < TOLERANCE_MM[backend.precision]


def test_vertices_can_be_rebuilt_from_latents(backend: Backend, crops: np.ndarray, tiny: ActorBundle) -> None:
    solved = backend.run(crops)
    assert distances_mm(tiny.vertices(solved.latents), solved.vertices).max() < 0.01


def test_every_frame_of_a_batch_is_solved_by_itself(backend: Backend, crops: np.ndarray) -> None:
    alone = np.concatenate([backend.run(crops[n : n + 1]).vertices for n in range(len(crops))])
    together = backend.run(crops).vertices
    assert distances_mm(alone, together).max() < TOLERANCE_MM[backend.precision]


def test_a_result_is_not_overwritten_by_the_next(backend: Backend, crops: np.ndarray) -> None:
    solved = backend.run(crops[:1])
    kept = solved.latents.copy(), solved.vertices.copy()
    backend.run(crops[1:2])
    np.testing.assert_array_equal(solved.latents, kept[0])
    np.testing.assert_array_equal(solved.vertices, kept[1])


def test_anything_but_the_uint8_crop_is_a_programming_mistake(backend: Backend, crops: np.ndarray) -> None:
    for wrong in (crops.astype(np.float32), crops[:, 0], crops[:, :, :100], crops[:, [0, 0]], crops[:0]):
        with pytest.raises(ValueError, match="crops must be uint8"):
            backend.run(wrong)


@pytest.fixture(scope="module")
def two_views(tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    """An actor of two cameras that foretells its errors."""
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    folder = tmp_path_factory.mktemp("two") / "actor"
    return tiny_bundle(folder, cameras=("front", "side"), has_errors=True)


@pytest.fixture(scope="module")
def two_views_int8(two_views: ActorBundle, tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    pytest.importorskip("export.network.int8", reason="its 8 bits are made by the export")
    folder = shutil.copytree(two_views.folder, tmp_path_factory.mktemp("two-int8") / "actor")
    return with_int8(ActorBundle.open(Path(folder)))


@pytest.mark.parametrize("pair", [*RUNNING, *SKIPPED])
def test_every_backend_sees_all_views_and_gives_the_expected_errors(
    request: pytest.FixtureRequest, pair: tuple[str, str]
) -> None:
    name, precision = pair
    two_views = request.getfixturevalue("two_views_int8" if precision == "int8" else "two_views")
    crops = np.random.default_rng(4).integers(0, 256, (3, 2, 320, 240), np.uint8)
    crops[1, 1] = 0
    by_name = {}
    for wanted in {("onnxruntime", "float32"), (name, precision)}:
        opened = open_backend(two_views, *wanted, num_threads=1)
        by_name[wanted] = opened.run(crops), opened.run(crops[:, ::-1].copy())
        opened.close()
    reference, mirrored = by_name["onnxruntime", "float32"]
    solved = by_name[name, precision][0]
    assert distances_mm(reference.vertices, mirrored.vertices).max() > 1.0, "the views are not told apart"
    # Mixing the views rounds their gray levels once more.
    assert distances_mm(solved.vertices, reference.vertices).max() < 2 * TOLERANCE_MM[precision]
    assert solved.errors_mm is not None
    assert (solved.errors_mm.dtype, solved.errors_mm.shape) == (np.float32, (3, 50))
    assert np.ptp(solved.errors_mm) > 0
    tolerance = 1e-4 if precision == "float32" else 0.02
    np.testing.assert_allclose(solved.errors_mm, reference.errors_mm, rtol=tolerance)


@pytest.mark.parametrize("name", [status.name for status in backend_report() if status.is_usable])
def test_a_network_without_the_errors_its_facts_promise_is_refused(
    tiny: ActorBundle, tmp_path: Path, name: str
) -> None:
    folder = Path(shutil.copytree(tiny.folder, tmp_path / "actor"))
    network = json.loads((folder / "bundle.json").read_text("utf-8"))["network"]
    change_facts(folder, network={**network, "has_errors": True})
    with pytest.raises(BackendError, match="not an actor's network"):
        open_backend(ActorBundle.open(folder), name)


def test_it_says_what_runs(backend: Backend) -> None:
    assert backend.provider.startswith("NVIDIA" if backend.name == "tensorrt" else "CPU")


# Choosing


def _pretend(monkeypatch: pytest.MonkeyPatch, features: set[str], vendor: str) -> None:
    """Another processor."""
    monkeypatch.setattr(machine, "processor_vendor", lambda: vendor)
    for module in (machine, ov_backend):
        monkeypatch.setattr(module, "processor_features", lambda: frozenset(features))


@pytest.mark.parametrize(
    ("features", "vendor", "expected"),
    [
        ({"avx2"}, "AuthenticAMD", ("onnxruntime", "float32")),
        ({"avx512_bf16"}, "GenuineIntel", ("onnxruntime", "float32")),
        ({"avx512_bf16"}, "AuthenticAMD", ("openvino", "bfloat16")),
        ({"avx512_bf16", "amx_bf16"}, "GenuineIntel", ("openvino", "bfloat16")),
    ],
)
def test_the_automatic_choice_follows_the_processor(
    monkeypatch: pytest.MonkeyPatch, features: set[str], vendor: str, expected: tuple[str, str]
) -> None:
    if not ov_backend.status().is_usable:
        pytest.skip("OpenVINO does not load here")
    _pretend(monkeypatch, features, vendor)
    without_gpu = BackendStatus("tensorrt", False, "", (), "it is taken away")
    monkeypatch.setitem(choice._PROBES, "tensorrt", lambda: without_gpu)
    assert choose_backend() == expected


def test_a_gpu_is_the_automatic_choice_where_it_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpu = BackendStatus("tensorrt", True, "11.0.0", ("float16",), "")
    monkeypatch.setitem(choice._PROBES, "tensorrt", lambda: with_gpu)
    assert choose_backend() == ("tensorrt", "float16")
    assert choose_backend(precision="float32")[0] != "tensorrt"


def test_int8_is_offered_where_the_actor_has_it_and_never_taken_unasked(
    tiny: ActorBundle, tiny_int8: ActorBundle
) -> None:
    assert not any("int8" in status.precisions for status in (*backend_report(), *backend_report(tiny)))
    offered = {status.name: status.precisions for status in backend_report(tiny_int8) if status.is_usable}
    assert offered["onnxruntime"] == ("float32", "int8")
    assert choose_backend(bundle=tiny_int8) == choose_backend(bundle=tiny)
    name, precision = choose_backend(precision="int8", bundle=tiny_int8)
    assert (name, precision) == ("openvino" if "openvino" in offered else "onnxruntime", "int8")
    with closing(open_backend(tiny_int8, precision="int8", num_threads=1)) as opened:
        assert (opened.name, opened.precision) == (name, precision)


@pytest.mark.parametrize("name", [None, "onnxruntime"])
def test_int8_that_solves_a_face_wrongly_is_refused_even_by_name(
    tiny_int8: ActorBundle, monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    for module, kind in ((choice.ort, "OrtBackend"), (choice.ov, "OvBackend")):
        monkeypatch.setattr(module, kind, lambda bundle, *_: FakeBackend(bundle))
    with pytest.raises(BackendError, match="onnxruntime in int8 solves a face"):
        open_backend(tiny_int8, name, "int8", num_threads=1)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "int8"])
def test_what_openvino_computes_in_is_told_by_us(tiny_int8: ActorBundle, precision: str) -> None:
    if "bfloat16" not in ov_backend.status().precisions:
        pytest.skip("OpenVINO has no bfloat16 here to confuse it with")
    backend = ov_backend.OvBackend(tiny_int8, precision, 1)
    runs = backend._requests[1][0].get_compiled_model().get_property("INFERENCE_PRECISION_HINT").get_type_name()
    fastest = ov_backend.status().precisions[0]
    assert runs == {"float32": "f32", "bfloat16": "bf16"}[fastest if precision == "int8" else precision]
    backend.close()


def test_the_automatic_choice_runs(tiny: ActorBundle) -> None:
    opened = open_backend(tiny, num_threads=1)
    assert (opened.name, opened.precision) == choose_backend()
    opened.close()


def test_a_backend_that_cannot_run_is_refused_with_its_reason(tiny: ActorBundle) -> None:
    unusable = [status for status in backend_report() if not status.is_usable]
    assert "tensorrt" in {status.name for status in unusable} or not machine.probe_gpu().reason
    for status in unusable:
        assert status.reason
        with pytest.raises(BackendError, match="cannot run here") as caught:
            open_backend(tiny, status.name)
        assert status.reason in caught.value.reason


@pytest.mark.parametrize(
    ("name", "precision", "says"),
    [
        ("cuda9000", None, "no backend 'cuda9000'"),
        ("onnxruntime", "bfloat16", "does not compute in bfloat16"),
        ("onnxruntime", "int8", "tiny has no network in int8"),
        ("openvino", "int8", "tiny has no network in int8"),
        (None, "int8", "tiny has no network in int8"),
        (None, "float8", "does not compute in float8"),
    ],
)
def test_what_was_asked_for_is_never_replaced(
    tiny: ActorBundle, name: str | None, precision: str | None, says: str
) -> None:
    with pytest.raises(BackendError, match=says):
        open_backend(tiny, name, precision)


@pytest.mark.parametrize("num_threads", [1, 2])
@pytest.mark.parametrize("num_frames", [1, 4, 23])
def test_offline_every_frame_of_a_large_batch_comes_back_in_its_place(
    two_views: ActorBundle, num_threads: int, num_frames: int
) -> None:
    if not ov_backend.status().is_usable:
        pytest.skip("OpenVINO does not load here")
    crops = np.random.default_rng(6).integers(0, 256, (num_frames, 2, 320, 240), np.uint8)
    with (
        closing(open_backend(two_views, "openvino", "float32", num_threads)) as live,
        closing(open_backend(two_views, "openvino", "float32", num_threads, is_offline=True)) as offline,
    ):
        solved = offline.run(crops)
        alone = [live.run(crops[n : n + 1]) for n in range(num_frames)]
    assert solved.errors_mm is not None
    np.testing.assert_allclose(solved.latents, np.concatenate([one.latents for one in alone]), atol=1e-4)
    np.testing.assert_allclose(solved.errors_mm, np.concatenate([one.errors_mm for one in alone]), atol=1e-3)


@pytest.mark.parametrize("num_requests", [1, 2, 5, 16])
def test_offline_no_request_is_idle_while_another_has_two_pieces_to_solve(num_requests: int) -> None:
    for num_frames in range(1, 130):
        size = ov_backend.size_of_pieces(num_frames, num_requests)
        assert 1 <= size <= 4
        num_turns = -(-num_frames // (size * num_requests))
        assert num_turns == -(-num_frames // (4 * num_requests))  # as few as with the largest pieces
        assert size == 1 or num_frames > (size - 1) * num_requests * num_turns  # and no smaller piece would do


def test_offline_a_failure_ends_the_run_after_what_was_under_way(
    tiny: ActorBundle, crops: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not ov_backend.status().is_usable:
        pytest.skip("OpenVINO does not load here")
    with closing(ov_backend.OvBackend(tiny, "float32", 2, is_offline=True)) as offline:

        class FailingRequest:
            is_waited_for = 0

            def start_async(self, inputs: object, share_inputs: bool) -> None:
                self.is_waited_for = 0

            def wait(self) -> None:
                self.is_waited_for += 1
                raise RuntimeError("the processor is on fire")

        requests = [FailingRequest(), FailingRequest()]
        monkeypatch.setattr(offline, "_num_requests", 2)
        size = ov_backend.size_of_pieces(2 * len(crops), 2)
        monkeypatch.setattr(offline, "_requests", {size: requests})
        with pytest.raises(BackendError, match="on fire"):
            offline.run(np.repeat(crops, 2, axis=0))
        assert [request.is_waited_for for request in requests] == [1, 1]


def test_who_could_have_run_too_is_told_why_it_does_not() -> None:
    if not ov_backend.status().is_usable:
        pytest.skip("OpenVINO does not load here")
    told = dict(line.split(": ", 1) for line in not_taken("openvino", "int8"))
    assert "slower than openvino" in told["onnxruntime"]
    told = dict(line.split(": ", 1) for line in not_taken("onnxruntime", "int8"))
    assert "should be faster, but onnxruntime was asked for" in told["openvino"]


def test_no_threads_is_refused(tiny: ActorBundle) -> None:
    with pytest.raises(BackendError, match="0 threads"):
        open_backend(tiny, num_threads=0)


@pytest.mark.parametrize(
    ("features", "vendor", "precisions"),
    [
        ({"avx2"}, "AuthenticAMD", ("float32",)),
        ({"avx2", "avx512_bf16"}, "GenuineIntel", ("float32", "bfloat16")),
        ({"avx2", "avx512_bf16"}, "AuthenticAMD", ("bfloat16", "float32")),
        ({"avx512_bf16", "amx_bf16"}, "GenuineIntel", ("bfloat16", "float32")),
    ],
)
def test_bfloat16_is_offered_where_the_processor_computes_it_and_preferred_where_it_is_faster(
    monkeypatch: pytest.MonkeyPatch, features: set[str], vendor: str, precisions: tuple[str, ...]
) -> None:
    _pretend(monkeypatch, features, vendor)
    status = ov_backend.status()
    if not status.is_usable:
        pytest.skip(f"OpenVINO: {status.reason}")
    assert status.precisions == precisions


def test_openvino_does_not_report_to_its_vendor() -> None:
    if not ov_backend.status().is_usable:
        pytest.skip("OpenVINO does not load here")
    assert sys.modules["openvino_telemetry"] is None


# Damaged networks, past the bundle's own checks


@pytest.mark.parametrize("name", [status.name for status in backend_report() if status.is_usable])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_a_truncated_network_is_refused_in_one_quiet_line(
    tiny: ActorBundle, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, share: float
) -> None:
    folder = Path(shutil.copytree(tiny.folder, tmp_path / "actor"))
    bundle = ActorBundle.open(folder)
    data = bundle.network_path.read_bytes()
    bundle.network_path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(BackendError) as caught:
        open_backend(bundle, name)
    assert "\n" not in str(caught.value)
    assert str(bundle.network_path) in caught.value.reason
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", [status.name for status in backend_report() if status.is_usable])
def test_a_network_of_another_kind_is_refused(tiny: ActorBundle, tmp_path: Path, name: str) -> None:
    from onnx import TensorProto, helper, save

    folder = Path(shutil.copytree(tiny.folder, tmp_path / "actor"))
    bundle = ActorBundle.open(folder)
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, str(bundle.network_path))
    with pytest.raises(BackendError, match="not an actor's network"):
        open_backend(bundle, name)


def test_onnx_runtime_leaves_nothing_in_the_users_home(tiny: ActorBundle, tmp_path: Path) -> None:
    # It reports to its vendor and keeps a device identifier unless told not to before it is first imported.
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import sys; from pathlib import Path; from engine.bundle import ActorBundle; from engine.backends import"
        " open_backend; open_backend(ActorBundle.open(Path(sys.argv[1])), 'onnxruntime').close()"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-c", code, str(tiny.folder)], env=environment, cwd=tmp_path, check=True)
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_a_slower_backend_solves_until_the_faster_one_is_ready(tiny: ActorBundle) -> None:
    first, second, may_finish = FakeBackend(tiny), FakeBackend(tiny), Event()
    second.name, second.provider = "faster", "GPU"

    def make() -> Backend:
        assert may_finish.wait(10)
        return second

    backend = SwappingBackend(first, "faster", make)
    crops = np.zeros((1, *tiny.input_shape), np.uint8)
    backend.run(crops)
    assert (backend.name, backend.provider) == ("fake", "test; faster is being built")
    assert not first.is_closed
    may_finish.set()
    for _ in range(1000):
        backend.run(crops)
        if backend.name == "faster":
            break
        sleep(0.01)
    assert (backend.name, backend.provider) == ("faster", "GPU")
    assert first.is_closed
    assert second.num_runs == 1
    backend.close()
    assert second.is_closed


def test_the_first_backend_stays_where_the_other_cannot_be_made_and_says_why(tiny: ActorBundle) -> None:
    first, failed = FakeBackend(tiny), Event()

    def make() -> Backend:
        try:
            raise BackendError("There is no room for it.", "Make some.")
        finally:
            failed.set()

    backend = SwappingBackend(first, "faster", make)
    assert failed.wait(10)
    for _ in range(1000):
        backend.run(np.zeros((1, *tiny.input_shape), np.uint8))
        if "could not" in backend.provider:
            break
        sleep(0.01)
    assert backend.provider == "test; faster could not be built: There is no room for it."
    backend.close()
    assert first.is_closed


def test_what_is_ready_after_the_end_is_closed(tiny: ActorBundle) -> None:
    first, late, may_finish = FakeBackend(tiny), FakeBackend(tiny), Event()

    def make() -> Backend:
        assert may_finish.wait(10)
        return late

    backend = SwappingBackend(first, "faster", make)
    backend.close()
    may_finish.set()
    for _ in range(1000):
        if late.is_closed:
            break
        sleep(0.01)
    assert late.is_closed


def test_only_a_gpu_engine_that_is_not_built_yet_is_swapped_in(
    tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_gpu = BackendStatus("tensorrt", True, "11.0.0", ("float16",), "")
    monkeypatch.setitem(choice._PROBES, "tensorrt", lambda: with_gpu)
    monkeypatch.setattr(choice.trt, "TrtBackend", lambda bundle, *_: FakeBackend(bundle))
    for has_engine, may_swap, is_swapping in ((False, True, True), (True, True, False), (False, False, False)):
        monkeypatch.setattr(choice.trt, "has_engine", lambda *_, has_engine=has_engine: has_engine)
        backend = open_backend(tiny, num_threads=1, may_swap=may_swap)
        assert isinstance(backend, SwappingBackend) is is_swapping
        backend.close()
    named = open_backend(tiny, "tensorrt", num_threads=1, may_swap=True)
    assert isinstance(named, FakeBackend)


def test_8_bits_are_8_bits_while_the_engine_for_them_is_built_and_prove_themselves_when_it_is(
    tiny_int8: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def wrong(bundle: ActorBundle, *given: object) -> Backend:
        asked.append(given)
        return FakeBackend(bundle)

    def no_engine(bundle: ActorBundle, precision: str) -> bool:
        asked.append((precision,))
        return False

    with_gpu = BackendStatus("tensorrt", True, "11.0.0", ("float16",), "")
    monkeypatch.setitem(choice._PROBES, "tensorrt", lambda: with_gpu)
    monkeypatch.setattr(choice.trt, "TrtBackend", wrong)
    monkeypatch.setattr(choice.trt, "has_engine", no_engine)
    assert choose_backend(precision="int8", bundle=tiny_int8) == ("tensorrt", "int8")
    with closing(open_backend(tiny_int8, precision="int8", num_threads=1, may_swap=True)) as backend:
        assert isinstance(backend, SwappingBackend)
        assert backend.precision == "int8"
        assert backend._worker.join(30)
        assert backend.name != "fake"
        assert "tensorrt in int8 solves a face" in backend.provider
    assert asked == [("int8",), ("int8", 1)]
    with pytest.raises(BackendError, match="tensorrt in int8 solves a face"):
        open_backend(tiny_int8, "tensorrt", "int8", num_threads=1)


def test_where_engines_cannot_be_kept_the_automatic_choice_warns_and_begins_on_the_processor(
    tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> bool:
        raise BackendError("Other users may write into the folder.", "Make it yours alone.")

    with_gpu = BackendStatus("tensorrt", True, "11.0.0", ("float16",), "")
    monkeypatch.setitem(choice._PROBES, "tensorrt", lambda: with_gpu)
    monkeypatch.setattr(choice.trt, "has_engine", refuse)
    monkeypatch.setattr(choice.trt, "TrtBackend", refuse)
    with closing(open_backend(tiny, num_threads=1, may_swap=True)) as backend:
        assert backend.name != "tensorrt"
        assert "Other users may write" in caplog.text


def test_who_gets_the_slower_backend_is_told_why(
    tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A library of OpenVINO's was missing, and nothing said why frames took twice as long.
    broken = BackendStatus("openvino", False, "", (), "it is installed but does not load (libtbb.so.12)")
    monkeypatch.setitem(choice._PROBES, "openvino", lambda: broken)
    with closing(open_backend(tiny, num_threads=1)) as backend:
        assert backend.name == "onnxruntime"
        assert "openvino cannot, it is installed but does not load (libtbb.so.12)" in caplog.text
        assert f"openvino: {broken.reason}" in not_taken(backend.name, backend.precision)
        assert not any(line.startswith("onnxruntime") for line in not_taken(backend.name, backend.precision))


def test_what_solves_a_face_wrongly_is_not_chosen_but_runs_where_it_is_asked_for(
    tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = BackendStatus("openvino", True, "1.0", ("float32",), "")
    monkeypatch.setitem(choice._PROBES, "openvino", lambda: wrong)
    monkeypatch.setattr(choice, "_fastest_first", lambda _: ("openvino", "onnxruntime"))
    monkeypatch.setattr(choice.ov, "OvBackend", lambda bundle, *_: FakeBackend(bundle))
    backend = open_backend(tiny, num_threads=1)
    assert backend.name == "onnxruntime"
    assert "openvino is not taken: openvino in float32 solves a face" in caplog.text
    backend.close()
    assert isinstance(open_backend(tiny, "openvino", num_threads=1), FakeBackend)
