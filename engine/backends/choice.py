"""Which backend runs: the one that was asked for, or the fastest that works here.

Rule: what was asked for by name runs or is refused with the reason; it is never replaced. What is chosen by itself, and
whatever computes in 8 bits, has solved a face as ONNX Runtime does.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

import numpy as np

from engine.backends import ort, ort_cuda, ov, trt
from engine.backends.backend import Backend, BackendStatus
from engine.backends.proof import check_solution
from engine.backends.swap import SwappingBackend
from engine.bundle import INT8_RECOVERY, ActorBundle
from engine.errors import BackendError
from engine.machine import usable_cores

INT8 = "int8"
REFERENCE = (ort.NAME, "float32")  # which the others are compared with

_PROBES = {ov.NAME: ov.status, ort.NAME: ort.status, ort_cuda.NAME: ort_cuda.status, trt.NAME: trt.status}
_WITH_INT8 = (ov.NAME, ort.NAME, trt.NAME)
_log = logging.getLogger(__name__)
_MOST_THREADS = 8  # a single crop is too little work for more


def backend_report(bundle: ActorBundle | None = None) -> list[BackendStatus]:
    """Every backend this version knows, and why those that cannot run cannot.

    Args:
        bundle: The actor whose networks count; without one `int8` is not told of.
    """
    return [_status(name, bundle) for name in _PROBES]


def not_taken(name: str, precision: str) -> tuple[str, ...]:
    """Why the backends other than `name`, which computes in `precision`, do not run, a line each."""
    behind = _fastest_first(precision)
    behind = behind[behind.index(name) + 1 :] if name in behind else ()
    others = (status for status in backend_report() if status.name != name)
    return tuple(f"{one.name}: {one.reason or _able_too(one.name in behind, name)}" for one in others)


def _able_too(is_behind: bool, name: str) -> str:
    if is_behind:
        return f"it works here, but slower than {name} on such a machine (`livedouble bench` measures both)"
    return f"it works here and should be faster, but {name} was asked for, or it failed its test at the start"


def _status(name: str, bundle: ActorBundle | None) -> BackendStatus:
    status = _PROBES[name]()
    if not status.is_usable or name not in _WITH_INT8 or bundle is None or bundle.int8 is None:
        return status
    return replace(status, precisions=(*status.precisions, INT8))


def open_backend(
    bundle: ActorBundle,
    name: str | None = None,
    precision: str | None = None,
    num_threads: int | None = None,
    *,
    may_swap: bool = False,
    is_offline: bool = False,
) -> Backend:
    """Load the actor's network and run it once, so that the first frame is as fast as any.

    Args:
        bundle: The actor.
        name: `onnxruntime`, `openvino`, `cuda` or `tensorrt`; None takes the fastest that works here.
        precision: `float32`, `bfloat16`, `float16` or `int8`; None takes the backend's fastest here but `int8`, which
            costs what the actor's facts say and is only taken when asked for.
        num_threads: Of the runtime; by default every core this process may use, 8 at most.
        may_swap: Where the fastest must be built for this GPU first, begin with the next fastest, and swap when it is
            ready; not for what must come from one backend.
        is_offline: Many frames at a time, of which only the last one's end counts: as many frames a second as the
            machine can, rather than each as soon as it can.

    Raises:
        BackendError: It cannot run here, with the reason, or it cannot load the network.
        StorageError: An engine that was built for the GPU cannot be kept.
    """
    if num_threads is not None and num_threads < 1:
        raise BackendError(f"A backend cannot run on {num_threads} threads.", "Give 1 or more.")
    threads = num_threads or min(usable_cores(), _MOST_THREADS)
    chosen, kind = choose_backend(name, precision, bundle)
    opening = _Opening(bundle, threads, is_offline)
    if name is not None:
        return opening.asked(chosen, kind)
    names = _fastest_first(precision)
    openvino = _PROBES[ov.NAME]()
    if chosen == ort.NAME and not openvino.is_usable:  # which comes along with every installation
        _log.warning("%s solves, perhaps at half the speed: %s cannot, %s", chosen, ov.NAME, openvino.reason)
    if chosen == trt.NAME and may_swap and not _is_ready(bundle, kind):
        on_processor = INT8 if kind == INT8 else None  # which has no float16, but 8 bits where the actor has them
        meanwhile = _fastest(opening, on_processor, [other for other in names if other != trt.NAME])
        return SwappingBackend(meanwhile, chosen, lambda: opening.asked(chosen, kind))
    return _fastest(opening, precision, names)


def _is_ready(bundle: ActorBundle, precision: str) -> bool:
    """Whether the GPU's engine need not be built first; where engines cannot be kept, nobody waits for one."""
    try:
        return trt.has_engine(bundle, precision)
    except BackendError as error:
        _log.warning("%s builds its engine while another backend solves: %s", trt.NAME, error.reason)
        return False


def _fastest(opening: "_Opening", precision: str | None, names: Sequence[str]) -> Backend:
    """The first of these that loads and solves a face as it must; of the others a warning tells."""
    reasons: list[str] = []
    for chosen, kind in _able(names, precision, opening.bundle, reasons):
        try:
            return opening.warm(chosen, kind) if (chosen, kind) == REFERENCE else opening.proven(chosen, kind)
        except BackendError as error:
            _log.warning("%s is not taken: %s", chosen, error.reason)
            reasons.append(error.reason)
    raise BackendError(" ".join(reasons), "Leave --precision out, or see `livedouble doctor`.")


@dataclass(frozen=True, slots=True)
class _Opening:
    """What a backend is opened with, whichever it is."""

    bundle: ActorBundle
    num_threads: int
    is_offline: bool

    def warm(self, name: str, precision: str) -> Backend:
        """Load the network and run it once."""
        backend = self._load(name, precision)
        backend.run(np.zeros((1, *self.bundle.input_shape), np.uint8))
        return backend

    def asked(self, name: str, precision: str) -> Backend:
        """What was asked for by name: taken at its word, but for 8 bits."""
        return self.proven(name, precision) if precision == INT8 else self.warm(name, precision)

    def proven(self, name: str, precision: str) -> Backend:
        """Likewise, and let it solve a face: older processors add up 8 bits wrongly in some runtimes."""
        with ExitStack() as undo:
            backend = undo.enter_context(closing(self.warm(name, precision)))
            check_solution(backend.run, f"{name} in {precision}", precision, self.bundle, self.num_threads)
            undo.pop_all()
        return backend

    def _load(self, name: str, precision: str) -> Backend:
        if name == trt.NAME:
            return trt.TrtBackend(self.bundle, precision, self.num_threads)
        if name == ort_cuda.NAME:
            return ort_cuda.CudaBackend(self.bundle, precision, self.num_threads)
        if name == ov.NAME:
            return ov.OvBackend(self.bundle, precision, self.num_threads, self.is_offline)
        return ort.OrtBackend(self.bundle, precision, self.num_threads)


def choose_backend(
    name: str | None = None, precision: str | None = None, bundle: ActorBundle | None = None
) -> tuple[str, str]:
    """Name and precision of what `open_backend` would load.

    Args:
        name: See `open_backend`.
        precision: Likewise.
        bundle: The actor; without one no backend has `int8`.

    Raises:
        BackendError: What was asked for cannot run here, with the reason.
    """
    if name is not None:
        return _named(name, precision, bundle)
    if precision == INT8 and (bundle is None or bundle.int8 is None):
        raise _without_int8(bundle)
    reasons: list[str] = []
    for able in _able(_fastest_first(precision), precision, bundle, reasons):
        return able
    raise BackendError(" ".join(reasons), "Leave --precision out, or see `livedouble doctor`.")


def _able(
    names: Sequence[str], precision: str | None, bundle: ActorBundle | None, reasons: list[str]
) -> Iterator[tuple[str, str]]:
    """Name and precision of those that can run here; why the others cannot is added to `reasons`."""
    for name in names:
        try:
            yield _named(name, precision, bundle)
        except BackendError as error:
            reasons.append(error.reason)


def _fastest_first(precision: str | None) -> tuple[str, ...]:
    # OpenVINO's bfloat16 is 1.7 to 3 times as fast, where the processor has units for it. In float32 both are alike
    # alone, and beside a window drawn by the processor ONNX Runtime solves in two thirds of the time.
    # A GPU leaves both far behind. In 8 bits OpenVINO is a fifth faster alone, and no slower beside a window.
    openvino = _PROBES[ov.NAME]()
    is_ahead = precision == INT8 or (openvino.is_usable and openvino.precisions[0] == "bfloat16")
    on_processor = (ov.NAME, ort.NAME) if is_ahead else (ort.NAME, ov.NAME)
    return (*(name for name in (trt.NAME, ort_cuda.NAME) if _PROBES[name]().is_usable), *on_processor)


def _named(name: str, precision: str | None, bundle: ActorBundle | None) -> tuple[str, str]:
    if name not in _PROBES:
        raise BackendError(f"There is no backend {name!r}.", f"Choose one of {', '.join(_PROBES)}.")
    status = _status(name, bundle)
    if not status.is_usable:
        raise BackendError(
            f"The backend {name} cannot run here: {status.reason}.",
            "Leave --backend out to use the fastest that can; `livedouble doctor` lists them.",
        )
    if precision == INT8 and precision not in status.precisions and name in _WITH_INT8:
        raise _without_int8(bundle, name)
    if precision is not None and precision not in status.precisions:
        raise BackendError(
            f"The backend {name} does not compute in {precision} on this machine.",
            f"Choose {' or '.join(status.precisions)}, or leave --precision out.",
        )
    return status.name, precision or status.precisions[0]


def _without_int8(bundle: ActorBundle | None, name: str | None = None) -> BackendError:
    actor = "this actor" if bundle is None else f"the actor {bundle.name}"
    reason = f"{actor} has no network in int8."
    told = f"The backend {name} cannot compute in int8: {reason}" if name else f"{reason[0].upper()}{reason[1:]}"
    return BackendError(told, INT8_RECOVERY)
