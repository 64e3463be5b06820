"""A GPU of plain memory: the driver and TensorRT as the backend calls them, the network solved by ONNX Runtime.

Rule: what is put into the stream while a graph is recorded does not run until the graph is replayed.
"""

import ctypes
import enum
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace

import numpy as np
import onnxruntime

from engine.machine import GpuFacts

FACTS = GpuFacts(("NVIDIA Pretend",), (1024,), "13.0", "")
_POISON = 0xFF  # of new memory: every number in it is none


class _Result(enum.IntEnum):
    CUDA_SUCCESS = 0
    CUDA_ERROR_OUT_OF_MEMORY = 2


class FakeDriver(ModuleType):
    """`cuda.bindings.driver`: functions that give a code and their values."""

    CUresult = _Result
    CUstream_flags = SimpleNamespace(CU_STREAM_NON_BLOCKING=1)
    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_RELAXED=2)
    CUdevice_attribute = SimpleNamespace(
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR=75, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR=76
    )

    def __init__(self, memory_bytes: int = 1 << 30) -> None:
        super().__init__("cuda.bindings.driver")
        self.blocks: dict[int, ctypes.Array[ctypes.c_char]] = {}
        self.graphs: dict[int, list[Callable[[], None]]] = {}
        self.num_contexts = self.num_streams = 0
        self._left_bytes = memory_bytes
        self._recording: list[Callable[[], None]] | None = None

    def put(self, work: Callable[[], None]) -> None:
        """Into the stream."""
        if self._recording is None:
            work()
        else:
            self._recording.append(work)

    def cuInit(self, flags: int) -> tuple[_Result]:
        return (_Result.CUDA_SUCCESS,)

    def cuDeviceGet(self, index: int) -> tuple[_Result, int]:
        return _Result.CUDA_SUCCESS, index

    def cuDeviceGetAttribute(self, attribute: int, device: int) -> tuple[_Result, int]:
        return _Result.CUDA_SUCCESS, {75: 8, 76: 9}[attribute]

    def cuDevicePrimaryCtxRetain(self, device: int) -> tuple[_Result, str]:
        self.num_contexts += 1
        return _Result.CUDA_SUCCESS, "context"

    def cuDevicePrimaryCtxRelease(self, device: int) -> tuple[_Result]:
        self.num_contexts -= 1
        return (_Result.CUDA_SUCCESS,)

    def cuCtxSetCurrent(self, context: str) -> tuple[_Result]:
        return (_Result.CUDA_SUCCESS,)

    def cuStreamCreate(self, flags: int) -> tuple[_Result, int]:
        self.num_streams += 1
        return _Result.CUDA_SUCCESS, 7

    def cuStreamDestroy(self, stream: int) -> tuple[_Result]:
        self.num_streams -= 1
        return (_Result.CUDA_SUCCESS,)

    def cuStreamSynchronize(self, stream: int) -> tuple[_Result]:
        assert self._recording is None, "nobody waits while a graph is recorded"
        return (_Result.CUDA_SUCCESS,)

    def cuMemAlloc(self, num_bytes: int) -> tuple[_Result, int]:
        if num_bytes > self._left_bytes:
            return _Result.CUDA_ERROR_OUT_OF_MEMORY, 0
        self._left_bytes -= num_bytes
        block = ctypes.create_string_buffer(num_bytes)
        ctypes.memset(block, _POISON, num_bytes)
        self.blocks[ctypes.addressof(block)] = block
        return _Result.CUDA_SUCCESS, ctypes.addressof(block)

    def cuMemHostAlloc(self, num_bytes: int, flags: int) -> tuple[_Result, int]:
        return self.cuMemAlloc(num_bytes)

    def cuMemFree(self, address: int) -> tuple[_Result]:
        self._left_bytes += len(self.blocks.pop(address))
        return (_Result.CUDA_SUCCESS,)

    def cuMemFreeHost(self, address: int) -> tuple[_Result]:
        return self.cuMemFree(address)

    def cuMemcpyHtoDAsync(self, to: int, source: int, num_bytes: int, stream: int) -> tuple[_Result]:
        self.put(lambda: void(ctypes.memmove(to, source, num_bytes)))
        return (_Result.CUDA_SUCCESS,)

    def cuMemcpyDtoHAsync(self, to: int, source: int, num_bytes: int, stream: int) -> tuple[_Result]:
        return self.cuMemcpyHtoDAsync(to, source, num_bytes, stream)

    def cuStreamBeginCapture(self, stream: int, mode: int) -> tuple[_Result]:
        self._recording = []
        return (_Result.CUDA_SUCCESS,)

    def cuStreamEndCapture(self, stream: int) -> tuple[_Result, list[Callable[[], None]]]:
        recording, self._recording = self._recording, None
        assert recording is not None
        return _Result.CUDA_SUCCESS, recording

    def cuGraphInstantiate(self, graph: list[Callable[[], None]], flags: int) -> tuple[_Result, int]:
        self.graphs[id(graph)] = graph
        return _Result.CUDA_SUCCESS, id(graph)

    def cuGraphDestroy(self, graph: list[Callable[[], None]]) -> tuple[_Result]:
        return (_Result.CUDA_SUCCESS,)

    def cuGraphLaunch(self, graph: int, stream: int) -> tuple[_Result]:
        for work in self.graphs[graph]:
            work()
        return (_Result.CUDA_SUCCESS,)

    def cuGraphExecDestroy(self, graph: int) -> tuple[_Result]:
        del self.graphs[graph]
        return (_Result.CUDA_SUCCESS,)


def void(_: object) -> None:
    """Nothing."""


class FakeTensorrt(ModuleType):
    """`tensorrt`: a plan is a mark and the network's ONNX file; it runs on the processor.

    Args:
        driver: Whose stream and memory it uses.
        wrong_cm: Added to every vertex.
        refuses: What to refuse: "parse", "build" or "run".
    """

    __version__ = "11.0.0"
    MARK = b"plan of "
    NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)
    BuilderFlag = SimpleNamespace(TF32="TF32")

    class ILogger:
        INTERNAL_ERROR, ERROR, WARNING = range(3)

    def __init__(self, driver: FakeDriver, wrong_cm: float = 0.0, refuses: str = "") -> None:
        super().__init__("tensorrt")
        self.driver, self.wrong_cm, self.refuses = driver, wrong_cm, refuses
        self.num_builds = 0

    def Builder(self, log: object) -> SimpleNamespace:
        def build(network: SimpleNamespace, config: object) -> bytes | None:
            self.num_builds += 1
            if self.refuses == "build":
                log.log(self.ILogger.ERROR, "no kernel for Conv.\n(and more)")
                return None
            return self.MARK + network.file

        return SimpleNamespace(
            create_network=lambda flags: SimpleNamespace(file=b""),
            create_builder_config=lambda: SimpleNamespace(clear_flag=void),
            build_serialized_network=build,
        )

    def OnnxParser(self, network: SimpleNamespace, log: object) -> SimpleNamespace:
        def parse(file: bytes) -> bool:
            network.file = file
            return self.refuses != "parse"

        return SimpleNamespace(
            parse=parse, num_errors=1, get_error=lambda index: SimpleNamespace(desc=lambda: "no such operator")
        )

    def Runtime(self, log: object) -> SimpleNamespace:
        return SimpleNamespace(deserialize_cuda_engine=self._engine)

    def _engine(self, plan: bytes) -> "_FakeEngine | None":
        if self.refuses == "run" or not plan.startswith(self.MARK):
            return None
        return _FakeEngine(self, plan.removeprefix(self.MARK))


class _FakeEngine:
    def __init__(self, tensorrt: FakeTensorrt, file: bytes) -> None:
        self._tensorrt = tensorrt
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self._ports = {port.name: port.shape for port in self._all_ports()}
        self._addresses: dict[str, int] = {}

    def _all_ports(self) -> Iterator[onnxruntime.NodeArg]:
        yield from (*self._session.get_inputs(), *self._session.get_outputs())

    @property
    def num_io_tensors(self) -> int:
        return len(self._ports)

    def get_tensor_name(self, index: int) -> str:
        return list(self._ports)[index]

    def get_tensor_shape(self, name: str) -> list[int]:
        return self._ports[name]

    def create_execution_context(self) -> "_FakeEngine":
        return self

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        assert self._addresses.keys() == self._ports.keys()
        self._tensorrt.driver.put(self._solve)
        return True

    def _solve(self) -> None:
        (port,) = self._session.get_inputs()
        num_bytes = int(np.prod(port.shape))
        crops = np.frombuffer(ctypes.string_at(self._addresses[port.name], num_bytes), np.uint8).reshape(port.shape)
        outputs = [one.name for one in self._session.get_outputs()]
        for name, values in zip(outputs, self._session.run(outputs, {port.name: crops}), strict=True):
            told = np.ascontiguousarray(values + self._tensorrt.wrong_cm * (name == "vertices"), np.float32)
            ctypes.memmove(self._addresses[name], told.ctypes.data, told.nbytes)
