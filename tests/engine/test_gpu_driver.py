"""The driver's layer on a pretended GPU, and its bindings' names on the real ones."""

import inspect
import sys

import pytest

from engine.errors import BackendError
from engine.gpu import driver as gpu_driver
from engine.gpu.driver import DeviceMemory, Gpu, PinnedArray, Stream, compute_capability
from tests.engine.fake_gpu import FACTS, FakeDriver


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    driver = FakeDriver(memory_bytes=1000)
    monkeypatch.setitem(sys.modules, "cuda.bindings.driver", driver)
    monkeypatch.setattr(gpu_driver, "probe_gpu", lambda: FACTS)
    return driver


@pytest.mark.usefixtures("driver")
def test_the_gpu_says_what_it_is() -> None:
    gpu = Gpu()
    assert (gpu.name, gpu.capability, gpu.architecture) == ("NVIDIA Pretend", "8.9", 89)


def test_the_compute_capability_is_told_without_a_context(driver: FakeDriver) -> None:
    assert compute_capability() == "8.9"
    assert driver.num_contexts == 0


@pytest.mark.usefixtures("driver")
def test_a_failure_names_the_function_its_code_and_what_to_do() -> None:
    with pytest.raises(BackendError) as caught:
        DeviceMemory(Gpu(), 1001)
    assert caught.value.reason == "The NVIDIA driver failed: cuMemAlloc returned CUDA_ERROR_OUT_OF_MEMORY."
    assert "choose another --backend" in caught.value.recovery


def test_a_driver_without_a_function_is_told_to_be_updated(driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object) -> None:
        raise RuntimeError('Function "cuInit" not found')

    monkeypatch.setattr(driver, "cuInit", absent, raising=False)
    with pytest.raises(BackendError, match=r"does not know cuInit .* Update the driver"):
        Gpu()


@pytest.mark.usefixtures("driver")
def test_bindings_that_are_not_installed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings.driver", None)
    with pytest.raises(BackendError, match=r"cuda-bindings do not load .*livedouble\[cuda\]"):
        Gpu()


def test_what_is_recorded_runs_when_it_is_replayed(driver: FakeDriver) -> None:
    gpu = Gpu()
    stream = Stream(gpu)
    there, source, back = DeviceMemory(gpu, 6), PinnedArray(gpu, (2, 3)), PinnedArray(gpu, (6,))

    def there_and_back() -> None:
        stream.upload(there, source)
        stream.download(back, there)

    source.array[:] = 1
    back.array[:] = 0
    recorded = stream.record(there_and_back)
    stream.wait()
    assert back.array.tolist() == [0] * 6
    source.array[:] = [[1, 2, 3], [4, 5, 6]]
    stream.replay(recorded)
    stream.wait()
    assert back.array.tolist() == [1, 2, 3, 4, 5, 6]
    stream.forget(recorded)
    for _ in range(2):  # closing twice is closing once
        for held in (there, source, back, stream):
            held.close()
    gpu.close()
    assert (driver.blocks, driver.graphs, driver.num_contexts, driver.num_streams) == ({}, {}, 0, 0)


def test_work_that_fails_while_it_is_recorded_leaves_the_stream_usable(driver: FakeDriver) -> None:
    def fail() -> None:
        raise BackendError("No.", "Again.")

    stream = Stream(Gpu())
    with pytest.raises(BackendError, match="No"):
        stream.record(fail)
    stream.forget(stream.record(lambda: None))
    stream.wait()
    assert driver.graphs == {}


def test_the_pretended_driver_has_no_function_that_the_real_bindings_lack() -> None:
    real = pytest.importorskip("cuda.bindings.driver", reason="cuda-bindings is not installed (extra: cuda)")
    assert [name for name in vars(FakeDriver) if name.startswith("cu") and not hasattr(real, name)] == []
    names = ("CUstream_flags", "CUevent_flags", "CUstreamCaptureMode", "CUdevice_attribute", "CUmemorytype")
    for enumeration in names:
        for name, value in vars(getattr(FakeDriver, enumeration)).items():
            assert int(getattr(getattr(real, enumeration), name)) == value


def test_the_pretended_driver_takes_what_the_real_bindings_take() -> None:
    real = pytest.importorskip("cuda.bindings.driver", reason="cuda-bindings is not installed (extra: cuda)")
    for name, function in vars(FakeDriver).items():
        if name.startswith("cu"):
            parameters = list(inspect.signature(function).parameters.values())[1:]  # self
            is_open = any(one.kind is one.VAR_POSITIONAL for one in parameters)
            num_real = len(inspect.signature(getattr(real, name)).parameters)
            assert len(parameters) == num_real or is_open, name
