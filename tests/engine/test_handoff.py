import threading

import pytest

from engine.errors import CameraError, StorageError
from engine.handoff import EndOfStream, Fifo, Latest

NOW_S = 0.0
SOON_S = 5.0


def test_latest_drops_the_oldest_and_counts_it() -> None:
    slot: Latest[int] = Latest()
    for number in range(4):
        assert slot.put(number)
    assert slot.take(NOW_S) == 3
    assert slot.num_overwritten == 3
    assert slot.take(NOW_S) is None


def test_an_error_reaches_the_consumer_after_the_last_item() -> None:
    slot: Latest[str] = Latest()
    slot.put("last")
    slot.close(CameraError("The cable came off.", "Plug it in."))
    assert slot.take(NOW_S) == "last"
    with pytest.raises(CameraError, match="cable"):
        slot.take(NOW_S)
    with pytest.raises(CameraError, match="cable"):
        slot.take(NOW_S)


def test_a_closed_handoff_accepts_nothing_and_keeps_its_first_reason() -> None:
    slot: Latest[int] = Latest()
    slot.close()
    slot.close(CameraError("Too late.", "Nothing."))
    assert slot.is_closed
    assert not slot.put(1)
    with pytest.raises(EndOfStream):
        slot.take(NOW_S)


def test_the_consumer_is_woken_only_when_there_was_nothing_to_take() -> None:
    wakes: list[str] = []
    slot: Latest[int] = Latest(lambda: wakes.append("wake"))
    slot.put(1)
    slot.put(2)
    assert wakes == ["wake"]
    slot.take(NOW_S)
    slot.put(3)
    assert wakes == ["wake"] * 2
    slot.close()  # item 3 still waits: its wake stands for the end as well
    assert wakes == ["wake"] * 2


def test_the_end_of_an_empty_stream_wakes_the_consumer() -> None:
    wakes: list[str] = []
    slot: Latest[int] = Latest(lambda: wakes.append("wake"))
    slot.close()
    assert wakes == ["wake"]


def test_the_wake_may_take_from_the_same_handoff() -> None:
    taken: list[int | None] = []
    slot: Latest[int] = Latest()
    slot.on_filled = lambda: taken.append(slot.take(NOW_S))
    slot.put(1)
    slot.put(2)
    assert taken == [1, 2]
    assert slot.num_overwritten == 0


def test_a_waiting_consumer_gets_what_another_thread_puts() -> None:
    slot: Latest[int] = Latest()
    taken: list[int | None] = []
    consumer = threading.Thread(target=lambda: taken.append(slot.take(SOON_S)))
    consumer.start()
    slot.put(7)
    consumer.join(SOON_S)
    assert taken == [7]


def test_a_waiting_consumer_learns_of_the_end() -> None:
    slot: Latest[int] = Latest()
    ends: list[str] = []

    def consume() -> None:
        try:
            slot.take(SOON_S)
        except EndOfStream:
            ends.append("end")

    consumer = threading.Thread(target=consume)
    consumer.start()
    slot.close()
    consumer.join(SOON_S)
    assert ends == ["end"]


def test_fifo_keeps_the_order_and_loses_nothing_it_accepted() -> None:
    queue: Fifo[int] = Fifo(3, StorageError("The disk is too slow.", "Use a faster one."))
    assert [queue.put(number) for number in range(4)] == [True, True, True, False]
    assert [queue.take(NOW_S) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(StorageError, match="too slow"):
        queue.take(NOW_S)


def test_fifo_accepts_nothing_after_an_overrun_even_when_there_is_room_again() -> None:
    queue: Fifo[int] = Fifo(1, StorageError("The disk is too slow.", "Use a faster one."))
    queue.put(1)
    queue.put(2)
    queue.take(NOW_S)
    assert not queue.put(3)


def test_a_fifo_without_room_is_a_programming_mistake() -> None:
    with pytest.raises(ValueError, match="capacity of 0"):
        Fifo(0, StorageError("", ""))
