"""A line that runs for long: memory and threads stay what they were."""

import threading
from pathlib import Path

import pytest

from engine.backends import open_backend
from engine.cameras import open_camera
from engine.handoff import EndOfStream
from engine.session import Session
from tests.fakes import tiny_bundle

_STATUS = Path("/proc/self/status")
_FRAMES = 3600  # a minute of a 60 Hz camera
_ALLOWED_MIB = 12.0


def resident_mib() -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@pytest.mark.slow
@pytest.mark.skipif(not _STATUS.exists(), reason="this system tells no process's memory in /proc")
def test_memory_and_threads_do_not_grow_over_a_minute_of_frames(tmp_path: Path) -> None:
    tiny = tiny_bundle(tmp_path / "actor")
    backend = open_backend(tiny, "onnxruntime", num_threads=1)
    session = Session(open_camera("pattern:600x800@60"), tiny, backend, limit_frames=_FRAMES)
    session.start()
    sizes: list[float] = []
    threads = 0
    try:
        while True:
            if session.meshes.take(0.5) is None:
                continue
            session.frames.take(0.0)
            solved = session.statistics().solved
            if solved == 300:  # everything has been allocated once
                sizes.append(resident_mib())
                threads = threading.active_count()
            if solved > 300 and solved % 300 == 0:
                sizes.append(resident_mib())
                assert solved == _FRAMES or threading.active_count() == threads
    except EndOfStream:
        pass
    finally:
        session.stop()
        backend.close()
    assert session.statistics().errors == 0
    assert len(sizes) >= 3
    assert max(sizes) - sizes[0] < _ALLOWED_MIB, sizes
