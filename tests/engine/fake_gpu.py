"""A GPU of plain memory: the driver and TensorRT as the backend calls them, the network solved by ONNX Runtime.

Rule: what is put into a stream runs when it must and no sooner, in the streams' own order and that of their events;
while a graph is recorded it does not run until the graph is replayed.
"""

import ctypes
import enum
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import onnxruntime

from engine.crop import crop_for_network, resize_area, to_gray
from engine.frames import CropRect
from engine.gpu.parameters import Parameters, PixelLayout
from engine.machine import GpuFacts

FACTS = GpuFacts(("NVIDIA Pretend",), (1024,), "13.0", "")
_POISON = 0xFF  # of new memory: every number in it is none


class _Result(enum.IntEnum):
    CUDA_SUCCESS = 0
    CUDA_ERROR_OUT_OF_MEMORY = 2


class Schedule(enum.Enum):
    """What a GPU may do between two calls: every program must come to the same under both."""

    LATE = "nothing runs before somebody waits for it"
    EAGER_COPIES = "a stream that has never run a kernel or a network runs at once, the others as late as possible"


class _Stream:
    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []
        self.num_run = 0
        self.is_for_copies = True

    def run(self, until: int | None = None) -> None:
        """In order; a piece of work may wait for another stream."""
        until = len(self.work) if until is None else until
        while self.num_run < until:
            self.num_run += 1
            self.work[self.num_run - 1]()


class FakeDriver(ModuleType):
    """`cuda.bindings.driver`: functions that give a code and their values.

    Args:
        memory_bytes: Of the GPU and of page-locked memory together.
        schedule: When what was put into a stream is done.
        kernel_gain: What the kernel multiplies every level by.
    """

    CUresult = _Result
    CUstream_flags = SimpleNamespace(CU_STREAM_NON_BLOCKING=1)
    CUevent_flags = SimpleNamespace(CU_EVENT_DISABLE_TIMING=2)
    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_RELAXED=2)
    CUmemorytype = SimpleNamespace(CU_MEMORYTYPE_HOST=1, CU_MEMORYTYPE_DEVICE=2)
    CUDA_MEMCPY2D = SimpleNamespace
    CUdevice_attribute = SimpleNamespace(
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR=75, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR=76
    )

    def __init__(
        self, memory_bytes: int = 1 << 30, schedule: Schedule = Schedule.LATE, kernel_gain: float = 1.0
    ) -> None:
        super().__init__("cuda.bindings.driver")
        self.blocks: dict[int, ctypes.Array[ctypes.c_char]] = {}
        self.pinned: set[int] = set()
        self.graphs: dict[int, list[Callable[[], None]]] = {}
        self.streams: dict[int, _Stream] = {}
        self.events: dict[int, tuple[_Stream, int] | None] = {}
        self.num_contexts = self.num_modules = self.num_recordings = 0
        self.copied_bytes: list[int] = []  # of each copy of a picture
        self.asked: list[str] = []  # "copy" a picture, "solve" by a graph, "wait" for an event
        self._schedule, self._kernel_gain = schedule, kernel_gain
        self._left_bytes = memory_bytes
        self._recording: list[Callable[[], None]] | None = None
        self._recorded_stream = 0
        self._names = iter(range(7, 1 << 20))

    @property
    def num_streams(self) -> int:
        return len(self.streams)

    def put(self, address: int, work: Callable[[], None], *, is_copy: bool = False) -> None:
        """Into the stream."""
        stream = self.streams[address]
        stream.is_for_copies &= is_copy
        if self._recording is not None and address == self._recorded_stream:
            self._recording.append(work)
            return
        stream.work.append(work)
        if self._schedule is Schedule.EAGER_COPIES and stream.is_for_copies:
            stream.run()

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

    def cuCtxSynchronize(self) -> tuple[_Result]:
        assert self._recording is None, "nobody waits while a graph is recorded"
        for stream in self.streams.values():
            stream.run()
        return (_Result.CUDA_SUCCESS,)

    # Streams and events

    def cuStreamCreate(self, flags: int) -> tuple[_Result, int]:
        address = next(self._names)
        self.streams[address] = _Stream()
        return _Result.CUDA_SUCCESS, address

    def cuStreamDestroy(self, stream: int) -> tuple[_Result]:
        self.streams.pop(stream).run()
        return (_Result.CUDA_SUCCESS,)

    def cuStreamSynchronize(self, stream: int) -> tuple[_Result]:
        assert self._recording is None, "nobody waits while a graph is recorded"
        self.streams[stream].run()
        return (_Result.CUDA_SUCCESS,)

    def cuStreamWaitEvent(self, stream: int, event: int, flags: int) -> tuple[_Result]:
        moment = self.events[event]
        if moment is not None:
            self.put(stream, lambda: moment[0].run(moment[1]), is_copy=True)
        return (_Result.CUDA_SUCCESS,)

    def cuEventCreate(self, flags: int) -> tuple[_Result, int]:
        address = next(self._names)
        self.events[address] = None
        return _Result.CUDA_SUCCESS, address

    def cuEventRecord(self, event: int, stream: int) -> tuple[_Result]:
        self.events[event] = (self.streams[stream], len(self.streams[stream].work))
        return (_Result.CUDA_SUCCESS,)

    def cuEventSynchronize(self, event: int) -> tuple[_Result]:
        assert self._recording is None, "nobody waits while a graph is recorded"
        self.asked.append("wait")
        moment = self.events[event]
        if moment is not None:
            moment[0].run(moment[1])
        return (_Result.CUDA_SUCCESS,)

    def cuEventDestroy(self, event: int) -> tuple[_Result]:
        del self.events[event]
        return (_Result.CUDA_SUCCESS,)

    # Memory

    def cuMemAlloc(self, num_bytes: int) -> tuple[_Result, int]:
        if num_bytes > self._left_bytes:
            return _Result.CUDA_ERROR_OUT_OF_MEMORY, 0
        self._left_bytes -= num_bytes
        block = ctypes.create_string_buffer(num_bytes)
        ctypes.memset(block, _POISON, num_bytes)
        self.blocks[ctypes.addressof(block)] = block
        return _Result.CUDA_SUCCESS, ctypes.addressof(block)

    def cuMemHostAlloc(self, num_bytes: int, flags: int) -> tuple[_Result, int]:
        code, address = self.cuMemAlloc(num_bytes)
        self.pinned.add(address)
        return code, address

    def cuMemFree(self, address: int) -> tuple[_Result]:
        self.cuCtxSynchronize()  # as the driver does
        self._left_bytes += len(self.blocks.pop(address))
        return (_Result.CUDA_SUCCESS,)

    def cuMemFreeHost(self, address: int) -> tuple[_Result]:
        self.pinned.remove(address)
        return self.cuMemFree(address)

    def cuMemsetD8(self, to: int, level: int, num_bytes: int) -> tuple[_Result]:
        ctypes.memset(to, level, num_bytes)
        return (_Result.CUDA_SUCCESS,)

    def cuMemcpyHtoD(self, to: int, source: int, num_bytes: int) -> tuple[_Result]:
        ctypes.memmove(to, source, num_bytes)
        return (_Result.CUDA_SUCCESS,)

    def cuMemcpyHtoDAsync(self, to: int, source: int, num_bytes: int, stream: int) -> tuple[_Result]:
        if source in self.pinned or source in self.blocks:
            self.put(stream, lambda: void(ctypes.memmove(to, source, num_bytes)), is_copy=True)
        else:  # of ordinary memory it takes what is there now
            taken = ctypes.string_at(source, num_bytes)
            self.put(stream, lambda: void(ctypes.memmove(to, taken, num_bytes)), is_copy=True)
        return (_Result.CUDA_SUCCESS,)

    def cuMemcpyDtoHAsync(self, to: int, source: int, num_bytes: int, stream: int) -> tuple[_Result]:
        assert to in self.pinned, "a copy to ordinary memory waits"
        return self.cuMemcpyHtoDAsync(to, source, num_bytes, stream)

    def cuMemcpy2DAsync(self, copy: SimpleNamespace, stream: int) -> tuple[_Result]:
        assert copy.srcHost in self.pinned, "a copy from ordinary memory waits"
        assert (copy.srcMemoryType, copy.dstMemoryType) == (1, 2)
        here = copy.srcHost + copy.srcY * copy.srcPitch + copy.srcXInBytes
        there = copy.dstDevice + copy.dstY * copy.dstPitch + copy.dstXInBytes

        def run() -> None:
            for row in range(copy.Height):
                ctypes.memmove(there + row * copy.dstPitch, here + row * copy.srcPitch, copy.WidthInBytes)

        self.copied_bytes.append(copy.Height * copy.WidthInBytes)
        self.asked.append("copy")
        self.put(stream, run, is_copy=True)
        return (_Result.CUDA_SUCCESS,)

    # The kernel

    def cuModuleLoadData(self, code: int) -> tuple[_Result, str]:
        self.num_modules += 1
        return _Result.CUDA_SUCCESS, "module"

    def cuModuleUnload(self, module: str) -> tuple[_Result]:
        self.num_modules -= 1
        return (_Result.CUDA_SUCCESS,)

    def cuModuleGetFunction(self, module: str, name: bytes) -> tuple[_Result, bytes]:
        return _Result.CUDA_SUCCESS, name

    def cuLaunchKernel(self, function: bytes, *given: int) -> tuple[_Result]:
        """Values of arguments are taken now, what they point to is read when the kernel runs."""
        assert function == b"prepare"
        columns, rows, _, width, height, _, _, stream, places, _ = given
        values, picture, out = (
            ctypes.c_uint64.from_address(place).value for place in (ctypes.c_uint64 * 3).from_address(places)
        )

        def run() -> None:
            p = Parameters.from_address(values)
            assert columns * width >= p.out_width
            assert rows * height >= p.out_height
            channels = PixelLayout(p.layout).bytes_per_pixel
            levels = np.frombuffer(ctypes.string_at(picture, p.pitch * p.picture_height), np.uint8)
            image = levels.reshape(p.picture_height, p.picture_width, channels)
            crop = CropRect(p.crop_x, p.crop_y, p.crop_width, p.crop_height)
            plain = (image.squeeze(), crop, p.out_width, p.out_height)
            seen = _turned(image.squeeze(), p) if p.is_turned else crop_for_network(*plain)
            told = np.ascontiguousarray(seen * self._kernel_gain, np.uint8)
            ctypes.memmove(out, told.ctypes.data, told.nbytes)

        self.put(stream, run)
        return (_Result.CUDA_SUCCESS,)

    # Graphs

    def cuStreamBeginCapture(self, stream: int, mode: int) -> tuple[_Result]:
        self._recording, self._recorded_stream = [], stream
        self.num_recordings += 1
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
        self.asked.append("solve")
        for work in self.graphs[graph]:
            self.put(stream, work)
        return (_Result.CUDA_SUCCESS,)

    def cuGraphExecDestroy(self, graph: int) -> tuple[_Result]:
        del self.graphs[graph]
        return (_Result.CUDA_SUCCESS,)


def _turned(image: np.ndarray, p: Parameters) -> np.ndarray:
    """As `engine.stabilise.cut`, from what lies in the GPU's memory."""
    lines = np.array([[p.x_by_column, p.x_by_row, p.first_x], [p.y_by_column, p.y_by_row, p.first_y]]) / 65536
    height, width = p.picture_height // p.factor, p.picture_width // p.factor
    whole = to_gray(image)[: height * p.factor, : width * p.factor]
    size = p.samples * p.out_width, p.samples * p.out_height
    drawn = cv2.warpAffine(
        resize_area(whole, width, height),
        lines,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return resize_area(drawn, p.out_width, p.out_height)


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

    def _all_ports(self) -> Iterator[onnxruntime.NodeArg]:
        yield from (*self._session.get_inputs(), *self._session.get_outputs())

    @property
    def num_io_tensors(self) -> int:
        return len(self._ports)

    def get_tensor_name(self, index: int) -> str:
        return list(self._ports)[index]

    def get_tensor_shape(self, name: str) -> list[int]:
        return self._ports[name]

    def create_execution_context(self) -> "_FakeContext":
        return _FakeContext(self._tensorrt, self._session, self._ports)


class _FakeContext:
    """The addresses of one run."""

    def __init__(
        self, tensorrt: FakeTensorrt, session: onnxruntime.InferenceSession, ports: dict[str, list[int]]
    ) -> None:
        self._tensorrt, self._session, self._ports = tensorrt, session, ports
        self._addresses: dict[str, int] = {}

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        assert self._addresses.keys() == self._ports.keys()
        self._tensorrt.driver.put(stream, self._solve)
        return True

    def _solve(self) -> None:
        (port,) = self._session.get_inputs()
        num_bytes = int(np.prod(port.shape))
        crops = np.frombuffer(ctypes.string_at(self._addresses[port.name], num_bytes), np.uint8).reshape(port.shape)
        outputs = [one.name for one in self._session.get_outputs()]
        for name, values in zip(outputs, self._session.run(outputs, {port.name: crops}), strict=True):
            told = np.ascontiguousarray(values + self._tensorrt.wrong_cm * (name == "vertices"), np.float32)
            ctypes.memmove(self._addresses[name], told.ctypes.data, told.nbytes)
