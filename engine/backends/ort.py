"""ONNX Runtime on the processor: in float32 the reference every other backend is compared with, and in 8 bits.

Rule: it runs the exported graph whole, so its vertices are what the network itself gives.
"""

from pathlib import Path
from typing import Any

import numpy as np

from engine import onnx_runtime
from engine.backends.backend import BackendStatus, Solution, check_crops
from engine.bundle import ERRORS_NAME, INPUT_NAME, OUTPUT_NAMES, ActorBundle
from engine.errors import BackendError
from engine.onnx_runtime import CPU, FAILURES, first_line, session_options

NAME = "onnxruntime"
PRECISIONS = ("float32",)


def status() -> BackendStatus:
    """It comes with the installation."""
    return BackendStatus(NAME, True, onnx_runtime.VERSION, PRECISIONS, "")


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
        self._bundle = bundle
        path = bundle.network_in(precision)
        options = session_options(num_threads)
        # A planned block beside the arena that already serves doubles a batch's memory and gains nothing.
        options.enable_mem_pattern = False
        self._session = open_session(bundle, path, options, [CPU])
        self._binding = self._session.io_binding()
        self.provider = str(self._session.get_providers()[0])

    def run(self, crops: np.ndarray) -> Solution:
        """See `Backend.run`."""
        check_crops(crops, self._bundle)
        crops = np.ascontiguousarray(crops)
        solved = {name: np.empty((len(crops), *shape), np.float32) for name, shape in output_shapes(self._bundle)}
        try:
            # Into arrays of the caller's own: nothing is copied, and the next run writes elsewhere.
            self._binding.bind_cpu_input(INPUT_NAME, crops)
            for name, values in solved.items():
                self._binding.bind_output(name, "cpu", 0, np.float32, values.shape, values.ctypes.data)
            self._session.run_with_iobinding(self._binding)
        except FAILURES as error:
            raise failed(error) from error
        return Solution(*solved.values())

    def close(self) -> None:
        """Release the session."""
        del self._binding, self._session


def open_session(bundle: ActorBundle, path: Path, options: Any, providers: list[Any]) -> Any:
    """Load an actor's network with these providers, or not at all: ONNX Runtime's own change to others is off.

    Raises:
        BackendError: The network is damaged or not an actor's, or a provider does not start.
    """
    try:
        session = onnx_runtime.open_session(str(path), options, providers)
    except FAILURES as error:
        raise BackendError(
            f"ONNX Runtime cannot load {path} ({first_line(error)}).", "Export the actor again."
        ) from error
    expected = [name for name, _ in output_shapes(bundle)]
    names = [node.name for node in session.get_inputs()], [node.name for node in session.get_outputs()]
    if names[0] != [INPUT_NAME] or names[1][: len(expected)] != expected:
        raise BackendError(
            f"{path} is not an actor's network: it maps {names[0]} to {names[1]}.", "Export the actor again."
        )
    return session


def output_shapes(bundle: ActorBundle) -> list[tuple[str, tuple[int, ...]]]:
    """Of what the network gives for one frame, in the order of `Solution`."""
    num_vertices = bundle.topology.num_vertices
    latents, vertices = OUTPUT_NAMES
    errors = [(ERRORS_NAME, (num_vertices,))] if bundle.has_errors else []
    return [(latents, (bundle.num_latents,)), (vertices, (num_vertices, 3)), *errors]


def failed(error: Exception) -> BackendError:
    """What to tell when a run failed."""
    return BackendError(
        f"ONNX Runtime failed ({first_line(error)}).", "Export the actor again, or try another --backend."
    )
