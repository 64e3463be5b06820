"""How values pass from one thread to the next: `Latest` keeps the newest, `Fifo` loses nothing it accepted.

Rule: the end of a stream and its error are a state of the handoff; the consumer meets them after the last item.
The only locks of the house are here.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from engine.errors import LiveDoubleError

_Item = TypeVar("_Item")


class EndOfStream(Exception):
    """Nothing more will come, and nothing went wrong."""


class _Handoff(Generic[_Item]):
    """Items in order, then the end. One producer, one consumer, each on its own thread."""

    def __init__(self, on_filled: Callable[[], None] | None) -> None:
        self.on_filled = on_filled
        self._changed = threading.Condition()
        self._items: deque[_Item] = deque()
        self._is_closed = False
        self._error: LiveDoubleError | None = None

    @property
    def is_closed(self) -> bool:
        """Whether the producer has ended; items may still wait to be taken."""
        return self._is_closed

    def take(self, timeout_s: float) -> _Item | None:
        """The next item, waiting `timeout_s` at most; None when none came. Consumer's thread.

        Raises:
            EndOfStream: The producer has ended and every item was taken.
            LiveDoubleError: Likewise, and this is what ended it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_closed, timeout_s)
            if self._items:
                return self._items.popleft()
            if not self._is_closed:
                return None
            if self._error is not None:
                raise self._error
            raise EndOfStream

    def close(self, error: LiveDoubleError | None = None) -> None:
        """End the stream; only the first call counts. Any thread."""
        with self._changed:
            if self._is_closed:
                return
            was_empty = not self._items
            self._is_closed, self._error = True, error
            self._changed.notify_all()
        self._tell(was_empty)

    def _tell(self, was_empty: bool) -> None:
        # Outside the lock: what is called may take from this very handoff.
        if was_empty and self.on_filled is not None:
            self.on_filled()


class Latest(_Handoff[_Item]):
    """Holds the newest item; one that was not taken in time is overwritten and counted.

    Args:
        on_filled: Called on the producer's thread when there is something to take and there was nothing before:
            an item, or the end of the stream. Set it before the producer starts.
    """

    def __init__(self, on_filled: Callable[[], None] | None = None) -> None:
        super().__init__(on_filled)
        self._num_overwritten = 0

    @property
    def num_overwritten(self) -> int:
        """Items that nobody took."""
        return self._num_overwritten

    def put(self, item: _Item) -> bool:
        """Offer an item; False when the stream has ended. Producer's thread."""
        with self._changed:
            if self._is_closed:
                return False
            was_empty = not self._items
            if not was_empty:
                self._items.clear()
                self._num_overwritten += 1
            self._items.append(item)
            self._changed.notify()
        self._tell(was_empty)
        return True


class Fifo(_Handoff[_Item]):
    """Holds up to `capacity` items in order. A full one ends the stream with what it has, rather than wait or lose.

    Args:
        capacity: Items it can hold, >= 1.
        overrun: The error the consumer meets, after the last item, when there was no room for another.
        on_filled: As for `Latest`.
    """

    def __init__(self, capacity: int, overrun: LiveDoubleError, on_filled: Callable[[], None] | None = None) -> None:
        if capacity < 1:
            raise ValueError(f"a Fifo holds at least one item, got a capacity of {capacity}")
        super().__init__(on_filled)
        self._capacity, self._overrun = capacity, overrun

    def put(self, item: _Item) -> bool:
        """Offer an item; False when there was no room or the stream has ended. Producer's thread."""
        with self._changed:
            if self._is_closed:
                return False
            was_empty = not self._items
            is_full = len(self._items) == self._capacity
            if not is_full:
                self._items.append(item)
                self._changed.notify()
        if is_full:
            self.close(self._overrun)
            return False
        self._tell(was_empty)
        return True
