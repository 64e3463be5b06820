"""The settings of a double's training fit the actor it begins with."""

from pathlib import Path

from app.cli.console import DEMO_ACTOR
from app.cli.fit import AS_BOOTSTRAP
from app.cli.main import main
from engine.preparation import Preparation
from training.bootstrap.recipe import recipe
from training.earlier import open_earlier


def test_a_double_begins_with_the_demo_actor_on_the_virtual_actors_mesh(mean_head):
    config = recipe(20.0, 16, DEMO_ACTOR, is_small=False)
    earlier = open_earlier(Path(config.start_from))
    earlier.check(config, mean_head.rig.topology)
    assert config.is_new_face
    assert config.preparation is Preparation.SELF_STABILISED
    assert config.learning_rate < 1e-3, "or the first steps forget what was learned"


def test_the_line_that_fit_ends_with_is_the_recipe(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("app.cli.train.run_training", lambda data, config, *_: asked.append(config))
    monkeypatch.setattr("engine.shots.DataSet.open", lambda _: None)
    assert main(["train", str(tmp_path), "--out", str(tmp_path / "run"), *AS_BOOTSTRAP.split()]) == 0
    assert asked == [recipe(20.0, 16, DEMO_ACTOR, is_small=False)]


def test_a_small_double_begins_by_itself(mean_head):
    config = recipe(20.0, 16, DEMO_ACTOR, is_small=True)
    assert config.start_from is None
    assert not config.is_new_face
    assert config.preparation is Preparation.SELF_STABILISED
    assert dict(config.region_weights)["brows"] > 1
    assert set(dict(config.region_weights)) <= set(mean_head.rig.topology.sets)
