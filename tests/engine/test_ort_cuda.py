"""ONNX Runtime on a GPU, against a stand-in: no GPU has seen this backend yet, what it computes there is unproven."""

from contextlib import closing

import numpy as np
import onnxruntime
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from engine.backends import choice, open_backend, ort, ort_cuda
from engine.bundle import ActorBundle
from engine.errors import BackendError
from engine.machine import GpuFacts
from tests.engine.fake_cuda_session import CPU, FakeRuntime
from tests.engine.fake_gpu import FACTS

CROPS = np.random.default_rng(7).integers(0, 256, (5, 1, 320, 240), np.uint8)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch):
    """Puts a runtime and a GPU into the machine."""

    def install(runtime: FakeRuntime, gpu: GpuFacts = FACTS) -> FakeRuntime:
        monkeypatch.setattr(ort_cuda, "onnxruntime", runtime)
        monkeypatch.setattr(ort_cuda, "probe_gpu", lambda: gpu)
        monkeypatch.setattr(onnxruntime, "InferenceSession", runtime.open)
        return runtime

    return install


def test_every_batch_size_in_any_order_gives_the_reference_vertices(tiny: ActorBundle, install) -> None:
    install(FakeRuntime())
    with (
        closing(open_backend(tiny, "cuda", num_threads=1)) as backend,
        closing(ort.OrtBackend(tiny, "float32", 1)) as on,
    ):
        assert (backend.name, backend.precision) == ("cuda", "float32")
        assert backend.provider == "CUDAExecutionProvider, NVIDIA Pretend"
        for first, last in ((0, 1), (0, 5), (1, 2), (1, 4), (2, 5), (0, 5)):
            solved, expected = backend.run(CROPS[first:last]), on.run(CROPS[first:last])
            np.testing.assert_allclose(solved.latents, expected.latents, atol=1e-5)
            np.testing.assert_allclose(solved.vertices, expected.vertices, atol=1e-5)


def test_results_are_the_callers_own(tiny: ActorBundle, install) -> None:
    install(FakeRuntime())
    with closing(open_backend(tiny, "cuda", num_threads=1)) as backend:
        first = backend.run(CROPS[:1])
        kept = first.vertices.copy()
        backend.run(CROPS[1:2])
        np.testing.assert_array_equal(first.vertices, kept)


def test_it_asks_for_a_graph_on_the_gpu_alone_and_for_whole_float32(tiny: ActorBundle, install) -> None:
    runtime = install(FakeRuntime())
    open_backend(tiny, "cuda", num_threads=1).close()
    ((options, settings),) = runtime.asked
    assert settings["enable_cuda_graph"] == "1"
    assert settings["use_tf32"] == "0"
    assert options.get_session_config_entry("session.disable_cpu_ep_fallback") == "1"


def test_a_session_that_fell_back_to_the_processor_is_refused_by_name(tiny: ActorBundle, install) -> None:
    install(FakeRuntime(runs_on=CPU))
    with pytest.raises(BackendError, match="asked for CUDA and runs on CPUExecutionProvider"):
        open_backend(tiny, "cuda", num_threads=1)


def test_the_automatic_choice_takes_the_gpu_and_warns_where_it_does_not_start(
    tiny: ActorBundle, install, caplog: pytest.LogCaptureFixture
) -> None:
    install(FakeRuntime())
    assert choice.choose_backend() == ("cuda", "float32")
    with closing(open_backend(tiny, num_threads=1)) as backend:
        assert backend.name == "cuda"
    install(FakeRuntime(runs_on=CPU))
    with closing(open_backend(tiny, num_threads=1)) as backend:
        assert backend.name != "cuda"
    assert "cuda is not taken: ONNX Runtime was asked for CUDA" in caplog.text


def test_a_run_that_fails_says_so(tiny: ActorBundle, install) -> None:
    install(FakeRuntime(failure=ort_errors.Fail("out of memory on the device")))
    with pytest.raises(BackendError, match="out of memory on the device"):
        open_backend(tiny, "cuda", num_threads=1)


@pytest.mark.parametrize(
    ("runtime", "gpu", "says"),
    [
        (FakeRuntime(), FACTS, ""),
        (FakeRuntime(available=(CPU,)), FACTS, "built without it"),
        (FakeRuntime(), GpuFacts((), (), "", "no NVIDIA driver is installed"), "no NVIDIA driver is installed"),
    ],
)
def test_it_says_what_is_missing(install, runtime: FakeRuntime, gpu: GpuFacts, says: str) -> None:
    install(runtime, gpu)
    status = ort_cuda.status()
    assert status.is_usable is (not says)
    assert says in status.reason
    assert status.precisions == (() if says else ("float32",))


def test_it_says_all_that_is_missing(install) -> None:
    install(FakeRuntime(available=(CPU,)), GpuFacts((), (), "", "no NVIDIA driver is installed"))
    reason = ort_cuda.status().reason
    assert "no NVIDIA driver is installed; " in reason
    assert "built without it" in reason


@pytest.mark.parametrize("gpu", [FACTS, GpuFacts((), (), "", "no NVIDIA driver is installed")])
def test_libraries_of_cuda_that_do_not_load_are_named_with_and_without_a_driver(install, gpu: GpuFacts) -> None:
    def load(name: str) -> None:
        if name in ("libcublas.so.13", "libcudnn.so.9"):
            raise OSError(f"{name}: cannot open shared object file")

    install(FakeRuntime(cuda_version="13.0"), gpu)
    status = ort_cuda.status(load)
    assert not status.is_usable
    assert status.reason.startswith(gpu.reason)
    assert "do not load: libcublas.so.13, libcudnn.so.9 (" in status.reason
    install(FakeRuntime(cuda_version="13.0"))
    assert ort_cuda.status(lambda name: None).is_usable
