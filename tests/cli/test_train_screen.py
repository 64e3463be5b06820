"""What a training shows before its first step."""

import pytest
from rich.console import Console

from app.cli import train_screen
from app.cli.train_screen import BarScreen, Interrupt
from tests.fakes import FakeClock


def test_a_log_says_once_a_minute_what_is_prepared_and_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=200, force_terminal=False)
    monkeypatch.setattr(train_screen, "err", console)
    clock = FakeClock()
    screen = BarScreen(Interrupt(), time=clock)
    with console.capture() as told:
        for done in range(1, 2001):
            screen.preparing("finding heads", done, 2000)
            clock.advance(0.05)
        screen.preparing("decoding one", 1, 1)
    assert told.get().splitlines() == [
        "Finding heads: 1,201 of 2,000, 40 s left.",
        "Finding heads: 2,000 of 2,000.",
        "Decoding one: 1 of 1.",
    ]


def test_preparing_ends_at_once_when_asked_to() -> None:
    interrupt = Interrupt()
    screen = BarScreen(interrupt, time=FakeClock())
    screen.preparing("decoding one", 1, 2)
    interrupt.ask(2, None)
    with pytest.raises(KeyboardInterrupt):
        screen.preparing("decoding one", 2, 2)
