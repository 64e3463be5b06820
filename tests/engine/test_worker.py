import logging
import threading
from pathlib import Path

import engine
from engine.errors import CameraError, LiveDoubleError
from engine.handoff import EndOfStream
from engine.worker import Worker

SOON_S = 5.0


def outcome_of(work) -> list[LiveDoubleError | None]:
    outcomes: list[LiveDoubleError | None] = []
    worker = Worker("test", work, outcomes.append)
    worker.start()
    assert worker.join(SOON_S)
    return outcomes


def fail_with(error: BaseException):
    def work() -> None:
        raise error

    return work


def test_a_task_that_returns_ends_without_an_error() -> None:
    assert outcome_of(lambda: None) == [None]


def test_the_end_of_the_stream_is_not_an_error() -> None:
    assert outcome_of(fail_with(EndOfStream())) == [None]


def test_an_error_of_the_world_travels_as_it_is() -> None:
    error = CameraError("No picture.", "Look.")
    assert outcome_of(fail_with(error)) == [error]


def test_a_mistake_of_ours_becomes_an_error_that_travels_and_leaves_its_traceback(caplog) -> None:
    with caplog.at_level(logging.ERROR):
        [error] = outcome_of(fail_with(KeyError("left_eye")))
    assert isinstance(error, LiveDoubleError)
    assert "KeyError" in error.reason
    assert isinstance(error.__cause__, KeyError)
    assert caplog.records[0].exc_info is not None
    caplog.clear()


def test_a_join_that_times_out_says_so() -> None:
    release = threading.Event()
    worker = Worker("test", lambda: release.wait(SOON_S), lambda error: None)
    worker.start()
    assert not worker.join(0.0)
    release.set()
    assert worker.join(SOON_S)


def test_a_worker_that_never_started_has_ended() -> None:
    assert Worker("test", lambda: None, lambda error: None).join(0.0)


def test_threads_are_born_in_one_place_and_locks_live_in_one_file() -> None:
    house = Path(engine.__file__).resolve().parent.parent
    sources = [path for room in ("engine", "training", "export", "app") for path in (house / room).rglob("*.py")]
    assert len(sources) > 20

    def files_with(*words: str) -> list[str]:
        return sorted(
            str(path.relative_to(house)) for path in sources if any(word in path.read_text("utf-8") for word in words)
        )

    assert files_with("threading.Thread(", "Thread(target") == ["engine/worker.py"]
    assert files_with("threading.Lock", "threading.RLock", "threading.Condition") == ["engine/handoff.py"]
    assert files_with("time.sleep(", " sleep(") == []
