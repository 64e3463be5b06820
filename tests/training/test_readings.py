from dataclasses import replace
from types import SimpleNamespace

import pytest

from training import readings
from training.checkpoint import TrainingState
from training.config import TrainConfig
from training.readings import Clock

START = TrainingState(0, 1000, 0.0, 9.9, 0)
CONFIG = TrainConfig(batch_size=10, validation_minutes=3.0)  # of 100 frames: ten steps are an epoch


@pytest.fixture
def seconds(monkeypatch):
    """Sets the time."""
    now = SimpleNamespace(s=0.0)
    monkeypatch.setattr(readings, "time", SimpleNamespace(perf_counter=lambda: now.s))
    return now


def validations(seconds, step_s, num_steps, config=CONFIG):
    clock, found = Clock(config, START, 100), []
    for step in range(1, num_steps + 1):
        seconds.s += step_s
        if clock.read(replace(START, step=step), is_stopping=False).is_validation:
            found.append(step)
            clock.validated()
    return found


def test_each_epochs_end_brings_a_validation(seconds):
    assert validations(seconds, 2.0, 45) == [10, 20, 30, 40]


def test_short_epochs_are_not_all_validated(seconds):
    # A twentieth of three minutes is nine seconds, in which 18 steps are taken.
    assert validations(seconds, 0.5, 60) == [19, 38, 57]


def test_long_epochs_are_validated_in_between(seconds):
    assert validations(seconds, 50.0, 12) == [4, 8, 10]


def test_who_never_wants_a_validation_has_none_but_the_last(seconds):
    assert validations(seconds, 5.0, 100, replace(CONFIG, validation_minutes=1e6)) == []
