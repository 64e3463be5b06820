"""ONNX Runtime, opened: the one place that imports it first, and that knows what it raises.

Rule: nothing is reported to its vendor, nothing is said on its own, and no thread spins while it waits.
"""

import os
from collections.abc import Sequence
from typing import Any

# Before its first import: it would report to its vendor and keep an identifier of this machine in the user's home.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

CPU = "CPUExecutionProvider"
VERSION = str(onnxruntime.__version__)
# Its bindings raise these, which have no common ancestor but Exception.
FAILURES = (
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

_SAY_ONLY_FATAL = 4


def session_options(num_threads: int) -> Any:
    """Of a session that leaves the other cores alone and says nothing by itself."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _SAY_ONLY_FATAL
    # Threads that spin while they wait for the next frame would take the cores from the window.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def open_session(model: str | bytes, options: Any, providers: Sequence[Any] = (CPU,)) -> Any:
    """A session with these providers, or none: ONNX Runtime's own change to others is off.

    Args:
        model: An ONNX file's path or content.
        options: `session_options`.
        providers: Of its own naming, with their options.

    Raises:
        FAILURES: One of them.
    """
    return onnxruntime.InferenceSession(model, options, providers=list(providers), enable_fallback=0)


def first_line(error: Exception) -> str:
    """What it says, for a message of ours."""
    return str(error).strip().splitlines()[0].rstrip(".")
