"""ONNX Runtime on the processor: in float32 the reference every other backend is compared with, and in 8 bits.

Rule: it runs the exported graph whole, so its vertices are what the network itself gives.
"""

import os

import numpy as np

# Before its first import: it would report to its vendor and keep an identifier of this machine in the user's home.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from engine.backends.backend import BackendStatus, Solution, check_crops
from engine.bundle import ERRORS_NAME, INPUT_NAME, OUTPUT_NAMES, ActorBundle
from engine.errors import BackendError

NAME = "onnxruntime"
PRECISIONS = ("float32",)

_PROVIDER = "CPUExecutionProvider"
_SAY_ONLY_FATAL = 4
# Its bindings raise these, which have no common ancestor but Exception.
_FAILURES = (
    ort_errors.EPFail,
    ort_errors.EngineError,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


def status() -> BackendStatus:
    """It comes with the installation."""
    return BackendStatus(NAME, True, str(onnxruntime.__version__), PRECISIONS, "")


class OrtBackend:
    """One session.

    Args:
        bundle: The actor.
        precision: `float32`, or `int8` of an actor that has such a network.
        num_threads: Of the session; it starts no others.

    Raises:
        BackendError: The network is damaged, or not an actor's.
    """

    name = NAME

    def __init__(self, bundle: ActorBundle, precision: str, num_threads: int) -> None:
        self.precision = precision
        self._bundle, path = bundle, bundle.network_in(precision)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _SAY_ONLY_FATAL
        # Threads that spin while they wait for the next frame would take the cores from the window.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=[_PROVIDER])
        except _FAILURES as error:
            raise BackendError(
                f"ONNX Runtime cannot load {path} ({_first_line(error)}).", "Export the actor again."
            ) from error
        self._outputs = [*OUTPUT_NAMES, *([ERRORS_NAME] if bundle.has_errors else [])]
        names = [node.name for node in self._session.get_inputs()], [node.name for node in self._session.get_outputs()]
        if names[0] != [INPUT_NAME] or names[1][: len(self._outputs)] != self._outputs:
            raise BackendError(
                f"{path} is not an actor's network: it maps {names[0]} to {names[1]}.",
                "Export the actor again.",
            )
        self.provider = str(self._session.get_providers()[0])

    def run(self, crops: np.ndarray) -> Solution:
        """See `Backend.run`."""
        check_crops(crops, self._bundle)
        try:
            return Solution(*self._session.run(self._outputs, {INPUT_NAME: crops}))
        except _FAILURES as error:
            raise BackendError(
                f"ONNX Runtime failed ({_first_line(error)}).", "Export the actor again, or try another --backend."
            ) from error

    def close(self) -> None:
        """Release the session."""
        del self._session


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
