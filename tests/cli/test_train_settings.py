"""What the options of `livedouble train` mean."""

import json

import pytest

from app.cli.console import UsageError
from app.cli.train_settings import AugmentName, StagesName, parse_regions, parse_views
from tests.cli.command_line import livedouble
from tests.training.tiny_data import write_tiny_data
from training.config import PAPER_STAGES, TrainConfig
from training.variation import Amounts

pytest.importorskip("torch", reason="training needs torch")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("settings") / "data", 6).folder


def test_presets_are_the_papers_variations():
    assert StagesName.PAPER.setting == PAPER_STAGES
    assert StagesName.HALF.setting == ((32, 32), (48, 48), (72, 72), (108, 108), (162, 162), (243, 243))
    assert StagesName.DOUBLE.setting[-1] == (972, 972)
    assert StagesName.NO_STRIDE_1.setting == ((64,), (96,), (144,), (216,), (324,), (486,))
    assert StagesName.MORE_STRIDE_1.setting[0] == (64, 64, 64)
    for name in StagesName:
        TrainConfig(stages=name.setting)


def test_no_augmentation_is_none_of_each_kind():
    config = AugmentName.NONE.setting.filled_in(TrainConfig())
    amounts = (config.max_translation, config.max_rotation_deg, config.max_zoom)
    assert (*amounts, config.max_brightness, config.max_contrast) == (0, 0, 0, 0, 0)
    assert Amounts.of(TrainConfig()) is AugmentName.MEASURED.setting is None


def test_views_and_regions_are_read_as_people_write_them():
    assert parse_views("front, side") == ("front", "side")
    assert parse_regions(["lips=3", "lids=1.5"]) == (("lips", 3.0), ("lids", 1.5))
    with pytest.raises(UsageError, match="no list of cameras"):
        parse_views("front,")
    with pytest.raises(UsageError, match="'lips' is no region"):
        parse_regions(["lips"])


def test_options_become_settings(data, tmp_path):
    options = (
        *("--stages", "half", "--latents", "20", "--variance", "0.99", "--fixed-basis", "--no-uncertainty"),
        *("--normals", "0.1", "--velocity", "0.2", "--contact", "0.3", "--region", "lips=3", "--affine-invariant"),
        *("--align-shots", "--augment", "none", "--network", "convolutional", "--views", "front"),
    )
    outcome = livedouble("train", data, "--out", tmp_path / "run", *options, "--dry-run")
    assert outcome.code == 0, outcome.err
    settings = dict(line.split(" = ", 1) for line in outcome.out.splitlines())
    expected = {
        "stages": str(StagesName.HALF.setting),
        "num_latents": "20",
        "variance": "0.99",
        "is_basis_fixed": "True",
        "has_uncertainty": "False",
        "normal_weight": "0.1",
        "velocity_weight": "0.2",
        "contact_weight": "0.3",
        "region_weights": "(('lips', 3.0),)",
        "is_affine_invariant": "True",
        "is_shot_aligned": "True",
        "max_contrast": "0.0",
    }
    assert expected.items() <= settings.items()
    assert not (tmp_path / "run").exists()


def test_the_speed_is_measured_against_a_plain_loop(data, tmp_path):
    report = tmp_path / "pace.json"
    options = ("--batch", "2", "--threads", "1", "--stages", "no-stride-1", "--measure", "--json", report)
    outcome = livedouble("train", data, "--out", tmp_path / "run", *options)
    assert outcome.code == 0, outcome.err
    pace = json.loads(report.read_text())
    assert pace["ratio"] == pytest.approx(pace["samples_per_s"] / pace["plain_samples_per_s"])
    assert f"{pace['ratio']:.2f} times" in outcome.out
    assert not (tmp_path / "run").exists()


def test_a_camera_that_is_not_there_is_said_in_one_line(data, tmp_path):
    options = ("--views", "front,above", "--threads", "1")
    outcome = livedouble("train", data, "--out", tmp_path / "run", *options)
    assert outcome.code == 2
    last = outcome.error_lines[-1]
    assert last.startswith("livedouble: ")
    assert "no camera above" in last
