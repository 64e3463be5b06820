"""What runs an actor's network: one protocol, several runtimes, one contract test."""

from engine.backends.backend import Backend, BackendStatus, Solution
from engine.backends.choice import backend_report, choose_backend, not_taken, open_backend

__all__ = ["Backend", "BackendStatus", "Solution", "backend_report", "choose_backend", "not_taken", "open_backend"]
