import numpy as np
import pytest

from tests.panel.faces import FACE, OPEN_CM, at_rest, during, panel_of, shot, with_closed_lips, with_lids
from training.panel.contact import match, runs
from training.panel.pairs import with_pairs_that_part


def lips(num_frames, *spans):
    return with_closed_lips(at_rest(num_frames), during(num_frames, *spans))


def test_what_closes_as_it_should_is_perfect():
    contact = panel_of(shot(lips(90, (20, 30), (50, 70)), lips(90, (20, 30), (50, 70)))).contact("lips")
    assert (contact.precision, contact.recall, contact.f1) == (1.0, 1.0, 1.0)
    assert contact.share_true == pytest.approx(30 / 90)
    timing = contact.timing
    assert (timing.num_true, timing.num_found, timing.num_false) == (2, 2, 0)
    assert (timing.onset_ms, timing.offset_ms, timing.lag_ms) == (0.0, 0.0, 0.0)


def test_a_closure_three_frames_late_is_a_tenth_of_a_second_late():
    timing = panel_of(shot(lips(90, (20, 30)), lips(90, (23, 33)))).contact("lips").timing
    assert timing.onset_ms == pytest.approx(100.0)
    assert timing.offset_ms == pytest.approx(100.0)
    assert timing.lag_ms == pytest.approx(100.0)
    assert timing.onset_differences_ms == pytest.approx([100.0])


def test_early_and_late_do_not_cancel_in_the_difference():
    timing = panel_of(shot(lips(90, (20, 30)), lips(90, (17, 33)))).contact("lips").timing
    assert (timing.onset_ms, timing.offset_ms) == (pytest.approx(100.0), pytest.approx(100.0))
    assert timing.lag_ms == pytest.approx(0.0)


def test_precision_and_recall_count_pairs_and_frames():
    contact = panel_of(shot(lips(90, (20, 40)), lips(90, (30, 60)))).contact("lips")
    assert contact.precision == pytest.approx(10 / 30)
    assert contact.recall == pytest.approx(10 / 20)
    assert contact.f1 == pytest.approx(2 * 10 / 50)


def test_half_a_millimetre_too_far_is_no_contact():
    truth, solved = lips(60, (20, 40)), lips(60, (20, 40))
    solved[20:40, 4:8, 1] -= 0.13  # gaps of 1.5 mm
    contact = panel_of(shot(truth, solved)).contact("lips")
    assert (contact.precision, contact.recall, contact.f1) == (None, 0.0, 0.0)
    assert contact.timing.num_found == 0
    assert contact.timing.onset_ms is None


def test_a_mouth_is_closed_by_half_its_pairs():
    truth, solved = lips(60, (20, 40)), lips(60, (20, 40))
    solved[20:40, 4:6, 1] -= 1.0  # two of four
    contact = panel_of(shot(truth, solved)).contact("lips")
    assert contact.recall == pytest.approx(0.5)
    assert contact.timing.num_found == 1
    solved[20:40, 6, 1] -= 1.0  # three of four
    assert panel_of(shot(truth, solved)).contact("lips").timing.num_found == 0


def test_missed_and_false_closures_are_counted():
    timing = panel_of(shot(lips(200, (20, 30), (80, 90)), lips(200, (20, 30), (150, 160)))).contact("lips").timing
    assert (timing.num_true, timing.num_found, timing.num_false) == (2, 1, 1)


def test_a_closure_that_the_shot_cuts_off_has_no_moment_there():
    timing = panel_of(shot(lips(60, (0, 20), (40, 60)), lips(60, (0, 23), (43, 60)))).contact("lips").timing
    assert timing.num_found == 2
    assert timing.offset_differences_ms == pytest.approx([100.0])
    assert timing.onset_differences_ms == pytest.approx([100.0])


def test_lids_are_judged_eye_by_eye():
    closed = np.where(during(90, (30, 36)), 0.02, OPEN_CM)
    truth = with_lids(with_lids(at_rest(90), "left", closed), "right", closed)
    solved = with_lids(at_rest(90), "left", closed)
    contact = panel_of(shot(truth, solved)).contact("lids")
    assert contact.recall == pytest.approx(0.5)
    assert contact.precision == 1.0
    assert (contact.timing.num_true, contact.timing.num_found) == (2, 1)


def test_where_nothing_touches_there_is_nothing_to_score():
    contact = panel_of(shot(at_rest(20), at_rest(20))).contact("lips")
    assert contact.precision is contact.recall is contact.f1 is None


def test_closures_are_matched_one_to_one_to_the_most_alike():
    assert match([(10, 20)], [(5, 8), (11, 21)], 7.5) == [((10, 20), (11, 21))]
    assert match([(10, 12)], [(15, 17)], 7.5) == [((10, 12), (15, 17))]
    assert match([(10, 12)], [(25, 27)], 7.5) == []


def test_runs_are_found_at_both_ends():
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert runs(np.zeros(3, bool)) == []


def test_one_long_closure_is_not_two():
    assert len(match([(10, 20), (22, 30)], [(10, 30)], 7.5)) == 1


def test_pairs_that_never_part_do_not_count():
    truth, solved = lips(60, (20, 40)), lips(60, (30, 40))
    for meshes in (truth, solved):
        meshes[:, 4:6] = meshes[:, 0:2] - [0, 0.02, 0]  # two of four, in every frame
    contact = panel_of(shot(truth, solved), topology=with_pairs_that_part(FACE, [truth])).contact("lips")
    assert contact.recall == pytest.approx(0.5)
    assert contact.share_true == pytest.approx(20 / 60)
    assert contact.timing.onset_ms == pytest.approx(1000 * 10 / 30)


def test_which_pairs_count_is_decided_over_all_shots():
    closed, opening = lips(60, (0, 60)), lips(60, (0, 30))
    topology = with_pairs_that_part(FACE, [closed, opening])
    assert len(topology.sets["lip_pairs"]) == 4
    assert panel_of(shot(closed, closed), topology=topology).contact("lips").f1 == 1.0


@pytest.mark.filterwarnings("error")
def test_an_eye_that_never_opens_is_not_judged():
    closed = np.full(60, 0.02)
    truth = with_lids(with_lids(at_rest(60), "left", closed), "right", np.where(during(60, (20, 30)), 0.02, OPEN_CM))
    contact = panel_of(shot(truth, truth), topology=with_pairs_that_part(FACE, [truth])).contact("lids")
    assert contact.num_frames == 60
    assert contact.timing.num_true == 1
    assert with_pairs_that_part(FACE, [lips(60, (0, 60))]).sets["lip_pairs"].size == 0
