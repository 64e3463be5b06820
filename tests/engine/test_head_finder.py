"""The actor's own head finder in the engine: geometry, what does not load, and an actor that needs it."""

import numpy as np
import pytest

from engine.bundle import STABILISER_FILE, ActorBundle
from engine.errors import ActorError
from engine.frames import CropRect
from engine.head_finder import HeadFinder, head_of, pose_of
from engine.preparation import Preparation, open_preparation
from engine.stabilise import EYES_X, NOSE_Y, HeadPose, cut
from tests.fakes import change_facts, tiny_bundle

CROP = CropRect(150, 200, 600, 800)


def test_a_pose_in_the_crop_is_the_pose_in_the_picture_and_back() -> None:
    head = np.array([0.43, 0.58, 0.2])
    assert head_of(pose_of(head, CROP), CROP) == pytest.approx(head)
    # Upright and where the result has its anchor: nothing is moved.
    pose = pose_of(np.array([EYES_X, NOSE_Y, 0.0]), CROP)
    assert (pose.eyes_x, pose.nose_y) == pytest.approx((150 + 0.5 * 600 - 0.5, 200 + NOSE_Y * 800 - 0.5))
    picture = np.random.default_rng(0).integers(0, 256, (1200, 900), dtype=np.uint8)
    moved = cut(picture, CROP, pose, (240, 320), (0, 0)).astype(int) - cut(picture, CROP, None, (240, 320), (0, 0))
    assert np.abs(moved).max() <= 1


def test_the_anchor_is_where_eyes_and_nose_meet_in_a_tilted_head() -> None:
    pose = HeadPose(0.3, 410.0, 555.0)
    x, y, roll = head_of(pose, CROP)
    place = np.array([CROP.x + x * CROP.width - 0.5, CROP.y + y * CROP.height - 0.5])
    upright = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]]) @ place
    assert upright == pytest.approx((410.0, 555.0))


def test_what_is_no_network_is_refused_in_one_line() -> None:
    with pytest.raises(ActorError, match="finds the head does not load") as caught:
        HeadFinder(b"no network")
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="own network"):
        open_preparation(Preparation.SELF_STABILISED)


def test_an_actor_that_finds_its_head_brings_the_network_for_it(tmp_path) -> None:
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    plain = tiny_bundle(tmp_path / "actor")
    assert plain.stabiliser() is None
    facts = plain.facts.network
    network = {name: getattr(facts, name) for name in facts.__slots__}
    change_facts(plain.folder, network=network | {"preparation": "self-stabilised"})
    with pytest.raises(ActorError, match=STABILISER_FILE):
        ActorBundle.open(plain.folder)


def test_where_the_head_is_does_not_depend_on_how_the_crop_is_snapped(tmp_path) -> None:
    onnx = pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    answer = onnx.numpy_helper.from_array(np.array([[0.5, 0.5, 0.0]], np.float32), "head")
    names = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Constant", [], ["head"], value=answer)],
        "always in the middle",
        [names[0]("crop", names[1], [1, 1, 160, 120])],
        [names[0]("head", names[1], [1, 3])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    crop = CropRect(11, 21, 901, 1201)  # a column and a row are left out
    pose = HeadFinder(model.SerializeToString()).find(np.zeros((1300, 1000), np.uint8), crop)
    assert (pose.eyes_x, pose.nose_y) == pytest.approx((11 + 450 - 0.5, 21 + 600 - 0.5))
