"""`livedouble ablate` as a user types it."""

import json

import pytest

from tests.cli.command_line import assert_one_clear_line, livedouble
from tests.training.tiny_data import write_tiny_data

pytest.importorskip("torch", reason="training needs torch")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("ablate") / "data", 6).folder


def test_a_dry_run_lists_the_trainings_and_writes_nothing(data, tmp_path):
    outcome = livedouble("ablate", data, "--out", tmp_path / "grid", "--dry-run", "--seeds", "2")
    assert outcome.code == 0, outcome.err
    assert "reference x 3" in outcome.out
    assert "with-perspective x 2: max_perspective 0.0 -> 0.05" in outcome.out
    assert "12 training frames" in outcome.out
    assert list(tmp_path.iterdir()) == []


def test_a_small_grid_ends_in_a_table(data, tmp_path):
    report = tmp_path / "report.json"
    size = ("--steps", "2", "--batch", "2", "--threads", "1", "--only", "basis")
    outcome = livedouble("ablate", data, "--out", tmp_path / "grid", *size, "--json", report)
    assert outcome.code == 0, outcome.err
    assert "fixed basis" in outcome.out
    assert "Another seed alone" in outcome.out
    assert [row["cell"] for row in json.loads(report.read_text())["rows"]] == ["reference", "fixed-basis"]
    assert {path.name for path in (tmp_path / "grid").glob("ablation.*")} == {
        "ablation.html", "ablation.md", "ablation.csv", "ablation.json",
    }  # fmt: skip
    other = livedouble("ablate", data, "--out", tmp_path / "grid", *size, "--steps", "3")
    assert_one_clear_line(other, "other settings", "epochs")
