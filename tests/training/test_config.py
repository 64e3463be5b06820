import pytest

from engine.errors import LiveDoubleError
from training.config import CONFIG_FILE, TrainConfig


def test_the_default_is_the_papers_recipe():
    config = TrainConfig()
    assert (config.input_width_px, config.input_height_px, config.num_latents) == (240, 320, 160)
    assert config.stages == ((64, 64), (96, 96), (144, 144), (216, 216), (324, 324), (486, 486))
    assert (config.batch_size, config.epochs, config.dropout) == (50, 200, 0.2)
    assert (config.ramp_up_epochs, config.ramp_down_epochs, config.augmentation_epochs) == (1, 30, 5)
    assert (config.beta1, config.beta1_end) == (0.9, 0.5)


def test_settings_survive_saving(tmp_path):
    config = TrainConfig(
        minutes=3.5, stages=((4, 8), (8,)), views=("front", "side"), region_weights=(("lips", 2.0),), num_frames=100
    )
    config.save(tmp_path / "run")
    assert TrainConfig.from_json((tmp_path / "run" / CONFIG_FILE).read_text()) == config


def test_settings_of_another_version_are_refused():
    with pytest.raises(LiveDoubleError, match="number_of_wishes"):
        TrainConfig.from_json('{"number_of_wishes": 3}')


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("batch_size", 0), ("minutes", -1.0), ("num_frames", 0), ("learning_rate", 0.0)]
)
def test_a_setting_that_cannot_be_is_refused_by_name(name, value):
    with pytest.raises(LiveDoubleError, match=name):
        TrainConfig(**{name: value})


def test_differences_name_what_changed_and_nothing_else():
    assert TrainConfig().differences(TrainConfig(seed=2)) == ["seed 1 -> 2"]
