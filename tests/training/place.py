"""Somewhere to train a tiny network, and someone who listens."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from engine.shots import DataSet
from tests.training.tiny_data import TINY
from training.device import choose_compute
from training.diary import METRICS_FILE
from training.loop import train
from training.watch import Watch


@dataclass
class Listener:
    """Hears everything, and asks to stop after a number of steps."""

    stop_after: int | None = None
    lines: list = field(default_factory=list)
    statuses: list = field(default_factory=list)

    def watch(self) -> Watch:
        return Watch(self.lines.append, lambda *_: None, self.statuses.append, self.should_stop)

    def should_stop(self) -> bool:
        return self.stop_after is not None and len(self.statuses) + 1 >= self.stop_after


@dataclass
class Place:
    """A data set with room for runs."""

    data: DataSet
    folder: Path

    def train(self, config=TINY, run="run", stop_after=None):
        listener = Listener(stop_after)
        outcome = train(
            self.data,
            config,
            self.folder / run,
            choose_compute("cpu", 1),
            self.data.folder / ".crops",
            listener.watch(),
        )
        return outcome, listener

    def rows(self):
        with (self.folder / "run" / METRICS_FILE).open(newline="") as file:
            return list(csv.DictReader(file))
