"""NVIDIA's driver as the engine uses it: the first GPU, memory there and here, streams, events and graphs.

Rule: whether there is a driver is asked before its bindings are used; addresses are plain numbers, as TensorRT takes
them.
"""

import ctypes
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from engine.errors import BackendError
from engine.machine import probe_gpu


def cuda_module(name: str) -> ModuleType:
    """`driver` or `nvrtc` of NVIDIA's Python bindings.

    Raises:
        BackendError: They do not load.
    """
    try:
        return importlib.import_module(f"cuda.bindings.{name}")
    except ImportError as error:
        raise BackendError(
            f"NVIDIA's cuda-bindings do not load ({error}).", "Run: pip install 'livedouble[cuda]'."
        ) from error


def compute_capability() -> str:
    """Of the first GPU, such as `9.0`; cheap, no context is made. Only where `probe_gpu` finds a GPU.

    Raises:
        BackendError: The driver refuses, or cuda-bindings do not load.
    """
    driver = cuda_module("driver")
    _call(driver, "cuInit", 0)
    device = _call(driver, "cuDeviceGet", 0)
    attributes = driver.CUdevice_attribute
    parts = (
        attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
        attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
    )
    return ".".join(str(_call(driver, "cuDeviceGetAttribute", part, device)) for part in parts)


class Gpu:
    """The first NVIDIA GPU, in the context that TensorRT and torch also use. Current on the thread that opened it.

    Raises:
        BackendError: There is no GPU or no driver, it refuses, or cuda-bindings do not load.
    """

    def __init__(self) -> None:
        facts = probe_gpu()
        if facts.reason:
            raise BackendError(f"Nothing runs on a GPU here: {facts.reason}.", "Choose a backend that runs on the CPU.")
        self.driver = cuda_module("driver")
        self.name = facts.names[0]
        self.capability = compute_capability()
        self.architecture = int(self.capability.replace(".", ""))  # 90 is sm_90
        self._device = self.call("cuDeviceGet", 0)
        self._context = self.call("cuDevicePrimaryCtxRetain", self._device)
        self.make_current()

    def call(self, function: str, *arguments: Any) -> Any:
        """What a function of the driver returns: an empty tuple, one value or several in a tuple.

        Raises:
            BackendError: It fails.
        """
        return _call(self.driver, function, *arguments)

    def make_current(self) -> None:
        """Let the calling thread use this GPU; once for every thread that does."""
        self.call("cuCtxSetCurrent", self._context)

    def close(self) -> None:
        """Give the context back; whoever else uses it keeps it."""
        self.call("cuDevicePrimaryCtxRelease", self._device)


class DeviceMemory:
    """`num_bytes` of a GPU's memory at `address`, until closed."""

    def __init__(self, gpu: Gpu, num_bytes: int) -> None:
        self._gpu = gpu
        self.num_bytes = num_bytes
        self.address = int(gpu.call("cuMemAlloc", num_bytes))

    def clear(self) -> None:
        """Fill it with zeros; done when this returns."""
        self._gpu.call("cuMemsetD8", self.address, 0, self.num_bytes)
        self._gpu.call("cuCtxSynchronize")

    def close(self) -> None:
        """Free it."""
        if self.address:
            self._gpu.call("cuMemFree", self.address)
            self.address = 0


class PinnedArray:
    """A uint8 `array` in page-locked host memory at `address`, from and to which the GPU copies by itself.

    Args:
        gpu: Current on the calling thread.
        shape: Of the array.
    """

    def __init__(self, gpu: Gpu, shape: tuple[int, ...]) -> None:
        self._gpu = gpu
        num_bytes = int(np.prod(shape))
        self.address = int(gpu.call("cuMemHostAlloc", num_bytes, 0))
        memory = (ctypes.c_uint8 * num_bytes).from_address(self.address)
        self.array: np.ndarray = np.ctypeslib.as_array(memory).reshape(shape)

    def close(self) -> None:
        """Free it; `array` must not be touched after that."""
        if self.address:
            self._gpu.call("cuMemFreeHost", self.address)
            self.address = 0


class Event:
    """A moment in a stream's work: what was put into it before `Stream.mark` is done.

    Args:
        gpu: Current on the calling thread.
    """

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu
        # Without times, which cost the driver something at every mark.
        self.address = int(gpu.call("cuEventCreate", int(gpu.driver.CUevent_flags.CU_EVENT_DISABLE_TIMING)))

    def wait(self) -> None:
        """Until the moment that was marked last has come; at once where none was."""
        self._gpu.call("cuEventSynchronize", self.address)

    def close(self) -> None:
        """Release it."""
        if self.address:
            self._gpu.call("cuEventDestroy", self.address)
            self.address = 0


class Stream:
    """Work that a GPU does in the order it was given; only `wait` waits for it. One thread at a time.

    Args:
        gpu: Current on the calling thread.
    """

    def __init__(self, gpu: Gpu) -> None:
        self.gpu = gpu
        self.address = int(gpu.call("cuStreamCreate", int(gpu.driver.CUstream_flags.CU_STREAM_NON_BLOCKING)))

    def upload(self, memory: DeviceMemory, pinned: PinnedArray) -> None:
        """Copy the whole array to the GPU; unchanged until the copy has run."""
        self.gpu.call("cuMemcpyHtoDAsync", memory.address, pinned.address, pinned.array.nbytes, self.address)

    def download(self, pinned: PinnedArray, memory: DeviceMemory) -> None:
        """Fill the whole array from the GPU; there once `wait` returns."""
        self.gpu.call("cuMemcpyDtoHAsync", pinned.address, memory.address, pinned.array.nbytes, self.address)

    def mark(self, event: Event) -> None:
        """Let the event come when all that was put into the stream so far is done."""
        self.gpu.call("cuEventRecord", event.address, self.address)

    def follow(self, event: Event) -> None:
        """Let what is put into the stream from here on wait for the moment that the event marks now."""
        self.gpu.call("cuStreamWaitEvent", self.address, event.address, 0)

    def wait(self) -> None:
        """Until all is done."""
        self.gpu.call("cuStreamSynchronize", self.address)

    def record(self, work: Callable[[], object]) -> Any:
        """A graph of all that `work` puts into the stream, which does not run meanwhile; give it to `forget`."""
        # Relaxed: libraries may look after their own memory meanwhile.
        mode = self.gpu.driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
        self.gpu.call("cuStreamBeginCapture", self.address, mode)
        try:
            work()
        finally:
            graph = self.gpu.call("cuStreamEndCapture", self.address)
        try:
            return self.gpu.call("cuGraphInstantiate", graph, 0)
        finally:
            self.gpu.call("cuGraphDestroy", graph)

    def replay(self, recorded: Any) -> None:
        """Run a recorded graph."""
        self.gpu.call("cuGraphLaunch", recorded, self.address)

    def forget(self, recorded: Any) -> None:
        """Release a recorded graph, which must have run."""
        self.gpu.call("cuGraphExecDestroy", recorded)

    def close(self) -> None:
        """Release the stream; what it was given runs to its end."""
        if self.address:
            self.gpu.call("cuStreamDestroy", self.address)
            self.address = 0


def _call(driver: ModuleType, function: str, *arguments: Any) -> Any:
    try:
        code, *values = getattr(driver, function)(*arguments)
    except RuntimeError as error:  # so the bindings say that this driver has no such function
        raise BackendError(
            f"The NVIDIA driver does not know {function} ({error}).", "Update the driver, or choose another --backend."
        ) from error
    if int(code) != 0:
        raise BackendError(
            f"The NVIDIA driver failed: {function} returned {code.name}.",
            "Close other programs that use the GPU and start again, or choose another --backend.",
        )
    return values[0] if len(values) == 1 else tuple(values)
