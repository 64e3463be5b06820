"""How long a new process takes to its first solved frame. Run as a module, it is that process.

Rule: nothing is loaded beforehand, so imports count.
"""

import subprocess
import sys
from pathlib import Path

from engine.clock import NS_PER_MS, SYSTEM_CLOCK
from engine.errors import BackendError

_TIMEOUT_S = 120.0


def cold_start_ms(actor_folder: Path, backend: str, precision: str, num_threads: int) -> float:
    """Start Python, check the actor, load the runtime, compile the network and solve one frame, then leave.

    Raises:
        BackendError: The new process failed, or took longer than two minutes.
    """
    # -P: the folder the user stands in does not shadow modules.
    command = [sys.executable, "-P", "-m", __name__, str(actor_folder), backend, precision, str(num_threads)]
    started_ns = SYSTEM_CLOCK.now_ns()
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_S, text=True)
    except subprocess.TimeoutExpired as error:
        raise BackendError(
            f"A new process did not solve a frame with {backend} within {_TIMEOUT_S:g} s.", "Try another --backend."
        ) from error
    except subprocess.CalledProcessError as error:
        story = (error.stderr or "").strip().splitlines() or [f"exit code {error.returncode}"]
        raise BackendError(
            f"A new process could not solve a frame with {backend} ({story[-1].rstrip('.')}).", "Try another --backend."
        ) from error
    return (SYSTEM_CLOCK.now_ns() - started_ns) / NS_PER_MS


if __name__ == "__main__":
    from engine.backends import open_backend
    from engine.bundle import ActorBundle
    from engine.preparation import open_preparation

    folder, name, kind, threads = sys.argv[1:]
    actor = ActorBundle.open(Path(folder))
    open_preparation(actor.preparation, actor.stabiliser())
    open_backend(actor, name, kind, int(threads)).close()
