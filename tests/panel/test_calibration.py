import numpy as np
import pytest

from tests.panel.faces import at_rest, panel_of, shot


def foretold(factor):
    """Distances drawn from the errors that are foretold, times a factor."""
    rng = np.random.default_rng(2)
    expected_mm = rng.choice([0.3, 1.0, 3.0], (400, 40)).astype(np.float32)
    solved = at_rest(400)
    solved[:, :, 0] += rng.exponential(1.0, (400, 40)) * expected_mm * factor / 10
    return shot(at_rest(400), solved, expected_mm=expected_mm)


def test_errors_drawn_as_foretold_are_calibrated():
    calibration = panel_of(foretold(1.0)).calibration
    assert calibration.deviation < 0.03
    assert calibration.expected_mm == pytest.approx(calibration.actual_mm, rel=0.03)
    assert [row.expected_mm for row in calibration.reliability] == pytest.approx([0.3, 1.0, 3.0], rel=1e-3)
    assert sum(row.share for row in calibration.reliability) == pytest.approx(1.0)
    for row in calibration.coverage:
        assert row.share == pytest.approx(row.ideal, abs=0.01)


def test_errors_twice_as_large_as_foretold_are_seen():
    calibration = panel_of(foretold(2.0)).calibration
    assert calibration.deviation == pytest.approx(0.5, abs=0.02)
    assert [row.actual_mm / row.expected_mm for row in calibration.reliability] == pytest.approx([2, 2, 2], rel=0.05)
    assert calibration.coverage[0].share == pytest.approx(1 - np.exp(-0.5), abs=0.02)


def test_without_foretold_errors_there_is_no_calibration():
    assert panel_of(shot(at_rest(5), at_rest(5))).calibration is None


def test_foretold_errors_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="expected_error_mm"):
        shot(at_rest(5), at_rest(5), expected_mm=np.zeros((5, 7), np.float32))
