"""TensorRT, or TensorRT for RTX, on an NVIDIA GPU: float16 inside, float32 where it decides millimetres.

Rule: creating a TensorRT runtime without a driver can end the process, so the driver is asked first. What it solves is
compared with ONNX Runtime before an engine is trusted and kept.
"""

import hashlib
import importlib
import importlib.util
from contextlib import ExitStack, closing
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from engine.backends.backend import BackendStatus, Solution, check_crops
from engine.backends.engines import EngineKey, engine_folder, keep_engine, load_engine
from engine.backends.half import float16_network
from engine.backends.proof import check_solution
from engine.bundle import ERRORS_NAME, FACTS_FILE, INPUT_NAME, OUTPUT_NAMES, ActorBundle
from engine.errors import BackendError
from engine.gpu.driver import DeviceMemory, Gpu, PinnedArray, Stream, compute_capability
from engine.machine import probe_gpu

NAME = "tensorrt"
PRECISIONS = ("float16",)

_MODULES = ("tensorrt", "tensorrt_rtx")  # of one interface; the first that loads is used
_INSTALL = "pip install 'livedouble[tensorrt]', or 'livedouble[rtx]' for GeForce and RTX cards"
_ALIGNMENT = 256  # bytes, of every output's place
_TRY_ANOTHER = "Try another --backend; `livedouble doctor` lists them."


def status() -> BackendStatus:
    """Whether it can run here; the reason names the first thing that is missing."""
    gpu = probe_gpu()
    installed, reason = _installed_version(), gpu.reason
    if not reason:
        try:
            tensorrt = _import_tensorrt()
            installed = str(tensorrt.__version__)
            if importlib.util.find_spec("onnx") is None:
                raise ImportError("onnx is not installed")
            reason = _unserved(tensorrt, gpu.names[0])
        except (ImportError, OSError) as error:
            told = f"it does not load ({error})" if installed else "it is not installed"
            reason = f"{told}; {_INSTALL}"
        except BackendError as error:
            reason = str(error).rstrip(".")
    return BackendStatus(NAME, not reason, installed, () if reason else PRECISIONS, reason)


def has_engine(bundle: ActorBundle, cache: Path | None = None) -> bool:
    """Whether the engine for single crops was built before, so that it starts at once. Only where it can run.

    Raises:
        BackendError: The network is damaged, or other users may write where engines are kept.
    """
    tensorrt = _import_tensorrt()
    with closing(Gpu()) as gpu:
        key = _key(tensorrt, gpu, float16_network(bundle, 1), 1)
    return load_engine(cache or engine_folder(), key) is not None


class TrtBackend:
    """One engine for single crops, and another one for another batch size when one is asked for.

    Vertices are computed on the GPU: by arithmetic they cost a few microseconds there and as many to bring down, where
    a processor needs tens of them.

    Args:
        bundle: The actor.
        precision: One of `PRECISIONS`.
        num_threads: Of the processor, for the comparison with ONNX Runtime.
        cache: Folder of engines; by default the user's.

    Raises:
        BackendError: The network is damaged, TensorRT cannot build or run it, or solves it wrongly.
        StorageError: An engine cannot be kept.
    """

    name = NAME

    def __init__(self, bundle: ActorBundle, precision: str, num_threads: int, cache: Path | None = None) -> None:
        self.precision = precision
        self._bundle, self._num_threads = bundle, num_threads
        self._folder = cache or engine_folder()
        self._tensorrt = _import_tensorrt()
        with ExitStack() as held:
            self._gpu = held.enter_context(closing(Gpu()))
            self._stream = held.enter_context(closing(Stream(self._gpu)))
            self.provider = f"{self._gpu.name}, {_title(self._tensorrt)}"
            self._single = self._batch = self._engine(1)
            self._held = held.pop_all()

    def run(self, crops: np.ndarray) -> Solution:
        """See `Backend.run`; a batch size other than the last one takes a while, its engine being built."""
        check_crops(crops, self._bundle)
        self._gpu.make_current()
        if len(crops) == 1:
            return self._single.run(crops)
        if len(crops) != self._batch.batch_size:
            if self._batch is not self._single:
                self._batch.close()
                self._batch = self._single
            self._batch = self._engine(len(crops))
        return self._batch.run(crops)

    def close(self) -> None:
        """Release the engines and the GPU."""
        self._gpu.make_current()
        for engine in {self._single, self._batch}:
            engine.close()
        self._held.close()

    def _engine(self, batch_size: int) -> "Engine":
        """From the cache, or built, compared and kept."""
        network = float16_network(self._bundle, batch_size)
        key = _key(self._tensorrt, self._gpu, network, batch_size)
        plan = load_engine(self._folder, key)
        if plan is not None:
            return Engine(self._tensorrt, self._stream, plan, self._bundle, batch_size)
        plan = build_plan(self._tensorrt, network)
        engine = Engine(self._tensorrt, self._stream, plan, self._bundle, batch_size)
        with ExitStack() as undo:
            undo.callback(engine.close)
            check_solution(engine.run, self.provider, self.precision, self._bundle, self._num_threads, batch_size)
            keep_engine(self._folder, key, plan)
            undo.pop_all()
        return engine


class Engine:
    """One built network of one batch size, recorded with its copies as one graph of the GPU.

    Args:
        tensorrt: The module.
        stream: Of the GPU that is current on the calling thread.
        plan: From `build_plan`.
        bundle: The actor it was built for.
        batch_size: It was built for.

    Raises:
        BackendError: The plan does not run on this GPU, or is not this actor's.
    """

    def __init__(self, tensorrt: ModuleType, stream: Stream, plan: bytes, bundle: ActorBundle, batch_size: int) -> None:
        self.batch_size = batch_size
        self._stream = stream
        self._runtime = tensorrt.Runtime(_log(tensorrt))
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        self._context = self._engine and self._engine.create_execution_context()
        if not self._context:
            raise BackendError(f"{_title(tensorrt)} cannot run its engine here ({_said(tensorrt)}).", _TRY_ANOTHER)
        shapes = {
            OUTPUT_NAMES[0]: (batch_size, bundle.num_latents),
            OUTPUT_NAMES[1]: (batch_size, bundle.facts.network.num_vertices, 3),
        }
        if bundle.has_errors:
            shapes[ERRORS_NAME] = (batch_size, bundle.facts.network.num_vertices)
        crops_shape = (batch_size, *bundle.input_shape)
        _check_ports(self._engine, {INPUT_NAME: crops_shape, **shapes}, bundle)

        # One block takes all outputs, so that one copy brings them.
        starts, end = {}, 0
        for name, shape in shapes.items():
            starts[name] = end
            end += -(-4 * int(np.prod(shape)) // _ALIGNMENT) * _ALIGNMENT
        gpu = stream.gpu
        with ExitStack() as held:
            self._input = held.enter_context(closing(PinnedArray(gpu, crops_shape)))
            self._output = held.enter_context(closing(PinnedArray(gpu, (end,))))
            self._input_there = held.enter_context(closing(DeviceMemory(gpu, self._input.array.nbytes)))
            self._output_there = held.enter_context(closing(DeviceMemory(gpu, end)))
            numbers = self._output.array.view(np.float32)
            self._results = [
                numbers[starts[name] // 4 :][: int(np.prod(shape))].reshape(shape) for name, shape in shapes.items()
            ]
            self._context.set_tensor_address(INPUT_NAME, self._input_there.address)
            for name, start in starts.items():
                self._context.set_tensor_address(name, self._output_there.address + start)
            self._input.array[:] = 0
            self.work()  # what is done once, at the first run, is not to be recorded
            stream.wait()
            self._recorded = stream.record(self.work)
            self._held = held.pop_all()

    def run(self, crops: np.ndarray) -> Solution:
        """Solve `batch_size` crops."""
        self._input.array[:] = crops
        self._stream.replay(self._recorded)
        self._stream.wait()
        return Solution(*(result.copy() for result in self._results))

    def work(self) -> None:
        """Put the copy in, the network and the copy out into the stream."""
        self._stream.upload(self._input_there, self._input)
        self.compute()
        self._stream.download(self._output, self._output_there)

    def compute(self) -> None:
        """Put the network alone into the stream."""
        if not self._context.execute_async_v3(self._stream.address):
            raise BackendError("TensorRT does not start the network.", _TRY_ANOTHER)

    def close(self) -> None:
        """Release its memory."""
        self._stream.wait()
        self._stream.forget(self._recorded)
        del self._context, self._engine, self._runtime, self._results
        self._held.close()


def build_plan(tensorrt: ModuleType, network_file: bytes, capability: str = "CURRENT") -> bytes:
    """Build the engine of a network, seconds to minutes.

    Args:
        tensorrt: The module.
        network_file: From `float16_network`.
        capability: What TensorRT for RTX builds for, one of its `ComputeCapability`; it needs no GPU for others than
            `CURRENT`. TensorRT itself builds for the present GPU.

    Raises:
        BackendError: It cannot.
    """
    builder = tensorrt.Builder(_log(tensorrt))
    network = builder.create_network(1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = tensorrt.OnnxParser(network, _log(tensorrt))
    if not parser.parse(network_file):
        told = parser.get_error(0).desc() if parser.num_errors else _said(tensorrt)
        raise BackendError(f"{_title(tensorrt)} cannot read the network ({told}).", _TRY_ANOTHER)
    config = builder.create_builder_config()
    config.clear_flag(tensorrt.BuilderFlag.TF32)  # float32 is meant where it stands
    if hasattr(tensorrt, "ComputeCapability"):
        config.num_compute_capabilities = 1
        config.set_compute_capability(getattr(tensorrt.ComputeCapability, capability), 0)
        config.set_flag(tensorrt.BuilderFlag.REQUIRE_USER_ALLOCATION)  # else its work cannot be recorded
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise BackendError(f"{_title(tensorrt)} cannot build the network ({_said(tensorrt)}).", _TRY_ANOTHER)
    return bytes(plan)


def _key(tensorrt: ModuleType, gpu: Gpu, network_file: bytes, batch_size: int) -> EngineKey:
    return EngineKey(
        network=hashlib.sha256(network_file).hexdigest(),
        runtime=_title(tensorrt),
        gpu=f"{gpu.name} ({gpu.capability})",
        driver=probe_gpu().driver_cuda,
        batch_size=batch_size,
    )


def _check_ports(engine: Any, shapes: dict[str, tuple[int, ...]], bundle: ActorBundle) -> None:
    # It will read and write by these shapes.
    names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
    found = {name: tuple(engine.get_tensor_shape(name)) for name in names}
    if found != shapes:
        raise BackendError(
            f"The network of {bundle.folder} is not what its {FACTS_FILE} says: {found}, not {shapes}.",
            "Export the actor again.",
        )


def _import_tensorrt() -> ModuleType:
    failure: ImportError | OSError | None = None
    for module in _MODULES:
        try:
            return importlib.import_module(module)
        except (ImportError, OSError) as error:
            is_absent = isinstance(error, ModuleNotFoundError) and error.name == module
            failure = failure if is_absent and failure is not None else error
    raise failure or ImportError(NAME)


def _installed_version() -> str:
    for package in _MODULES:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return ""


def _title(tensorrt: ModuleType) -> str:
    kind = "TensorRT-RTX" if hasattr(tensorrt, "ComputeCapability") else "TensorRT"
    return f"{kind} {tensorrt.__version__}"


def _unserved(tensorrt: ModuleType, gpu_name: str) -> str:
    """Why it has no code for the first GPU, if so; TensorRT for RTX names the compute capabilities it builds for."""
    capability = compute_capability()
    served = getattr(tensorrt, "ComputeCapability", None)
    if served is None or f"SM{capability.replace('.', '')}" in served.__members__:
        return ""
    return f"{_title(tensorrt)} does not serve {gpu_name} (compute capability {capability})"


@cache
def _log(tensorrt: ModuleType) -> Any:
    """Keeps the last error it is told; TensorRT takes one log for all a process does."""

    class _Log(tensorrt.ILogger):  # type: ignore[misc, name-defined]
        last = "it does not say why"

        def __init__(self) -> None:
            tensorrt.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity in (tensorrt.ILogger.ERROR, tensorrt.ILogger.INTERNAL_ERROR):
                self.last = message

    return _Log()


def _said(tensorrt: ModuleType) -> str:
    return str(_log(tensorrt).last).strip().partition("\n")[0].rstrip(".")
