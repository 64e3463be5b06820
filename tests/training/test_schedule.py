import itertools
import math

import pytest

from training.config import TrainConfig
from training.schedule import Plan, augmentation_strength, beta1, learning_rate

PAPER = TrainConfig()
PLAN = Plan.of(PAPER, 15_000)  # 300 steps an epoch, 60,000 steps


def test_the_papers_plan_counts_its_steps():
    assert Plan(60_000, 300) == PLAN


def test_fewer_frames_than_a_batch_still_make_an_epoch():
    assert Plan.of(PAPER, 7) == Plan(200, 1)


def test_the_learning_rate_rises_geometrically_during_the_first_epoch():
    first, middle, last = (learning_rate(PAPER, PLAN, step) for step in (0, 150, 300))
    assert first == pytest.approx(PAPER.ramp_up_from * PAPER.learning_rate)
    assert middle == pytest.approx(math.sqrt(first * last))
    assert last == pytest.approx(PAPER.learning_rate)


def test_the_learning_rate_then_falls_with_the_root_of_the_epochs():
    assert learning_rate(PAPER, PLAN, 300 * 100) == pytest.approx(PAPER.learning_rate / 10)


def test_the_learning_rate_ends_at_zero_without_a_step_down():
    rates = [learning_rate(PAPER, PLAN, step) for step in range(300 * 165, PLAN.total_steps + 1)]
    assert rates[-1] == pytest.approx(0.0, abs=1e-12)
    assert all(later <= earlier for earlier, later in itertools.pairwise(rates))
    assert max(earlier - later for earlier, later in itertools.pairwise(rates)) < 1e-7


def test_beta1_moves_during_the_last_30_epochs_only():
    assert beta1(PAPER, PLAN, 300 * 170) == PAPER.beta1
    assert beta1(PAPER, PLAN, 300 * 185) == pytest.approx(0.7)
    assert beta1(PAPER, PLAN, PLAN.total_steps) == pytest.approx(0.5)


def test_augmentation_grows_linearly_over_five_epochs():
    strengths = [augmentation_strength(PAPER, PLAN, 300 * epoch) for epoch in (0, 1, 2.5, 5, 50)]
    assert strengths == pytest.approx([0.0, 0.2, 0.5, 1.0, 1.0])


def test_a_short_training_keeps_the_shape_of_the_recipe():
    plan = Plan(200, 300)
    assert learning_rate(PAPER, plan, 0) < learning_rate(PAPER, plan, 5) < learning_rate(PAPER, plan, 10)
    assert learning_rate(PAPER, plan, 10) == learning_rate(PAPER, plan, 139) == PAPER.learning_rate
    assert learning_rate(PAPER, plan, 199) < 0.01 * PAPER.learning_rate
    assert augmentation_strength(PAPER, plan, 20) == 1.0


def test_a_training_of_one_step_has_a_schedule():
    plan = Plan(1, 1)
    assert 0 <= learning_rate(PAPER, plan, 0) <= PAPER.learning_rate
    assert augmentation_strength(PAPER, plan, 0) == 0.0
