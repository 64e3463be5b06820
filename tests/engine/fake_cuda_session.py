"""ONNX Runtime's build for GPUs as the backend calls it: places on a GPU of plain memory, solved by the processor.

Rule: as with a CUDA graph, what the first run read and wrote is what every later run reads and writes; and nothing has
happened before somebody waits for it.
"""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import onnxruntime

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_REAL = onnxruntime.InferenceSession  # before a test puts another one in its place


class FakeValue:
    """`OrtValue`: a place on the GPU."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values.copy()

    @classmethod
    def ortvalue_from_numpy(cls, values: np.ndarray, device: str, index: int) -> Self:
        assert (device, index) == ("cuda", 0)
        return cls(values)

    def update_inplace(self, values: np.ndarray) -> None:
        assert (values.shape, values.dtype) == (self.values.shape, self.values.dtype)
        assert values.flags.c_contiguous
        self.values[:] = values

    def numpy(self) -> np.ndarray:
        return self.values.copy()


class FakeBinding:
    """`IOBinding`."""

    def __init__(self) -> None:
        self.inputs: dict[str, FakeValue] = {}
        self.outputs: dict[str, FakeValue] = {}
        self.under_way: list[Callable[[], None]] = []
        self.is_input_there = False

    def bind_ortvalue_input(self, name: str, value: FakeValue) -> None:
        self.inputs[name] = value

    def bind_ortvalue_output(self, name: str, value: FakeValue) -> None:
        self.outputs[name] = value

    def synchronize_inputs(self) -> None:
        self.is_input_there = True

    def synchronize_outputs(self) -> None:
        while self.under_way:
            self.under_way.pop(0)()


class FakeSession:
    """`InferenceSession` on a GPU, or where it says it fell back to."""

    def __init__(self, runtime: "FakeRuntime", solve: onnxruntime.InferenceSession) -> None:
        self._runtime, self._solve = runtime, solve
        self._recorded: tuple[dict[str, FakeValue], dict[str, FakeValue]] | None = None

    def get_inputs(self) -> list[Any]:
        return self._solve.get_inputs()

    def get_outputs(self) -> list[Any]:
        return self._solve.get_outputs()

    def get_providers(self) -> list[str]:
        return self._runtime.runs_on

    def io_binding(self) -> FakeBinding:
        return FakeBinding()

    def run_with_iobinding(self, binding: FakeBinding) -> None:
        if self._runtime.failure is not None:
            raise self._runtime.failure
        assert binding.is_input_there
        binding.is_input_there = False
        self._recorded = self._recorded or (dict(binding.inputs), dict(binding.outputs))
        binding.under_way.append(self._replay)

    def _replay(self) -> None:
        assert self._recorded is not None
        inputs, outputs = self._recorded
        solved = self._solve.run(list(outputs), {name: value.values for name, value in inputs.items()})
        for place, values in zip(outputs.values(), solved, strict=True):
            place.values[:] = values


class FakeRuntime:
    """`onnxruntime`, built with CUDA.

    Args:
        runs_on: What its sessions say they run on.
        available: The providers that it was built with.
        failure: Raised by every run.
        cuda_version: That it says it was built with; as for a build without CUDA, empty.
    """

    OrtValue = FakeValue
    __version__ = "1.99.0"

    def __init__(
        self,
        runs_on: str = CUDA,
        available: tuple[str, ...] = (CUDA, CPU),
        failure: Exception | None = None,
        cuda_version: str = "",
    ) -> None:
        self.cuda_version = cuda_version
        self.runs_on = [runs_on, CPU]
        self.failure = failure
        self._available = available
        self.asked: list[tuple[onnxruntime.SessionOptions, dict[str, str]]] = []

    def get_available_providers(self) -> list[str]:
        return list(self._available)

    def open(
        self, path: str, options: onnxruntime.SessionOptions, providers: list[Any], enable_fallback: int
    ) -> FakeSession | onnxruntime.InferenceSession:
        """In the place of `InferenceSession`."""
        assert enable_fallback == 0
        if providers == [CPU]:
            return _REAL(path, options, providers=providers)
        ((name, settings),) = providers
        assert name == CUDA
        self.asked.append((options, settings))
        return FakeSession(self, _REAL(path, providers=[CPU]))
