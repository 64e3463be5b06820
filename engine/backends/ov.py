"""OpenVINO on the processor: float32, bfloat16 where the processor computes it, and the actor's 8 bits.

Rule: it computes the latents and the expected errors; vertices are the bundle's last, linear layer in float32, because
coordinates in bfloat16 are wrong by up to a millimetre. Of an expected error bfloat16 costs less than a hundredth.
"""

import importlib
import importlib.util
import math
import sys
from collections import deque
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np

from engine.backends.backend import BackendStatus, Solution, check_crops
from engine.bundle import ERRORS_NAME, INPUT_NAME, OUTPUT_NAMES, ActorBundle
from engine.errors import BackendError
from engine.machine import has_fast_bfloat16, processor_features

NAME = "openvino"

_DEVICE = "CPU"
_PIECE = 4  # frames of a batch that one request solves: fewer do not feed the units, more leave the caches
_HINTS = {"float32": "f32", "bfloat16": "bf16"}  # what is not in 8 bits in the file
_BFLOAT16_FEATURES = ("amx_bf16", "avx512_bf16")


def status() -> BackendStatus:
    """Whether it is installed, and what this processor computes with it, fastest first."""
    if importlib.util.find_spec("openvino") is None:
        return BackendStatus(NAME, False, "", (), "it is not installed (pip install openvino)")
    try:
        version = str(import_openvino().__version__)
    except (ImportError, OSError) as error:
        return BackendStatus(NAME, False, "", (), f"it is installed but does not load ({error})")
    return BackendStatus(NAME, True, version.partition("-")[0], _float_precisions(), "")


def _float_precisions() -> tuple[str, ...]:
    if not processor_features().intersection(_BFLOAT16_FEATURES):
        return ("float32",)
    return ("bfloat16", "float32") if has_fast_bfloat16() else ("float32", "bfloat16")


class OvBackend:
    """One network, compiled for single crops, and again for another batch size when one is asked for.

    Offline it is compiled for pieces of a batch, of which a few are solved at a time, each on its own threads.

    Args:
        bundle: The actor.
        precision: `float32`, `bfloat16`, or `int8` of an actor that has such a network.
        num_threads: Of the runtime.
        is_offline: See `open_backend`.

    Raises:
        BackendError: The network is damaged, or the runtime does not compute what was asked.
    """

    name = NAME

    def __init__(self, bundle: ActorBundle, precision: str, num_threads: int, is_offline: bool = False) -> None:
        self.precision = precision
        self._bundle, self._path, self._num_threads = bundle, bundle.network_in(precision), num_threads
        # In int8 the few layers that are not are computed in what this processor is fastest in.
        self._hint = _HINTS[_float_precisions()[0] if precision == "int8" else precision]
        self._openvino = import_openvino()
        self._frontend = importlib.import_module("openvino.frontend")
        self._core = self._openvino.Core()
        hint, size = ("THROUGHPUT", _PIECE) if is_offline else ("LATENCY", 1)
        compiled = self._compile(size, hint)
        self.provider = ", ".join(compiled.get_property("EXECUTION_DEVICES"))
        self._num_requests = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") if is_offline else 1
        self._requests = {size: self._requests_of(compiled)}
        self._is_offline = is_offline
        self._batch_size, self._batch = size, self._requests[size][0]

    def run(self, crops: np.ndarray) -> Solution:
        """See `Backend.run`; but offline, a batch size other than the last one takes a moment to compile."""
        check_crops(crops, self._bundle)
        crops = np.ascontiguousarray(crops)
        try:
            outputs = self._in_pieces(crops) if self._is_offline else self._at_once(crops)
        except RuntimeError as error:
            raise BackendError(f"OpenVINO failed ({_last_line(error)}).", "Try another --backend.") from error
        latents = outputs[0]
        return Solution(latents, self._bundle.vertices(latents), outputs[1] if self._bundle.has_errors else None)

    def close(self) -> None:
        """Release the network and the runtime."""
        del self._requests, self._batch, self._core

    def _at_once(self, crops: np.ndarray) -> list[np.ndarray]:
        if len(crops) not in (1, self._batch_size):
            self._batch = self._compile(len(crops), "LATENCY").create_infer_request()
            self._batch_size = len(crops)
        request = self._requests[1][0] if len(crops) == 1 else self._batch
        return list(request.infer({0: crops}, share_inputs=True).to_tuple())

    def _in_pieces(self, crops: np.ndarray) -> list[np.ndarray]:
        size = size_of_pieces(len(crops), self._num_requests)
        if size not in self._requests:
            self._requests[size] = self._requests_of(self._compile(size, "THROUGHPUT"))
        pieces = [crops[first : first + size] for first in range(0, len(crops), size)]
        missing = size - len(pieces[-1])
        pieces[-1] = np.concatenate([pieces[-1], np.zeros((missing, *crops.shape[1:]), np.uint8)])
        solved: list[list[np.ndarray]] = []
        running: deque[Any] = deque()
        idle = list(self._requests[size])
        try:
            for piece in pieces:
                if not idle:
                    idle.append(_finish(running.popleft(), solved))  # what was started first ends first
                running.append(idle.pop())
                running[-1].start_async({0: piece}, share_inputs=True)
            while running:
                _finish(running.popleft(), solved)
        finally:
            for request in running:  # after a failure: none may go on reading crops that are gone
                with suppress(RuntimeError):
                    request.wait()
        return [np.concatenate(parts)[: len(crops)] for parts in zip(*solved, strict=True)]

    def _requests_of(self, compiled: Any) -> list[Any]:
        return [compiled.create_infer_request() for _ in range(self._num_requests)]

    def _compile(self, batch_size: int, hint: str) -> Any:
        # Fixed shapes run faster than a free batch size. What is not asked for (vertices) is not computed.
        openvino, bundle = self._openvino, self._bundle
        settings = {
            "PERFORMANCE_HINT": hint,
            "INFERENCE_PRECISION_HINT": self._hint,  # its own default would be bfloat16 where it can
            "INFERENCE_NUM_THREADS": self._num_threads,
            "ENABLE_CPU_PINNING": False,  # a pinned thread would wait for the core on which the window draws
        }
        # Asked for the format by name: left to guess, it tries them all on a damaged file and complains of each.
        frontend = self._frontend
        failures = (RuntimeError, frontend.GeneralFailure, frontend.OpConversionFailure, frontend.OpValidationFailure)
        try:
            reader = frontend.FrontEndManager().load_by_framework("onnx")
            network = reader.convert(reader.load(str(self._path)))
            names = [port.get_names() for port in (*network.inputs, *network.outputs)]
            asked = [OUTPUT_NAMES[0], *([ERRORS_NAME] if bundle.has_errors else [])]
            expected = [INPUT_NAME, *OUTPUT_NAMES, *asked[1:]]
            if len(names) < len(expected) or not all(map(set.__contains__, names, expected)):
                raise BackendError(
                    f"{self._path} is not an actor's network: its ports are {names}.",
                    "Export the actor again.",
                )
            network.reshape([batch_size, *bundle.input_shape])
            values = [network.output(name).node.input_value(0) for name in asked]
            without_vertices = openvino.Model(values, network.get_parameters(), "latents")
            compiled = self._core.compile_model(without_vertices, _DEVICE, settings)
        except failures as error:
            raise BackendError(
                f"OpenVINO cannot load {self._path} ({_last_line(error)}).", "Export the actor again."
            ) from error
        runs = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        if runs != self._hint:
            raise BackendError(f"OpenVINO computes in {runs} here, not in {self.precision}.", "Leave --precision out.")
        return compiled


def size_of_pieces(num_frames: int, num_requests: int) -> int:
    """Frames: as few as possible without another turn, so that no request waits for others; at most `_PIECE`."""
    num_turns = math.ceil(num_frames / (_PIECE * num_requests))
    return math.ceil(num_frames / (num_turns * num_requests))


def _finish(request: Any, solved: list[list[np.ndarray]]) -> Any:
    """Wait for a request and add what it solved."""
    request.wait()
    solved.append([output.data.copy() for output in request.output_tensors])
    return request


def import_openvino() -> ModuleType:
    """The package, without its reporter; ImportError or OSError where it does not load."""
    # The package reports every import to its vendor. Without its reporter it falls back to a stub of its own.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return importlib.import_module("openvino")


def _last_line(error: Exception) -> str:
    # The message ends with the cause, after file names and line numbers of the runtime's own sources.
    return str(error).strip().splitlines()[-1].rstrip(".")
