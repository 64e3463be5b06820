"""The meters of a guided recording: what has been seen of a face, and what is wrong with the picture."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from app.guide import GUIDE, PARTS, TOTAL_S, moment_at
from tests.bootstrap.conftest import CAMERA, posed
from training.actor.curves import weights_of
from training.bootstrap.coverage import Adviser, Coverage, usual_advice
from training.bootstrap.doubts import Doubts, doubt
from training.bootstrap.track import Track
from training.trackers import Reading

HEIGHT, WIDTH = CAMERA.height_px, CAMERA.width_px


def lit(level=120, noise=20, half=1.0):
    picture = np.random.default_rng(0).normal(level, noise, (HEIGHT, WIDTH))
    picture[:, : WIDTH // 2] *= half
    return np.clip(picture, 0, 255).astype(np.uint8)


PICTURE = lit()


@pytest.fixture
def read(mean_head):
    def reading(turn_deg=(0, 0, 0), shift_cm=(0, 0, -60), num_faces=1, **named):
        at = mean_head.at(weights_of(named, mean_head.rig.units))
        seen = CAMERA.project(posed(turn_deg, shift_cm).place(at))
        landmarks = np.tile(seen.mean(axis=0), (478, 1))
        landmarks[mean_head.places.numbers] = seen
        return Reading(landmarks, {}, num_faces)

    return reading


def shares(coverage):
    return {aim.name: aim.share for aim in coverage.aims()}


def test_a_face_at_rest_covers_nothing(read):
    coverage = Coverage()
    assert set(shares(coverage).values()) == {0.0}
    for _ in range(40):
        coverage.see(PICTURE, read())
    assert max(shares(coverage).values()) < 0.05


@pytest.mark.parametrize(
    ("aim", "named"),
    [
        ("Eyes shut", {"eyeBlink": 1.0}), ("Brows up", {"browInnerUp": 1.0, "browOuterUp": 1.0}),
        ("Brows down", {"browDown": 1.0}), ("Mouth open", {"jawOpen": 0.9}), ("Smile", {"mouthSmile": 0.9}),
        ("Pucker", {"mouthPucker": 1.0}),
    ],
)  # fmt: skip
def test_an_expression_fills_its_own_aim(read, aim, named):
    coverage = Coverage()
    for _ in range(20):
        coverage.see(PICTURE, read())
    half, whole = ({name: part * weight for name, weight in named.items()} for part in (0.35, 1.0))
    coverage.see(PICTURE, read(**half))
    some = shares(coverage)[aim]
    coverage.see(PICTURE, read(**whole))
    assert 0.0 < some < 1.0
    assert shares(coverage)[aim] > max(0.85, some)
    # Going back takes nothing away.
    coverage.see(PICTURE, read())
    assert shares(coverage)[aim] > 0.85


@pytest.mark.parametrize(
    ("aim", "unit", "named"),
    [("Pucker", "mouthPucker", {"mouthPucker": 1.0}), ("Brows up", "browInnerUp", {"browInnerUp": 1.0})],
)
def test_what_talk_does_to_mouth_and_brows_is_no_expression_to_the_tracker_nor_here(read, aim, unit, named):
    coverage = Coverage()
    for score in (*[0.0] * 20, 0.1):
        coverage.see(PICTURE, replace(read(**(named if score else {})), scores={unit: score}))
    assert 0.1 < shares(coverage)[aim] < 0.3
    coverage.see(PICTURE, replace(read(**named), scores={unit: 0.8}))
    assert shares(coverage)[aim] > 0.5


def test_both_ways_must_be_looked_and_turned(read):
    coverage = Coverage()
    for _ in range(20):
        coverage.see(PICTURE, read())
    coverage.see(PICTURE, read(eyeLookOutLeft=1.0, eyeLookInRight=1.0))
    coverage.see(PICTURE, read((25, 0, 0)))
    assert shares(coverage)["Gaze"] < 0.1
    assert shares(coverage)["Head turned"] < 0.1
    coverage.see(PICTURE, read(eyeLookInLeft=1.0, eyeLookOutRight=1.0))
    for turn in ((-25, 0, 0), (0, 14, 0), (0, -14, 0)):
        coverage.see(PICTURE, read(turn))
    assert shares(coverage)["Gaze"] > 0.8
    assert shares(coverage)["Head turned"] > 0.8


def test_talking_is_counted_by_closures(read):
    coverage = Coverage()
    for _ in range(20):
        coverage.see(PICTURE, read())
    for _ in range(25):
        coverage.see(PICTURE, read(jawOpen=0.3))
        coverage.see(PICTURE, read(jawOpen=0.3))
        coverage.see(PICTURE, read())
    assert shares(coverage)["Speech"] == 1.0


@pytest.mark.parametrize(
    ("picture", "change"),
    [
        (PICTURE, {"num_faces": 2}), (PICTURE, {"shift_cm": (0, 0, -400)}), (PICTURE, {"shift_cm": (28, 0, -60)}),
        (lit(noise=5), {}),
    ],
)  # fmt: skip
def test_a_frame_that_a_clip_would_not_use_counts_for_nothing(read, picture, change):
    # Meters filled up while a second person sat in the picture, and the clip was refused afterwards.
    coverage = Coverage()
    for _ in range(20):
        coverage.see(PICTURE, read())
    before = shares(coverage)
    coverage.see(picture, read(**change, jawOpen=0.9))
    assert shares(coverage) == before
    for _ in range(2):  # coming back from far away is a jump
        coverage.see(PICTURE, read(jawOpen=0.9))
    assert shares(coverage)["Mouth open"] > 0.85


def test_a_picture_that_was_never_in_focus_is_noticed(read):
    rng = np.random.default_rng(0)
    fine = np.kron(rng.uniform(90, 150, (HEIGHT // 2, WIDTH // 2)), np.ones((2, 2)))
    fine += 30 * np.sin(np.arange(WIDTH) / 25)  # a face has forms as well as pores
    for blur_px, told in ((0.0, None), (4.0, "out of focus")):
        picture = cv2.GaussianBlur(fine, (0, 0), blur_px) if blur_px else fine
        advice = Adviser().advise((picture + rng.normal(0, 0.5, fine.shape)).astype(np.uint8), read())
        assert advice is None if told is None else told in (advice or "")


def test_a_clip_is_told_what_is_wrong_with_most_of_its_pictures(read):
    marks = read().landmarks
    nothing = np.zeros(60, np.float32)
    track = Track(
        np.array([WIDTH, HEIGHT]), np.array([30, 1]), np.repeat(marks[None], 60, axis=0), nothing[:, None], ("",),
        np.ones(60, np.int8), np.ones(60, np.float32), nothing,
    )  # fmt: skip
    dark, taken = lit(level=30, noise=8), []

    def pictures(frames):
        for picture in frames:
            taken.append(picture)
            yield picture

    assert "dark" in (usual_advice(pictures([dark] * 600), track, doubt(track)) or "")
    assert len(taken) == 60
    assert usual_advice([PICTURE] * 60, track, doubt(track)) is None
    assert usual_advice([PICTURE] * 31 + [dark] * 29, track, doubt(track)) is None
    assert usual_advice([], track, Doubts(np.full(60, 1, np.int8), np.zeros(0, np.int64))) is None


def test_a_good_picture_needs_no_advice(read):
    assert Adviser().advise(lit(), read()) is None


@pytest.mark.parametrize(
    ("words", "picture", "change"),
    [
        ("dark", lit(30), {}), ("too bright", lit(240), {}), ("one side", lit(170, half=0.35), {}),
        ("small", lit(), {"shift_cm": (0, 0, -150)}), ("near", lit(), {"shift_cm": (0, 1, -39)}),
        ("leaves", lit(), {"shift_cm": (22, 0, -60)}), ("at the side", lit(), {"shift_cm": (12, 0, -60)}),
        ("several", lit(), {"num_faces": 2}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(read, words, picture, change):
    assert words in Adviser().advise(picture, read(**change))


def test_no_face_and_blur_are_said(read):
    adviser = Adviser()
    assert "No face" in adviser.advise(lit(), None)
    for _ in range(5):
        assert adviser.advise(lit(), read()) is None
    soft = lit(noise=5)
    for _ in range(3):
        said = adviser.advise(soft, read())
    assert "blurred" in said


def test_the_guide_lasts_four_minutes_and_knows_where_it_is():
    assert 235 <= TOTAL_S <= 300
    assert PARTS == ("Motion", "Expressions", "Reading", "Speaking")
    first = moment_at(0.0)
    assert (first.prompt, first.following) == (GUIDE[0], GUIDE[1])
    assert first.total_left_s == TOTAL_S
    second = moment_at(GUIDE[0].seconds)
    assert second.index == 1
    assert second.left_s == GUIDE[1].seconds
    last = moment_at(TOTAL_S - 0.5)
    assert (last.prompt, last.following, last.left_s) == (GUIDE[-1], None, 0.5)
    assert moment_at(TOTAL_S).prompt is None
