"""Stabilising: the geometry by itself, and with dlib on a drawn face."""

import json
from importlib.util import find_spec

import cv2
import numpy as np
import pytest

from engine import landmarks, stabilise
from engine.bundle import ActorBundle, BundleFacts
from engine.crop import crop_for_network
from engine.drawn_face import draw_face
from engine.errors import ActorError, TrackerError
from engine.frames import CropRect, Frame
from engine.head_finder import SEEN_PX, seen_of
from engine.preparation import Preparation, open_preparation
from engine.solver import Solver
from engine.stabilise import EYES_X, NOSE_Y, HeadPose, PointFinder, Stabiliser, cut, placement
from tests.fakes import FakeBackend, change_facts, tiny_bundle

WIDTH, HEIGHT = 900, 1200
CROP = CropRect(150, 200, 600, 800)
SIZE = (240, 320)


def smooth_picture() -> np.ndarray:
    noise = np.random.default_rng(3).uniform(0, 255, (HEIGHT // 30, WIDTH // 30)).astype(np.float32)
    return cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def moved(picture: np.ndarray, roll_deg: float, shift: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """The picture turned clockwise about its middle and shifted; and the [2, 3] that did it."""
    affine = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), -roll_deg, 1.0)
    affine[:, 2] += shift
    drawn = cv2.warpAffine(picture, affine, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return drawn, affine


def points_of(eyes: tuple[float, float], nose_y: float) -> np.ndarray:
    """[68, 2] of an upright face: eyes 100 apart, about `eyes`."""
    points = np.zeros((68, 2))
    for first, x in ((36, eyes[0] - 50), (42, eyes[0] + 50)):
        offsets = (-20, 0), (-8, -6), (8, -6), (20, 0), (8, 6), (-8, 6)
        points[first : first + 6] = np.add((x, eyes[1]), offsets)
    points[27:36] = (eyes[0], nose_y)
    return points


def test_without_a_pose_it_is_the_plain_crop() -> None:
    picture = smooth_picture()
    difference = cut(picture, CROP, None, SIZE, (0, 0)).astype(int) - crop_for_network(picture, CROP, *SIZE)
    assert np.abs(difference).max() <= 2  # halved once on its way, which blurs a little


def test_eyes_and_nose_come_to_lie_where_they_must() -> None:
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(picture, (480, 700), 8, 255, -1)  # where midpoint and nose are
    pose = HeadPose.of(points_of((480.0, 560.0), 700.0))
    seen = cut(picture, CROP, pose, SIZE, (0, 0)).astype(float)
    y, x = (np.array(np.indices(seen.shape)) * seen).sum(axis=(1, 2)) / seen.sum()
    assert (x + 0.5, y + 0.5) == pytest.approx((EYES_X * SIZE[0], NOSE_Y * SIZE[1]), abs=0.1)


def test_a_head_that_moves_is_seen_at_rest() -> None:
    picture = smooth_picture()
    points = points_of((450.0, 560.0), 680.0)
    rest = cut(picture, CROP, HeadPose.of(points), SIZE, (0, 0)).astype(float)
    turned, affine = moved(picture, 7.0, (31.3, -22.6))
    seen = cut(turned, CROP, HeadPose.of(points @ affine[:, :2].T + affine[:, 2]), SIZE, (0, 0))
    assert np.abs(seen - rest).mean() < 0.5
    assert np.abs(crop_for_network(turned, CROP).astype(float) - crop_for_network(picture, CROP)).mean() > 20


def test_a_wink_turns_nothing() -> None:
    points = points_of((450.0, 560.0), 680.0)
    before = HeadPose.of(points)
    points[[37, 38]] += (0.0, 10.0)
    assert HeadPose.of(points) == before


def test_detail_finer_than_a_pixel_is_averaged_not_picked() -> None:
    rows, columns = np.indices((HEIGHT, WIDTH))
    fine = (255 * ((rows + columns) % 2)).astype(np.uint8)
    seen = cut(fine, CROP, HeadPose(0.05, 450.0, 680.0), SIZE, (0, 0))
    assert np.abs(seen.astype(float) - 127.5).max() < 30


def test_an_actor_says_what_it_wants_to_see_and_the_first_ones_a_crop(tiny: ActorBundle) -> None:
    text = tiny.facts.to_json()
    assert '"preparation": "crop"' in text
    assert BundleFacts.from_json(text.replace('"preparation": "crop"', '"preparation": "stabilised"'))
    old = json.loads(text)
    del old["network"]["preparation"]
    assert BundleFacts.from_json(json.dumps(old)).network.preparation is Preparation.CROP
    with pytest.raises(ActorError, match="warped"):
        BundleFacts.from_json(text.replace('"preparation": "crop"', '"preparation": "warped"'))


def test_a_missing_dlib_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmarks, "find_spec", lambda _: None)
    with pytest.raises(TrackerError) as caught:
        open_preparation(Preparation.STABILISED)
    assert "livedouble[stabilise]" in str(caught.value)
    assert "\n" not in str(caught.value)
    open_preparation(Preparation.CROP)


@pytest.fixture(scope="module")
def stabiliser() -> Stabiliser:
    for module in ("dlib", "face_recognition_models"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed (pip install 'livedouble[stabilise]')")
    return Stabiliser(PointFinder())


def face_picture() -> np.ndarray:
    return draw_face(np.full((HEIGHT, WIDTH), 60, np.uint8), CROP)


def test_planted_motion_of_a_drawn_face_is_taken_out_to_a_fraction_of_a_pixel(stabiliser: Stabiliser) -> None:
    rest = stabiliser.prepare(face_picture(), CROP, *SIZE)
    for roll_deg, shift in ((0.0, (13.7, -9.2)), (3.0, (-20.0, 5.5)), (-4.0, (8.0, 24.0))):
        picture, _ = moved(face_picture(), roll_deg, shift)
        seen = stabiliser.prepare(picture, CROP, *SIZE)
        left = np.eye(2, 3, dtype=np.float32)
        cv2.findTransformECC(rest, seen, left, cv2.MOTION_EUCLIDEAN)
        centre = left[:, :2] @ (120.0, 160.0) + left[:, 2] - (120.0, 160.0)
        assert np.abs(centre).max() < 0.6
        assert abs(np.degrees(left[1, 0])) < 0.4


def test_a_frame_is_stabilised_by_itself(stabiliser: Stabiliser) -> None:
    pictures = [face_picture(), moved(face_picture(), 5.0, (10.0, 10.0))[0], np.full((HEIGHT, WIDTH), 60, np.uint8)]
    forwards = [stabiliser.prepare(picture, CROP, *SIZE) for picture in pictures]
    backwards = [stabiliser.prepare(picture, CROP, *SIZE) for picture in reversed(pictures)][::-1]
    assert np.array_equal(forwards, backwards)


def test_a_frame_without_a_face_is_cut_as_the_crop_and_counted(stabiliser: Stabiliser) -> None:
    picture, before = smooth_picture(), stabiliser.num_unfound
    seen = stabiliser.prepare(picture, CROP, *SIZE)
    assert stabiliser.num_unfound == before + 1
    assert np.abs(seen.astype(int) - crop_for_network(picture, CROP)).max() <= 2


def test_the_centre_of_a_grown_picture_is_what_the_network_sees(stabiliser: Stabiliser) -> None:
    picture, _ = moved(face_picture(), 2.0, (6.3, 1.1))
    grown = stabiliser.prepare_grown(picture, CROP, SIZE, (30, 40))
    assert grown.shape == (400, 300)
    assert np.array_equal(grown[40:-40, 30:-30], stabiliser.prepare(picture, CROP, *SIZE))
    step = np.abs(np.diff(grown.astype(int), axis=1))[60:-60, 29].mean()
    assert step < 2, "there is no seam around the centre"


def test_the_solver_stabilises_for_an_actor_that_asks(stabiliser: Stabiliser, tmp_path) -> None:
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    plain = tiny_bundle(tmp_path / "actor")
    facts = plain.facts.network
    network = {name: getattr(facts, name) for name in facts.__slots__}
    change_facts(plain.folder, network=network | {"preparation": "stabilised"})
    bundle = ActorBundle.open(plain.folder)
    picture, _ = moved(face_picture(), 6.0, (30.0, 10.0))
    picture[: HEIGHT // 2] //= 2  # so that what is seen of either half shows in the mean
    latents = [Solver(one, FakeBackend(one)).solve(Frame(picture, 0, 0), CROP).latent[0] for one in (plain, bundle)]
    assert latents[1] == pytest.approx(stabiliser.prepare(picture, CROP, *SIZE).mean(), rel=1e-5)
    assert latents[0] != pytest.approx(latents[1], rel=1e-3)


def test_a_large_picture_made_smaller_first_is_cut_as_if_all_its_pixels_were_sampled(monkeypatch) -> None:
    picture = cv2.resize(smooth_picture(), None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC)
    crop = CropRect(301, 397, 900, 1200)  # 3.75 pixels to one of the network's, from a corner that halves do not meet
    turned = points_of((900.0, 1120.0), 1360.0) @ np.array([[0.995, 0.1], [-0.1, 0.995]])
    assert placement(crop, None, SIZE).factor == 2
    smaller_first = cut(picture, crop, HeadPose.of(turned), SIZE, (30, 40)).astype(int)
    monkeypatch.setattr(stabilise, "_LEAST_SCALE", 100.0)
    assert placement(crop, None, SIZE).factor == 1
    difference = smaller_first - cut(picture, crop, HeadPose.of(turned), SIZE, (30, 40))
    assert np.abs(difference).max() <= 1


def test_the_head_is_found_alike_whether_a_large_crop_is_averaged_in_one_step_or_two() -> None:
    picture = cv2.resize(smooth_picture(), None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC)
    crop = CropRect(301, 397, 900, 1200)  # twice 3.75 pixels to one that the finder sees
    difference = seen_of(picture, crop).astype(int) - crop_for_network(picture, crop, *SEEN_PX)
    assert np.abs(difference).max() <= 1
