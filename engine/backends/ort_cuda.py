"""ONNX Runtime on an NVIDIA GPU, float32: where its build for GPUs is installed and TensorRT is not.

Rule: it runs whole on the GPU or not at all; the provider that runs is read from the session.
"""

import ctypes
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime

from engine.backends.backend import BackendStatus, Solution, check_crops
from engine.backends.ort import failed, open_session, output_shapes
from engine.bundle import INPUT_NAME, ActorBundle
from engine.errors import BackendError
from engine.machine import probe_gpu
from engine.onnx_runtime import FAILURES, VERSION, session_options

NAME = "cuda"
PRECISIONS = ("float32",)

_PROVIDER = "CUDAExecutionProvider"
_FIRST_NAMED_ALIKE = 12  # of CUDA's versions: all its libraries carry its number
_SETTINGS = {
    "device_id": "0",
    "enable_cuda_graph": "1",  # a frame is one launch rather than forty; shapes and addresses stay the same
    "use_tf32": "0",  # its default would round what is called float32 to 10 bits
}


def status(load: Callable[[str], object] = ctypes.CDLL) -> BackendStatus:
    """Whether it can run here; the reason names all that is missing.

    Args:
        load: Loads a shared library, raising OSError where there is none.
    """
    gpu = probe_gpu()
    missing = [gpu.reason] if gpu.reason else []
    if _PROVIDER not in onnxruntime.get_available_providers():
        missing.append("this ONNX Runtime is built without it (put onnxruntime-gpu in the place of onnxruntime)")
    elif absent := [name for name in _libraries(onnxruntime.cuda_version) if not _is_loading(load, name)]:
        missing.append(
            f"libraries of CUDA {onnxruntime.cuda_version} and cuDNN do not load: {', '.join(absent)}"
            " (install them where the system finds them)"
        )
    return BackendStatus(NAME, not missing, VERSION, () if missing else PRECISIONS, "; ".join(missing))


def _libraries(cuda_version: str) -> tuple[str, ...]:
    """Which its provider asks the system for, by the CUDA it was built with; empty where their names are not known."""
    major = cuda_version.partition(".")[0]
    if not sys.platform.startswith("linux") or not major.isdecimal() or int(major) < _FIRST_NAMED_ALIKE:
        return ()
    return (*(f"lib{name}.so.{major}" for name in ("cudart", "cublasLt", "cublas")), "libcurand.so.10", "libcudnn.so.9")


def _is_loading(load: Callable[[str], object], name: str) -> bool:
    try:
        load(name)
    except OSError:
        return False
    return True


class CudaBackend:
    """One session for single crops, and another one for another batch size when one is asked for.

    Args:
        bundle: The actor.
        precision: One of `PRECISIONS`.
        num_threads: Of the processor.

    Raises:
        BackendError: The network is damaged or not an actor's, or the session does not run on the GPU.
    """

    name = NAME

    def __init__(self, bundle: ActorBundle, precision: str, num_threads: int) -> None:
        self.precision = precision
        self._bundle, self._num_threads = bundle, num_threads
        self._single = self._batch = _Recorded(bundle, 1, num_threads)
        self.provider = f"{self._single.provider}, {probe_gpu().names[0]}"

    def run(self, crops: np.ndarray) -> Solution:
        """See `Backend.run`; a batch size other than the last one takes a moment to load."""
        check_crops(crops, self._bundle)
        if len(crops) == 1:
            return self._single.run(crops)
        if len(crops) != self._batch.batch_size:
            self._batch = self._single  # the one before is released before the next one takes memory
            self._batch = _Recorded(self._bundle, len(crops), self._num_threads)
        return self._batch.run(crops)

    def close(self) -> None:
        """Release the sessions."""
        del self._single, self._batch


class _Recorded:
    """A session of one batch size with its places on the GPU, which a CUDA graph remembers."""

    def __init__(self, bundle: ActorBundle, batch_size: int, num_threads: int) -> None:
        self.batch_size = batch_size
        options = session_options(num_threads)
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        self._session = open_session(bundle, bundle.network_path, options, [(_PROVIDER, _SETTINGS)])
        self.provider = str(self._session.get_providers()[0])
        if self.provider != _PROVIDER:
            raise BackendError(
                f"ONNX Runtime was asked for CUDA and runs on {self.provider}: libraries of CUDA or cuDNN do not load.",
                "Install those that its version names, or try another --backend.",
            )
        self._binding = self._session.io_binding()
        self._crops = self._place(np.zeros((batch_size, *bundle.input_shape), np.uint8))
        self._binding.bind_ortvalue_input(INPUT_NAME, self._crops)
        self._solved = []
        for name, shape in output_shapes(bundle):
            self._solved.append(self._place(np.zeros((batch_size, *shape), np.float32)))
            self._binding.bind_ortvalue_output(name, self._solved[-1])

    def run(self, crops: np.ndarray) -> Solution:
        """Crops [batch_size, num_views, H, W] uint8; the results are copies."""
        try:
            self._crops.update_inplace(np.ascontiguousarray(crops))
            self._binding.synchronize_inputs()
            self._session.run_with_iobinding(self._binding)
            self._binding.synchronize_outputs()
            return Solution(*(values.numpy() for values in self._solved))
        except FAILURES as error:
            raise failed(error) from error

    @staticmethod
    def _place(values: np.ndarray) -> Any:
        return onnxruntime.OrtValue.ortvalue_from_numpy(values, "cuda", 0)
