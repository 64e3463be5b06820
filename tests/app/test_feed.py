import threading

import pytest
from PyQt6.QtWidgets import QApplication

from app.live import Feed, Live
from engine.errors import CameraError
from engine.handoff import Latest
from tests.app.windows import until


class Fed:
    """A slot, its feed, and how often the window was woken."""

    def __init__(self) -> None:
        self.live, self.slot = Live(), Latest[int]()
        self.num_wakes = 0
        self.woken_on: threading.Thread | None = None
        self.live.mesh_waits.connect(self._woken)
        self.feed = Feed(self.slot, self.live.mesh_waits)

    def _woken(self) -> None:
        self.num_wakes += 1
        self.woken_on = threading.current_thread()


@pytest.fixture
def fed(app: QApplication) -> Fed:
    return Fed()


def test_the_window_is_woken_only_when_the_slot_was_empty(fed: Fed) -> None:
    fed.slot.put(1)
    fed.slot.put(2)
    fed.slot.put(3)
    assert fed.num_wakes == 1
    assert fed.feed.take() == 3
    fed.slot.put(4)
    assert fed.num_wakes == 2


def test_a_wake_from_a_line_thread_arrives_on_the_window_thread(fed: Fed) -> None:
    producer = threading.Thread(target=fed.slot.put, args=(1,))
    producer.start()
    producer.join()
    until(lambda: fed.num_wakes == 1, "the wake arrives")
    assert fed.woken_on is threading.main_thread()


def test_taking_from_an_empty_slot_does_not_wait(fed: Fed) -> None:
    assert fed.feed.take() is None
    assert not fed.feed.has_ended


def test_the_end_comes_after_the_last_item(fed: Fed) -> None:
    fed.slot.put(1)
    fed.slot.close()
    assert fed.feed.is_ending
    assert fed.feed.take() == 1
    assert not fed.feed.has_ended
    assert fed.feed.take() is None
    assert fed.feed.has_ended
    assert not fed.feed.is_ending
    assert fed.feed.error is None


def test_an_error_at_the_end_is_kept_without_the_frames_it_passed(fed: Fed) -> None:
    # A kept traceback kept the painting function alive, and with it a painter that Qt waits for.
    error = CameraError("The cable came off.", "Plug it in.")
    fed.slot.close(error)
    assert fed.feed.take() is None
    assert fed.feed.error is error
    assert error.__traceback__ is None


def test_a_feed_that_was_let_go_wakes_nobody(fed: Fed) -> None:
    fed.feed.let_go()
    fed.slot.put(1)
    assert fed.num_wakes == 0
