"""One engine of TensorRT: built from an actor's network for GPUs, loaded, and run on batches of crops.

Rule: addresses and shapes are settled once, when it is loaded; a run is one recorded graph of the GPU.
"""

from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from engine.backends.backend import Solution
from engine.bundle import ERRORS_NAME, FACTS_FILE, INPUT_NAME, OUTPUT_NAMES, ActorBundle
from engine.errors import BackendError
from engine.gpu.driver import DeviceMemory, PinnedArray, Stream

_ALIGNMENT = 256  # bytes, of every output's place
TRY_ANOTHER = "Try another --backend; `livedouble doctor` lists them."


class Outputs:
    """The places of a network's outputs in one block of memory, so that one copy brings them: latents first.

    Args:
        shapes: Of the outputs by name, all float32.
    """

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self.shapes = shapes
        self.starts: dict[str, int] = {}
        self.num_bytes = 0
        for name, shape in shapes.items():
            self.starts[name] = self.num_bytes
            self.num_bytes += -(-4 * int(np.prod(shape)) // _ALIGNMENT) * _ALIGNMENT

    def views(self, block: np.ndarray) -> list[np.ndarray]:
        """Each output in [num_bytes] uint8, which they share."""
        numbers = block.view(np.float32)
        return [
            numbers[self.starts[name] // 4 :][: int(np.prod(shape))].reshape(shape)
            for name, shape in self.shapes.items()
        ]


class Network:
    """A built network of one batch size, loaded.

    Args:
        tensorrt: The module.
        plan: From `build_plan`, for the GPU that is current on the calling thread.
        bundle: The actor it was built for.
        batch_size: It was built for.

    Raises:
        BackendError: The plan does not run on this GPU, or is not this actor's.
    """

    def __init__(self, tensorrt: ModuleType, plan: bytes, bundle: ActorBundle, batch_size: int) -> None:
        self.batch_size = batch_size
        self.input_shape = (batch_size, *bundle.input_shape)
        self._title = title(tensorrt)
        self._told: Callable[[], str] = lambda: said(tensorrt)
        self._runtime = tensorrt.Runtime(_log(tensorrt))
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if not self._engine:
            raise self._unable()
        shapes = {
            OUTPUT_NAMES[0]: (batch_size, bundle.num_latents),
            OUTPUT_NAMES[1]: (batch_size, bundle.facts.network.num_vertices, 3),
        }
        if bundle.has_errors:
            shapes[ERRORS_NAME] = (batch_size, bundle.facts.network.num_vertices)
        _check_ports(self._engine, {INPUT_NAME: self.input_shape, **shapes}, bundle)
        self.outputs = Outputs(shapes)

    def ready(self, input_there: DeviceMemory, output_there: DeviceMemory, stream: Stream) -> Callable[[], None]:
        """What puts the network into the stream, with working memory of its own.

        Args:
            input_there: [batch_size, views, H, W] uint8.
            output_there: Laid out as `outputs`.
            stream: To put it into.

        Raises:
            BackendError: The GPU is out of memory.
        """
        context = self._engine.create_execution_context()
        if not context:
            raise self._unable()
        context.set_tensor_address(INPUT_NAME, input_there.address)
        for name, start in self.outputs.starts.items():
            context.set_tensor_address(name, output_there.address + start)

        def compute() -> None:
            if not context.execute_async_v3(stream.address):
                raise BackendError("TensorRT does not start the network.", TRY_ANOTHER)

        return compute

    def _unable(self) -> BackendError:
        return BackendError(f"{self._title} cannot run its engine here ({self._told()}).", TRY_ANOTHER)


class Engine:
    """A network with its copies, recorded as one graph of the GPU. Its arguments and errors are those of `Network`.

    Args:
        stream: Of the GPU that is current on the calling thread.
    """

    def __init__(self, tensorrt: ModuleType, stream: Stream, plan: bytes, bundle: ActorBundle, batch_size: int) -> None:
        self.batch_size = batch_size
        self._stream = stream
        self.network = Network(tensorrt, plan, bundle, batch_size)
        gpu, outputs = stream.gpu, self.network.outputs
        with ExitStack() as held:
            self._input = held.enter_context(closing(PinnedArray(gpu, self.network.input_shape)))
            self._output = held.enter_context(closing(PinnedArray(gpu, (outputs.num_bytes,))))
            self._input_there = held.enter_context(closing(DeviceMemory(gpu, self._input.array.nbytes)))
            self._output_there = held.enter_context(closing(DeviceMemory(gpu, outputs.num_bytes)))
            self._results = outputs.views(self._output.array)
            self.compute = self.network.ready(self._input_there, self._output_there, stream)
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

    def close(self) -> None:
        """Release its memory."""
        self._stream.wait()
        self._stream.forget(self._recorded)
        del self.compute, self.network, self._results
        self._held.close()


def build_plan(tensorrt: ModuleType, network_file: bytes, capability: str = "CURRENT") -> bytes:
    """Build the engine of a network, seconds to minutes.

    Args:
        tensorrt: The module.
        network_file: From `float16_network` or `int8_network`.
        capability: What TensorRT for RTX builds for, one of its `ComputeCapability`; it needs no GPU for others than
            `CURRENT`. TensorRT itself builds for the present GPU.

    Raises:
        BackendError: It cannot.
    """
    builder = tensorrt.Builder(_log(tensorrt))
    network = builder.create_network(1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = tensorrt.OnnxParser(network, _log(tensorrt))
    if not parser.parse(network_file):
        told = parser.get_error(0).desc() if parser.num_errors else said(tensorrt)
        raise BackendError(f"{title(tensorrt)} cannot read the network ({told}).", TRY_ANOTHER)
    config = builder.create_builder_config()
    config.clear_flag(tensorrt.BuilderFlag.TF32)  # float32 is meant where it stands
    if hasattr(tensorrt, "ComputeCapability"):
        config.num_compute_capabilities = 1
        config.set_compute_capability(getattr(tensorrt.ComputeCapability, capability), 0)
        config.set_flag(tensorrt.BuilderFlag.REQUIRE_USER_ALLOCATION)  # else its work cannot be recorded
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise BackendError(f"{title(tensorrt)} cannot build the network ({said(tensorrt)}).", TRY_ANOTHER)
    return bytes(plan)


def title(tensorrt: ModuleType) -> str:
    """Its name and version, for people."""
    kind = "TensorRT-RTX" if hasattr(tensorrt, "ComputeCapability") else "TensorRT"
    return f"{kind} {tensorrt.__version__}"


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


def said(tensorrt: ModuleType) -> str:
    """The last error it told, one line."""
    return str(_log(tensorrt).last).strip().partition("\n")[0].rstrip(".")


def _check_ports(engine: Any, shapes: dict[str, tuple[int, ...]], bundle: ActorBundle) -> None:
    # It will read and write by these shapes.
    names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
    found = {name: tuple(engine.get_tensor_shape(name)) for name in names}
    if found != shapes:
        raise BackendError(
            f"The network of {bundle.folder} is not what its {FACTS_FILE} says: {found}, not {shapes}.",
            "Export the actor again.",
        )
