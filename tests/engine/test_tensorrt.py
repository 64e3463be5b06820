import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from engine.backends import backend_report, open_backend, trt
from engine.backends.centred import int8_network
from engine.backends.engines import EngineKey, engine_folder, keep_engine, load_engine
from engine.backends.half import float16_network
from engine.backends.proof import ALLOWED_MM
from engine.backends.trt_engine import Engine, build_plan
from engine.bundle import ActorBundle
from engine.errors import BackendError, StorageError
from engine.gpu import driver as gpu_driver
from engine.machine import GpuFacts, probe_gpu
from engine.mesh import distances_mm
from tests.engine.fake_gpu import FACTS, FakeDriver, FakeTensorrt
from tests.fakes import change_facts, tiny_bundle, with_int8

KEY = EngineKey("c0ffee", "TensorRT 11.0.0", "NVIDIA Pretend (8.9)", "13.0", 1)
NO_DRIVER = GpuFacts((), (), "", "no NVIDIA driver is installed")
CROPS = np.random.default_rng(3).integers(0, 256, (5, 1, 320, 240), np.uint8)


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    driver = FakeDriver()
    monkeypatch.setitem(sys.modules, "cuda.bindings.driver", driver)
    for module in (trt, gpu_driver):
        monkeypatch.setattr(module, "probe_gpu", lambda: FACTS)
    return driver


@pytest.fixture
def tensorrt(driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> FakeTensorrt:
    tensorrt = FakeTensorrt(driver)
    monkeypatch.setitem(sys.modules, "tensorrt", tensorrt)
    return tensorrt


@pytest.fixture(scope="module")
def two_views(tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    folder = tmp_path_factory.mktemp("two") / "actor"
    return tiny_bundle(folder, cameras=("front", "side"), has_errors=True)


# The network in float16


def types_of(network: bytes) -> dict[str, set[int]]:
    """The types of what each kind of operator gives."""
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(network), check_type=True, strict_mode=True)
    values = [*model.graph.value_info, *model.graph.output]
    by_name = {value.name: value.type.tensor_type.elem_type for value in values}
    types: dict[str, set[int]] = {}
    for node in model.graph.node:
        types.setdefault(node.op_type, set()).update(by_name[name] for name in node.output)
    return types


@pytest.mark.parametrize("weights", ["float16", "float32"])
def test_convolutions_compute_in_float16_and_the_last_layers_in_float32(tmp_path: Path, weights: str) -> None:
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    from onnx import TensorProto, checker, load_from_string

    bundle = tiny_bundle(tmp_path / "actor", weights)
    network = float16_network(bundle, 3)
    checker.check_model(load_from_string(network), full_check=True)
    types = types_of(network)
    assert types["Conv"] == types["Relu"] == types["Flatten"] == {TensorProto.FLOAT16}
    assert types["Sub"] == types["Div"] == types["MatMul"] == types["Add"] == {TensorProto.FLOAT}


def test_the_float16_network_needs_no_file_beside_it_and_has_a_fixed_batch(tiny: ActorBundle) -> None:
    from onnx import load_from_string

    model = load_from_string(float16_network(tiny, 3))
    assert {tensor.data_location for tensor in model.graph.initializer} == {0}
    shapes = {
        port.name: [size.dim_value for size in port.type.tensor_type.shape.dim]
        for port in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"crops": [3, 1, 320, 240], "latents": [3, 160], "vertices": [3, 50, 3]}


def test_every_weight_of_the_float16_network_is_used(two_views: ActorBundle) -> None:
    from onnx import load_from_string

    graph = load_from_string(float16_network(two_views, 2)).graph
    used = {name for node in graph.node for name in node.input} | {port.name for port in graph.output}
    made = {tensor.name for tensor in graph.initializer} | {name for node in graph.node for name in node.output}
    assert made <= used


def test_what_the_facts_do_not_promise_is_not_computed(two_views: ActorBundle, tmp_path: Path) -> None:
    from onnx import load_from_string

    folder = Path(shutil.copytree(two_views.folder, tmp_path / "actor"))
    network = json.loads((folder / "bundle.json").read_text("utf-8"))["network"]
    change_facts(folder, network={**network, "has_errors": False})
    model = load_from_string(float16_network(ActorBundle.open(folder), 1))
    assert [port.name for port in model.graph.output] == ["latents", "vertices"]


def test_a_weight_too_large_for_float16_is_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    bundle = tiny_bundle(tmp_path / "actor", "float32")
    model = onnx.load(str(bundle.network_path), load_external_data=False)
    kernel = next(tensor for tensor in model.graph.initializer if tensor.name == "kernel0_stored")
    kernel.CopyFrom(onnx.numpy_helper.from_array(np.full(kernel.dims, 1e6, np.float32), kernel.name))
    bundle.network_path.write_bytes(model.SerializeToString())
    with pytest.raises(BackendError, match="too large for float16"):
        float16_network(bundle, 1)


# The network in 8 bits


def solved_by_onnx_runtime(network: bytes | Path, crops: np.ndarray) -> list[np.ndarray]:
    """Latents, vertices, and errors where it has them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    given = network if isinstance(network, bytes) else str(network)
    session = onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    return list(session.run(None, {"crops": crops}))


@pytest.fixture(scope="module", params=["one", "two"])
def in_8_bits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    pytest.importorskip("export.network.int8", reason="its 8 bits are made by the export")
    folder = tmp_path_factory.mktemp("int8") / "actor"
    two = {"cameras": ("front", "side"), "has_errors": True}
    return with_int8(tiny_bundle(folder, **(two if request.param == "two" else {})))


def test_the_network_in_8_bits_has_signed_ones_only_and_every_type_is_told(in_8_bits: ActorBundle) -> None:
    from onnx import TensorProto, checker, load_from_string, numpy_helper

    network = int8_network(in_8_bits, 3)
    model = load_from_string(network)
    checker.check_model(model, full_check=True)
    types = types_of(network)
    assert types["QuantizeLinear"] == {TensorProto.INT8}
    assert types["DequantizeLinear"] == types["MatMul"] == types["Add"] == {TensorProto.FLOAT}
    assert types["Conv"] == {TensorProto.FLOAT16, TensorProto.FLOAT}
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    assert {tensor.data_location for tensor in stored.values()} == {0}
    dequantised = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    num_in_8_bits = 0
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            assert stored[node.input[2]].data_type == TensorProto.INT8
            assert not np.any(numpy_helper.to_array(stored[node.input[2]]))
        if node.op_type == "Conv" and not dequantised.isdisjoint(node.input):
            assert dequantised.issuperset(node.input)  # nothing between the steps and the convolution
            num_in_8_bits += 1
    assert num_in_8_bits == sum(node.op_type == "Conv" for node in model.graph.node) - 1
    used = {name for node in model.graph.node for name in node.input} | {port.name for port in model.graph.output}
    assert used >= stored.keys()


def test_the_network_in_8_bits_costs_what_the_actors_own_costs(in_8_bits: ActorBundle) -> None:
    crops = np.random.default_rng(5).integers(0, 256, (8, len(in_8_bits.views), 320, 240), np.uint8)
    exact = solved_by_onnx_runtime(in_8_bits.network_path, crops)
    own = solved_by_onnx_runtime(in_8_bits.network_in("int8"), crops)
    for_gpu = solved_by_onnx_runtime(int8_network(in_8_bits, 8), crops)
    own_mm, for_gpu_mm = (np.sqrt(np.square(distances_mm(one[1], exact[1])).mean()) for one in (own, for_gpu))
    assert 0 < for_gpu_mm < 1.1 * own_mm
    if in_8_bits.has_errors:
        np.testing.assert_allclose(for_gpu[2], own[2], rtol=0.02)


@pytest.mark.parametrize("place", [np.s_[:], np.s_[:40], np.s_[-40:], np.s_[:, :30], np.s_[:, -30:]])
def test_a_face_at_any_rim_is_solved_as_by_the_actors_own_8_bits(tiny_int8: ActorBundle, place: object) -> None:
    crops = np.zeros((1, 1, 320, 240), np.uint8)
    crops[0, 0][place] = np.random.default_rng(6).integers(0, 256, crops[0, 0][place].shape)
    own = solved_by_onnx_runtime(tiny_int8.network_in("int8"), crops)
    # Their sums are rounded otherwise, so that a value here and there falls on the next step.
    assert distances_mm(solved_by_onnx_runtime(int8_network(tiny_int8, 1), crops)[1], own[1]).max() < 0.1


# Running, on a pretended GPU


@pytest.mark.usefixtures("tensorrt")
def test_it_solves_as_onnx_runtime_does_in_every_batch_size(tiny: ActorBundle, tmp_path: Path) -> None:
    reference = open_backend(tiny, "onnxruntime", num_threads=1)
    expected = reference.run(CROPS)
    reference.close()
    backend = trt.TrtBackend(tiny, "float16", 1, tmp_path)
    for batch_size in (1, 5, 1, 3, 5):
        solved = backend.run(CROPS[:batch_size])
        assert solved.vertices.shape == (batch_size, 50, 3)
        assert solved.errors_mm is None
        assert distances_mm(solved.vertices, expected.vertices[:batch_size]).max() < ALLOWED_MM["float16"]
        np.testing.assert_allclose(solved.latents, expected.latents[:batch_size], atol=0.02)
    backend.close()


@pytest.mark.usefixtures("tensorrt")
def test_it_solves_in_8_bits_where_the_actor_has_them(
    in_8_bits: ActorBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trt, "engine_folder", lambda: tmp_path)
    (told,) = [status for status in backend_report(in_8_bits) if status.name == "tensorrt"]
    assert told.precisions == ("float16", "int8")
    crops = np.random.default_rng(4).integers(0, 256, (3, len(in_8_bits.views), 320, 240), np.uint8)
    by_name = {}
    for name in ("onnxruntime", "tensorrt"):
        backend = open_backend(in_8_bits, name, "int8", num_threads=1)
        assert (backend.name, backend.precision) == (name, "int8")
        by_name[name] = backend.run(crops)
        backend.close()
    # Of two views a quarter of the first values lies halfway between two steps, where either is right.
    allowed_mm = 0.1 if len(in_8_bits.views) == 1 else 0.6
    assert distances_mm(by_name["tensorrt"].vertices, by_name["onnxruntime"].vertices).max() < allowed_mm


def test_engines_of_both_precisions_lie_side_by_side(
    tiny_int8: ActorBundle, tmp_path: Path, tensorrt: FakeTensorrt
) -> None:
    trt.TrtBackend(tiny_int8, "float16", 1, tmp_path).close()
    assert not trt.has_engine(tiny_int8, "int8", tmp_path)
    for precision in ("int8", "float16", "int8"):
        trt.TrtBackend(tiny_int8, precision, 1, tmp_path).close()
    assert trt.has_engine(tiny_int8, "int8", tmp_path)
    assert (tensorrt.num_builds, len(list(tmp_path.iterdir()))) == (2, 2)


def test_an_engine_in_8_bits_is_proven_at_every_start(
    tiny_int8: ActorBundle, tmp_path: Path, tensorrt: FakeTensorrt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trt, "engine_folder", lambda: tmp_path)
    open_backend(tiny_int8, "tensorrt", "int8", num_threads=1).close()
    tensorrt.wrong_cm = 0.2  # as if another driver of the same version added up wrongly
    with pytest.raises(BackendError, match="tensorrt in int8 solves a face"):
        open_backend(tiny_int8, "tensorrt", "int8", num_threads=1)


@pytest.mark.usefixtures("tensorrt")
def test_views_and_expected_errors_pass_through(two_views: ActorBundle, tmp_path: Path) -> None:
    crops = np.random.default_rng(4).integers(0, 256, (3, 2, 320, 240), np.uint8)
    reference = open_backend(two_views, "onnxruntime", num_threads=1)
    expected = reference.run(crops)
    reference.close()
    backend = trt.TrtBackend(two_views, "float16", 1, tmp_path)
    solved = backend.run(crops)
    backend.close()
    assert solved.errors_mm is not None
    np.testing.assert_allclose(solved.errors_mm, expected.errors_mm, rtol=0.02)
    assert distances_mm(solved.vertices, expected.vertices).max() < 2 * ALLOWED_MM["float16"]


@pytest.mark.usefixtures("tensorrt")
def test_a_result_belongs_to_the_caller(tiny: ActorBundle, tmp_path: Path) -> None:
    backend = trt.TrtBackend(tiny, "float16", 1, tmp_path)
    first = backend.run(CROPS[:1])
    kept = first.vertices.copy()
    backend.run(CROPS[1:2])
    backend.close()
    np.testing.assert_array_equal(first.vertices, kept)


@pytest.mark.usefixtures("tensorrt")
def test_closing_gives_all_memory_back(tiny: ActorBundle, tmp_path: Path, driver: FakeDriver) -> None:
    backend = trt.TrtBackend(tiny, "float16", 1, tmp_path)
    backend.run(CROPS[:2])
    backend.run(CROPS[:3])
    assert len(driver.blocks) == 8  # of two engines
    backend.close()
    assert (driver.blocks, driver.graphs, driver.num_contexts, driver.num_streams) == ({}, {}, 0, 0)


def test_an_engine_is_built_once(tiny: ActorBundle, tmp_path: Path, tensorrt: FakeTensorrt) -> None:
    for _ in range(2):
        backend = trt.TrtBackend(tiny, "float16", 1, tmp_path)
        backend.run(CROPS)
        backend.close()
    assert tensorrt.num_builds == 2  # a single crop, and five


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data.replace(b"plan", b"plot"), lambda _: b""])
def test_an_engine_damaged_on_the_disk_is_built_again(
    tiny: ActorBundle, tmp_path: Path, tensorrt: FakeTensorrt, damage
) -> None:
    trt.TrtBackend(tiny, "float16", 1, tmp_path).close()
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    assert not trt.has_engine(tiny, "float16", tmp_path)
    trt.TrtBackend(tiny, "float16", 1, tmp_path).close()
    assert tensorrt.num_builds == 2
    assert kept.read_bytes() == whole


def test_an_engine_that_no_longer_runs_is_built_again(
    tiny: ActorBundle, tmp_path: Path, tensorrt: FakeTensorrt, caplog: pytest.LogCaptureFixture
) -> None:
    trt.TrtBackend(tiny, "float16", 1, tmp_path).close()
    (kept,) = tmp_path.iterdir()
    tensorrt.MARK = b"newer plan of "  # as if the runtime had changed and not its version
    backend = trt.TrtBackend(tiny, "float16", 1, tmp_path)
    backend.run(CROPS[:1])
    backend.close()
    assert tensorrt.num_builds == 2
    assert b"newer plan of" in kept.read_bytes()
    assert "is built again" in caplog.text


@pytest.mark.parametrize("version", ["11.0.1", "12.0"])
def test_another_version_builds_again(
    tiny: ActorBundle, tmp_path: Path, tensorrt: FakeTensorrt, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    assert not trt.has_engine(tiny, "float16", tmp_path)
    trt.TrtBackend(tiny, "float16", 1, tmp_path).close()
    assert trt.has_engine(tiny, "float16", tmp_path)
    monkeypatch.setattr(tensorrt, "__version__", version)
    assert not trt.has_engine(tiny, "float16", tmp_path)
    trt.TrtBackend(tiny, "float16", 1, tmp_path).close()
    assert tensorrt.num_builds == 2


@pytest.mark.parametrize("wrong_cm", [0.05, np.nan])
def test_an_engine_that_solves_wrongly_is_neither_used_nor_kept(
    tiny: ActorBundle, tmp_path: Path, tensorrt: FakeTensorrt, driver: FakeDriver, wrong_cm: float
) -> None:
    tensorrt.wrong_cm = wrong_cm
    with pytest.raises(BackendError, match="mm away from ONNX Runtime"):
        trt.TrtBackend(tiny, "float16", 1, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert (driver.blocks, driver.num_contexts) == ({}, 0)


@pytest.mark.parametrize(
    ("refuses", "says"),
    [
        ("parse", "cannot read the network (no such operator)"),
        ("build", "cannot build the network (no kernel for Conv)"),
        ("run", "cannot run its engine here"),
    ],
)
def test_a_refusal_is_told_with_its_reason(
    tiny: ActorBundle, tmp_path: Path, tensorrt: FakeTensorrt, driver: FakeDriver, refuses: str, says: str
) -> None:
    tensorrt.refuses = refuses
    with pytest.raises(BackendError) as caught:
        trt.TrtBackend(tiny, "float16", 1, tmp_path)
    assert says in caught.value.reason
    assert driver.num_contexts == 0


@pytest.mark.usefixtures("tensorrt")
@pytest.mark.parametrize("memory_bytes", [100, 77_000, 80_000, 156_000])
def test_a_full_gpu_is_told_and_left_as_it_was(
    tiny: ActorBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory_bytes: int
) -> None:
    full = FakeDriver(memory_bytes)
    monkeypatch.setitem(sys.modules, "cuda.bindings.driver", full)
    with pytest.raises(BackendError, match="Alloc returned CUDA_ERROR_OUT_OF_MEMORY"):
        trt.TrtBackend(tiny, "float16", 1, tmp_path)
    assert (full.blocks, full.num_contexts, full.num_streams) == ({}, 0, 0)


def test_facts_that_do_not_fit_the_network_are_refused(
    tiny: ActorBundle, tmp_path: Path, tensorrt: FakeTensorrt
) -> None:
    plan = build_plan(tensorrt, float16_network(tiny, 2))
    with pytest.raises(BackendError, match=r"is not what its bundle\.json says"):
        Engine(tensorrt, SimpleNamespace(), plan, tiny, 1)


# Whether it can run


def test_without_a_driver_tensorrt_is_not_even_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> ModuleType:
        raise AssertionError("TensorRT may end the process here")

    monkeypatch.setattr(trt, "_import_tensorrt", load)
    monkeypatch.setattr(trt, "probe_gpu", lambda: NO_DRIVER)
    told = trt.status()
    assert (told.is_usable, told.precisions) == (False, ())
    assert told.reason.startswith("no NVIDIA driver is installed")


def test_without_a_driver_what_else_is_missing_is_named_as_well(
    tensorrt: FakeTensorrt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trt, "probe_gpu", lambda: NO_DRIVER)
    assert trt.status().reason == "no NVIDIA driver is installed"
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "cuda.bindings.driver", None)
    reason = trt.status().reason
    assert reason.startswith("no NVIDIA driver is installed; not installed: cuda-bindings, onnx (pip install")
    for module in ("tensorrt", "tensorrt_rtx"):
        monkeypatch.setitem(sys.modules, module, None)
    assert "not installed: TensorRT, cuda-bindings, onnx (" in trt.status().reason


@pytest.mark.usefixtures("tensorrt")
def test_it_is_usable_where_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(FakeDriver, "cuDevicePrimaryCtxRetain")  # asking makes no context
    told = trt.status()
    assert (told.is_usable, told.version, told.precisions, told.reason) == (True, "11.0.0", ("float16",), "")


@pytest.mark.parametrize(("module", "package"), [("cuda.bindings.driver", "cuda-bindings"), ("onnx", "onnx")])
def test_what_is_missing_is_named(
    tensorrt: FakeTensorrt, monkeypatch: pytest.MonkeyPatch, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    told = trt.status()
    assert not told.is_usable
    assert told.reason.startswith(f"not installed: {package} (pip install")


@pytest.mark.usefixtures("tensorrt")
def test_a_library_that_does_not_load_is_named_beside_a_package_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load() -> ModuleType:
        raise OSError("libnvinfer.so.11: cannot open shared object file")

    monkeypatch.setattr(trt, "_import_tensorrt", load)
    monkeypatch.setitem(sys.modules, "onnx", None)
    reason = trt.status().reason
    assert "not installed: onnx" in reason
    assert "does not load (libnvinfer.so.11" in reason


@pytest.mark.usefixtures("tensorrt")
def test_a_driver_that_fails_is_refused_with_one_recovery(driver: FakeDriver, tiny: ActorBundle) -> None:
    def unknown(flags: int) -> None:
        raise RuntimeError("Failed to get cuGetProcAddress_v2")

    driver.cuInit = unknown
    with pytest.raises(BackendError) as caught:
        open_backend(tiny, "tensorrt")
    assert "does not know cuInit" in caught.value.reason
    assert str(caught.value).count("--backend") == 1


@pytest.mark.usefixtures("driver")
def test_where_neither_is_installed_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("tensorrt", "tensorrt_rtx"):
        monkeypatch.setitem(sys.modules, module, None)
    assert trt.status().reason.startswith("not installed: TensorRT (pip install")


def test_a_gpu_that_tensorrt_for_rtx_does_not_know_is_named(tensorrt: FakeTensorrt) -> None:
    tensorrt.ComputeCapability = SimpleNamespace(__members__={"SM75": 75, "SM120": 120})
    told = trt.status()
    assert told.reason == "TensorRT-RTX 11.0.0 does not serve NVIDIA Pretend (compute capability 8.9)"
    tensorrt.ComputeCapability.__members__["SM89"] = 89
    assert trt.status().is_usable


# The cache


def test_an_engine_comes_back_as_it_was(tmp_path: Path) -> None:
    assert load_engine(tmp_path / "engines", KEY) is None
    keep_engine(tmp_path / "engines", KEY, b"an\nengine")
    assert load_engine(tmp_path / "engines", KEY) == b"an\nengine"
    assert (tmp_path / "engines").stat().st_mode & 0o777 == 0o700
    assert [path.suffix for path in (tmp_path / "engines").iterdir()] == [".engine"]


@pytest.mark.parametrize(
    "change",
    [
        {"network": "0"},
        {"runtime": "TensorRT 12"},
        {"gpu": "NVIDIA Other (8.9)"},
        {"driver": "13.1"},
        {"batch_size": 2},
    ],
)
def test_another_key_is_another_engine(tmp_path: Path, change: dict[str, object]) -> None:
    keep_engine(tmp_path, KEY, b"engine")
    other = replace(KEY, **change)
    assert load_engine(tmp_path, other) is None
    shutil.copy(tmp_path / KEY.file_name, tmp_path / other.file_name)  # nor by another name
    assert load_engine(tmp_path, other) is None


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data + b"x", lambda data: data[1:], lambda _: b""]
)
def test_a_damaged_engine_is_not_loaded(tmp_path: Path, damage) -> None:
    keep_engine(tmp_path, KEY, b"engine" * 1000)
    path = tmp_path / KEY.file_name
    path.write_bytes(damage(path.read_bytes()))
    assert load_engine(tmp_path, KEY) is None
    keep_engine(tmp_path, KEY, b"engine")
    assert load_engine(tmp_path, KEY) == b"engine"


def test_an_engine_that_cannot_be_read_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_engine(tmp_path, KEY, b"engine")

    def bad_disk(path: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", bad_disk)
    assert load_engine(tmp_path, KEY) is None


def test_a_folder_that_others_may_write_into_is_refused(tmp_path: Path) -> None:
    keep_engine(tmp_path, KEY, b"engine")
    tmp_path.chmod(0o777)
    for use in (lambda: load_engine(tmp_path, KEY), lambda: keep_engine(tmp_path, KEY, b"other")):
        with pytest.raises(BackendError, match="Other users may write"):
            use()
    assert (tmp_path / KEY.file_name).read_bytes().endswith(b"\nengine")


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_engine(tmp_path, KEY, b"engine")

    def full(path: Path, data: bytes) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="the disk is full"):
        keep_engine(tmp_path, KEY, b"other")
    assert load_engine(tmp_path, KEY) == b"engine"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_engines_used_last_are_kept(tmp_path: Path) -> None:
    keys = [replace(KEY, batch_size=size) for size in range(30)]
    for age, key in enumerate(keys):
        keep_engine(tmp_path, key, b"engine")
        os.utime(tmp_path / key.file_name, (1000 + age, 1000 + age))
        load_engine(tmp_path, keys[0])
    assert load_engine(tmp_path, keys[0]) == b"engine"
    assert load_engine(tmp_path, keys[1]) is None
    assert len(list(tmp_path.iterdir())) == 24


def test_engines_lie_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert engine_folder() == tmp_path / "livedouble" / "engines"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert engine_folder() == tmp_path / "home" / ".cache" / "livedouble" / "engines"


# A real driver


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_a_real_gpu_solves_a_face(request: pytest.FixtureRequest, tmp_path: Path, precision: str) -> None:
    told = trt.status()
    if not told.is_usable:
        pytest.skip(f"TensorRT: {told.reason}")
    actor = request.getfixturevalue("tiny_int8" if precision == "int8" else "tiny")
    backend = trt.TrtBackend(actor, precision, 1, tmp_path)  # which compares it
    assert backend.run(CROPS).vertices.shape == (5, 50, 3)
    backend.close()
    assert probe_gpu().names[0] in backend.provider
