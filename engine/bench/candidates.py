"""Who takes part: every backend and precision that runs this actor here, and ONNX Runtime in float32 to compare with.

Rule: what was asked for by name runs or is refused; what was not asked for and does not load is left out, and named.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from engine.backends import Backend, backend_report, choose_backend, open_backend
from engine.backends.choice import REFERENCE
from engine.bundle import ActorBundle
from engine.clock import NS_PER_MS, Clock
from engine.errors import BackendError


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A backend that is open.

    Args:
        backend: Ready to run.
        is_asked: Whether it is to be reported; the reference takes part even where it is not.
        is_offline: Whether it is open for the most frames a second rather than for the least delay.
        load_ms: How long it took to open, to its first solved frame.
    """

    backend: Backend
    is_asked: bool
    is_offline: bool
    load_ms: float

    @property
    def kind(self) -> tuple[str, str]:
        """Backend and precision."""
        return self.backend.name, self.backend.precision


@dataclass(frozen=True, slots=True)
class Wanted:
    """Backends and precisions by name, in the order of the report.

    Args:
        kinds: Of those that are reported.
        is_by_name: Whether the user named a backend or a precision.
    """

    kinds: tuple[tuple[str, str], ...]
    is_by_name: bool

    @property
    def with_reference(self) -> tuple[tuple[str, str], ...]:
        """`kinds`, and the reference where it is not among them."""
        return self.kinds if REFERENCE in self.kinds else (*self.kinds, REFERENCE)


def wanted(bundle: ActorBundle, name: str | None, precision: str | None) -> Wanted:
    """What can run here of what is asked for; None stands for all.

    Raises:
        BackendError: Nothing of it can, with the reason.
    """
    kinds = tuple(
        (status.name, kind)
        for status in backend_report(bundle)
        if name in (None, status.name)
        for kind in status.precisions
        if precision in (None, kind)
    )
    # The choice refuses, with the reason.
    return Wanted(kinds or (choose_backend(name, precision, bundle),), name is not None or precision is not None)


def left_out() -> list[str]:
    """Backends that cannot run here, and why."""
    return [f"{status.name}: {status.reason}" for status in backend_report() if not status.is_usable]


@contextmanager
def opened(
    bundle: ActorBundle, asked: Wanted, num_threads: int, is_offline: bool, failures: list[str], clock: Clock
) -> Iterator[Sequence[Candidate]]:
    """Open all at once, the reference among them, and close them at the end.

    Args:
        bundle: The actor.
        asked: What to open.
        num_threads: Of each runtime.
        is_offline: See `open_backend`.
        failures: Told of those that were not asked for by name and do not load.
        clock: Time.

    Raises:
        BackendError: The reference, or one that was asked for by name, does not load.
    """
    with ExitStack() as held:
        candidates = []
        for name, precision in asked.with_reference:
            started_ns = clock.now_ns()
            try:
                backend = open_backend(bundle, name, precision, num_threads, is_offline=is_offline)
            except BackendError as error:
                if asked.is_by_name or (name, precision) == REFERENCE:
                    raise
                told = f"{name} in {precision}: {error.reason.rstrip('.')}"
                if told not in failures:
                    failures.append(told)
                continue
            held.callback(backend.close)
            load_ms = (clock.now_ns() - started_ns) / NS_PER_MS
            candidates.append(Candidate(backend, (name, precision) in asked.kinds, is_offline, load_ms))
        yield candidates


def reference(candidates: Sequence[Candidate]) -> int:
    """The place of ONNX Runtime in float32."""
    return next(place for place, one in enumerate(candidates) if one.kind == REFERENCE)
