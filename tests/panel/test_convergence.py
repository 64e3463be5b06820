import csv
import math

import numpy as np
import pytest

from training.panel.convergence import ramps, read_convergence

HEADINGS = (
    "step", "epoch", "elapsed_s", "learning_rate", "loss_cm2", "validation_rmse_mm", "mean_face_rmse_mm",
)  # fmt: skip


def rate_of(epoch, ramp_down=170.0, end=200.0):
    rate = 1e-3 * 0.01 ** max(0.0, 1 - epoch) / math.sqrt(max(1.0, epoch))
    return rate * (1 if epoch < ramp_down else 0.5 + 0.5 * math.cos(math.pi * (epoch - ramp_down) / (end - ramp_down)))


def test_ramps_are_read_off_the_learning_rate():
    epochs = np.arange(0.0, 200.0, 0.5)
    up, down = ramps(epochs, np.array([rate_of(epoch) for epoch in epochs]))
    assert up == 1.0
    assert down == pytest.approx(172.0, abs=2.0)


def test_a_training_that_is_still_on_course_has_no_ramp_down():
    epochs = np.arange(2.0, 60.0)
    up, down = ramps(epochs, np.array([rate_of(epoch) for epoch in epochs]))
    assert math.isnan(up)
    assert math.isnan(down)


def test_a_training_s_table_is_read_by_its_headings(tmp_path):
    with (tmp_path / "metrics.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow([*HEADINGS, "something_new"])
        for epoch in (0.5, 1.0, 2.0):
            table.writerow([int(100 * epoch), epoch, 1.0, rate_of(epoch), 0.0028, 1.5, 3.5, "x"])
    found = read_convergence(tmp_path, "run")
    assert found.epochs.tolist() == [0.5, 1.0, 2.0]
    assert found.training_mm == pytest.approx([0.9165] * 3, rel=1e-3)  # the paper's 0.0028 cm2 is 0.92 mm
    assert found.validation_mm.tolist() == [1.5] * 3


def test_columns_that_are_missing_are_not_a_number(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,loss_cm2\n1,0.01\n2,\n", "utf-8")
    found = read_convergence(tmp_path, "run")
    assert np.isnan(found.validation_mm).all()
    assert np.isnan(found.training_mm[1])
    assert math.isnan(found.ramp_down_start)


def test_a_folder_without_rows_has_no_convergence(tmp_path):
    assert read_convergence(tmp_path, "run") is None
    (tmp_path / "metrics.csv").write_text(",".join(HEADINGS) + "\n", "utf-8")
    assert read_convergence(tmp_path, "run") is None
