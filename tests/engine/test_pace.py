"""How fast movies are solved, told only where the measurements agree."""

import pytest

from engine.pace import Alone, Pace
from tests.fakes import FakeClock

_S = 1_000_000_000


def _rounds(
    slow_turns: tuple[float, ...], stretches_s: tuple[float, ...], *, is_shared: bool = True, num_ahead: int = 0
) -> Alone | None:
    """Of 60 frames decoded in a second and 30 solved in another, but slower by so much; between them 60 in so long."""
    clock = FakeClock()
    pace = Pace(is_shared, clock)
    for slower, stretch_s in zip(slow_turns, (1.0, *stretches_s), strict=True):
        pace.solved(60)
        clock.advance(stretch_s)
        pace.begin_turns(num_ahead)
        clock.advance(100.0)  # what passes in turns is not what both took together
        pace.end_turns(decoded=(60, round(slower * _S)), solved=(30, round(slower * _S)))
    return pace.alone()


def test_cores_that_are_shared_allow_what_both_need_of_them_in_turn() -> None:
    alone = _rounds((1.0,) * 4, (3.75,) * 3)
    assert alone is not None
    assert (alone.decode_fps, alone.network_fps, alone.allowed_fps) == (60.0, 30.0, 20.0)
    assert alone.share == pytest.approx(0.8)  # 60 frames allow 3 s
    assert alone.quartiles == pytest.approx((0.8, 0.8))


def test_beside_a_gpu_the_slower_of_the_two_is_what_is_allowed() -> None:
    alone = _rounds((1.0,) * 4, (2.5,) * 3, is_shared=False)
    assert alone is not None
    assert (alone.allowed_fps, alone.share) == (30.0, pytest.approx(0.8))


def test_frames_that_were_decoded_and_not_solved_yet_are_work_that_was_done() -> None:
    alone = _rounds((1.0,) * 4, (3.5,) * 3, num_ahead=30)
    assert alone is not None
    assert alone.share == pytest.approx(1.0)


def test_one_busy_moment_does_not_change_the_share() -> None:
    alone = _rounds((1.0,) * 5 + (4.0,) + (1.0,) * 6, (3.0,) * 11)
    assert alone is not None
    assert (alone.network_fps, alone.share) == (30.0, pytest.approx(1.0))


def test_no_share_is_told_of_a_single_measurement_however_it_came_out() -> None:
    alone = _rounds((2.2,), ())
    assert alone is not None
    assert (alone.num_rounds, alone.quartiles, alone.share) == (1, None, None)


def test_no_share_is_told_where_the_stretches_do_not_agree() -> None:
    alone = _rounds((1.0, 1.0, 3.0, 3.0, 1.0), (3.0, 2.0, 3.0, 9.0))
    assert alone is not None
    assert alone.share is None
    assert alone.quartiles is not None


def test_turns_are_taken_often_at_first_then_seldom_and_sooner_when_other_movies_have_come() -> None:
    clock = FakeClock()
    pace = Pace(is_shared=True, clock=clock)
    assert not pace.is_due(1, True), "the first batches are slow"
    assert pace.is_due(2, True)
    for _ in range(4):
        pace.begin_turns(0)
        pace.end_turns((1, 1), (1, 1))
        assert not pace.is_due(9, True)
        clock.advance(5.0)
    assert not pace.is_due(9, True)
    clock.advance(6.0)
    assert pace.is_due(9, True)
    assert not pace.is_due(9, False)
    clock.advance(20.0)
    assert pace.is_due(9, False)
