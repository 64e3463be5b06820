from dataclasses import replace
from itertools import pairwise
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


def test_validations_take_a_tenth_of_the_time_at_most(seconds):
    clock, found = Clock(CONFIG, START, 100), []
    for step in range(1, 101):
        seconds.s += 2.0
        if clock.read(replace(START, step=step), is_stopping=False).is_validation:
            found.append(step)
            seconds.s += 5.0
            clock.validated()
    assert found == [10, 36, 62, 88]


def planned(seconds, first_s, validation_s):
    """[(step, total steps)] of ten minutes as a GPU takes them: 12 ms a step, read every 25 steps."""
    config = TrainConfig(minutes=10.0)
    state = TrainingState(0, 60_000, 0.0, 9.9, 0)
    clock, found = Clock(config, state, 15_000), []
    seconds.s += first_s
    while state.step < state.total_steps:
        num_steps = 1 if state.step == 0 else 25
        seconds.s += 0.012 * num_steps
        state = replace(state, step=state.step + num_steps)
        due = clock.read(state, is_stopping=False)
        state = replace(state, total_steps=due.total_steps)
        found.append((state.step, state.total_steps))
        if due.is_validation:
            seconds.s += validation_s
            clock.validated()
        if due.is_checkpoint:
            seconds.s += 0.4
            clock.saved()
    return found


def test_a_slow_start_does_not_shorten_the_plan(seconds):
    found = planned(seconds, first_s=25.0, validation_s=0.3)
    assert found[0] == (1, 60_000)
    assert min(total for _, total in found) > 0.9 * found[-1][1]


def test_against_a_clock_the_plan_hardly_moves_whatever_validations_take(seconds):
    found = planned(seconds, first_s=5.0, validation_s=1.5)
    later = [total for step, total in found if step > found[-1][0] // 10]
    assert max(later) < 1.15 * min(later)
    jumps = [abs(after / before - 1) for before, after in pairwise(later)]
    assert max(jumps) < 0.02
    assert seconds.s == pytest.approx(600, rel=0.03)
