"""What `livedouble shoot` refuses and tells before it films; filming itself is tested with the shoot."""

import json

import numpy as np
import pytest

from app.cli.shoot import _tell_coverage
from engine.shots import SKIN_FILE, DataSet
from tests.cli.command_line import assert_one_clear_line, livedouble
from training.actor.coverage import coverage_of
from training.shoot_report import Motion


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--size", "large"), ("'large'", "WIDTHxHEIGHT")),
        (("--size", "1600x1200"), ("1600x1200", "upright")),
        (("--cameras", "front,above"), ("front,above", "side")),
        (("--mains-hz", "55"), ("55 Hz", "50, 60")),
        (("--actor", "nobody"), ("nobody",)),
    ],
    ids=["no size", "landscape", "camera", "mains", "actor"],
)
def test_what_cannot_be_filmed_is_refused_in_one_line_and_leaves_nothing(tmp_path, options, words):
    assert_one_clear_line(livedouble("shoot", "--out", tmp_path / "data", "--minutes", "0.1", *options), *words)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("options", [("--actor", "nobody"), ()], ids=["actor", "folder"])
def test_actor_and_folder_are_looked_at_before_anything_is_told(tmp_path, options):
    (tmp_path / "letter.txt").write_text("dear")
    outcome = livedouble("shoot", "--out", tmp_path, "--minutes", "0.1", *options)
    assert_one_clear_line(outcome, "nobody" if options else "something other")
    assert outcome.out == ""


@pytest.mark.parametrize(("command", "killed"), [("sheet", "shoot"), ("train", "shoot"), ("sheet", "ingest")])
def test_what_was_killed_is_not_finished_and_its_own_command_is_named(tmp_path, command, killed):
    (tmp_path / "data" / "003_pangrams.partial").mkdir(parents=True)
    if killed == "shoot":
        (tmp_path / "data" / SKIN_FILE).write_bytes(b"painted first")
    options = ("--out", tmp_path / "run") if command == "train" else ()
    outcome = livedouble(command, tmp_path / "data", *options)
    assert_one_clear_line(outcome, "not finished", f"same {killed} command again")


@pytest.mark.parametrize("is_short", [True, False])
def test_a_short_set_is_not_blamed_for_units_it_has_no_time_for(is_short, capsys):
    coverage = coverage_of([np.zeros((30, 3), np.float32)], ("browDownLeft", "jawOpen", "mouthPucker"))
    _tell_coverage(coverage, Motion(30, 1.0, 9.0, (3, 5)), is_short=is_short)
    told = capsys.readouterr().out
    assert ("has no time for all of them" in told) is is_short
    assert ("Not fully reached: browDownLeft, jawOpen" in told) is not is_short


def test_a_dry_run_tells_every_shot_and_setting_and_films_nothing(tmp_path):
    outcome = livedouble("shoot", "--minutes", "10", "--read-noise", "7", "--out", tmp_path / "data", "--dry-run")
    assert outcome.code == 0, outcome.err
    assert "read_noise_e = 7.0" in outcome.out
    lines = [line for line in outcome.out.splitlines() if line.endswith(" frames")]
    total = f"Together 19,800 frames in {len(lines)} shots, 11.0 minutes, about"
    assert outcome.out.index(lines[-1]) < outcome.out.index(total) < outcome.out.index("read_noise_e")
    assert sum(int(line.split()[-2]) for line in lines) == 19_800
    assert "take 1" in lines[0]
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_a_tiny_shoot_makes_a_data_set_and_tells_its_figures(tmp_path):
    folder, report = tmp_path / "data", tmp_path / "report.json"
    outcome = livedouble(
        "shoot", "--minutes", "0.1", "--size", "240x320", "--cameras", "front,side", "--out", folder, "--json", report,
        timeout_s=600,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    data = DataSet.open(folder)
    assert set(data.cameras) == {"front", "side"}
    values = json.loads(report.read_text())
    assert values["frames"] == values["frames_made_now"] == 252
    assert values["frames_per_s"] > 0
    assert values["movie_loss"]["crop_mean_levels"] < 3
    assert len(values["units"]) == 52
    assert values["drawn_by"] in outcome.out
