"""Which backend runs: the one that was asked for, or the fastest that works here.

Rule: what was asked for by name runs or is refused with the reason; it is never replaced. What is chosen by itself has
solved a face as ONNX Runtime does.
"""

import logging
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from engine.backends import ort, ov, trt
from engine.backends.backend import Backend, BackendStatus
from engine.backends.proof import check_solution
from engine.backends.swap import SwappingBackend
from engine.bundle import ActorBundle
from engine.errors import BackendError
from engine.machine import usable_cores

_PROBES = {ov.NAME: ov.status, ort.NAME: ort.status, trt.NAME: trt.status}
_log = logging.getLogger(__name__)
_MOST_THREADS = 8  # a single crop is too little work for more


def backend_report() -> list[BackendStatus]:
    """Every backend this version knows, and why those that cannot run cannot."""
    return [probe() for probe in _PROBES.values()]


def open_backend(
    bundle: ActorBundle,
    name: str | None = None,
    precision: str | None = None,
    num_threads: int | None = None,
    *,
    may_swap: bool = False,
) -> Backend:
    """Load the actor's network and run it once, so that the first frame is as fast as any.

    Args:
        bundle: The actor.
        name: `onnxruntime`, `openvino` or `tensorrt`; None takes the fastest that works here.
        precision: `float32`, `bfloat16` or `float16`; None takes the backend's fastest here.
        num_threads: Of the runtime; by default every core this process may use, 8 at most.
        may_swap: Where the fastest must be built for this GPU first, begin with the next fastest, and swap when it is
            ready; not for what must come from one backend.

    Raises:
        BackendError: It cannot run here, with the reason, or it cannot load the network.
        StorageError: An engine that was built for the GPU cannot be kept.
    """
    if num_threads is not None and num_threads < 1:
        raise BackendError(f"A backend cannot run on {num_threads} threads.", "Give 1 or more.")
    threads = num_threads or min(usable_cores(), _MOST_THREADS)
    chosen, kind = choose_backend(name, precision)
    if name is not None:
        return _warm(bundle, chosen, kind, threads)
    if chosen != trt.NAME or not may_swap or trt.has_engine(bundle):
        return _fastest(bundle, precision, threads, _fastest_first())
    meanwhile = _fastest(bundle, None, threads, [other for other in _fastest_first() if other != trt.NAME])
    return SwappingBackend(meanwhile, chosen, lambda: _warm(bundle, chosen, kind, threads))


def _fastest(bundle: ActorBundle, precision: str | None, num_threads: int, names: Sequence[str]) -> Backend:
    """The first of these that loads and solves a face as it must; of the others a warning tells."""
    reasons = []
    for candidate in names:
        try:
            chosen, kind = _named(candidate, precision)
        except BackendError as error:
            reasons.append(error.reason)
            continue
        try:
            backend = _warm(bundle, chosen, kind, num_threads)
            if chosen == ort.NAME:
                return backend  # which the others are compared with
            with ExitStack() as undo:
                undo.callback(backend.close)
                check_solution(backend.run, f"{chosen} in {kind}", kind, bundle, num_threads)
                undo.pop_all()
            return backend
        except BackendError as error:
            _log.warning("%s is not taken: %s", chosen, error.reason)
            reasons.append(error.reason)
    raise BackendError(" ".join(reasons), "Leave --precision out, or see `livedouble doctor`.")


def _warm(bundle: ActorBundle, name: str, precision: str, num_threads: int) -> Backend:
    backend = _load(bundle, name, precision, num_threads)
    backend.run(np.zeros((1, *bundle.input_shape), np.uint8))
    return backend


def choose_backend(name: str | None = None, precision: str | None = None) -> tuple[str, str]:
    """Name and precision of what `open_backend` would load.

    Raises:
        BackendError: What was asked for cannot run here, with the reason.
    """
    if name is not None:
        return _named(name, precision)
    reasons = []
    for candidate in _fastest_first():
        try:
            return _named(candidate, precision)
        except BackendError as error:
            reasons.append(error.reason)
    raise BackendError(" ".join(reasons), "Leave --precision out, or see `livedouble doctor`.")


def _fastest_first() -> tuple[str, ...]:
    # OpenVINO's bfloat16 is 1.7 to 3 times as fast, where the processor has units for it. In float32 both are alike
    # alone, and beside a window drawn by the processor ONNX Runtime solves in two thirds of the time.
    # A GPU leaves both far behind.
    openvino = _PROBES[ov.NAME]()
    is_bfloat16 = openvino.is_usable and openvino.precisions[0] == "bfloat16"
    on_processor = (ov.NAME, ort.NAME) if is_bfloat16 else (ort.NAME, ov.NAME)
    return (trt.NAME, *on_processor) if _PROBES[trt.NAME]().is_usable else on_processor


def _named(name: str, precision: str | None) -> tuple[str, str]:
    if name not in _PROBES:
        raise BackendError(f"There is no backend {name!r}.", f"Choose one of {', '.join(_PROBES)}.")
    status = _PROBES[name]()
    if not status.is_usable:
        raise BackendError(
            f"The backend {name} cannot run here: {status.reason}.",
            "Leave --backend out to use the fastest that can; `livedouble doctor` lists them.",
        )
    if precision is not None and precision not in status.precisions:
        raise BackendError(
            f"The backend {name} does not compute in {precision} on this machine.",
            f"Choose {' or '.join(status.precisions)}, or leave --precision out.",
        )
    return status.name, precision or status.precisions[0]


def _load(bundle: ActorBundle, name: str, precision: str, num_threads: int) -> Backend:
    if name == trt.NAME:
        return trt.TrtBackend(bundle, precision, num_threads)
    if name == ov.NAME:
        return ov.OvBackend(bundle, precision, num_threads)
    return ort.OrtBackend(bundle, precision, num_threads)
