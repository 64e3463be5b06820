"""Face trackers as judges: what counts as read, and that the real ones read the virtual actor."""

import hashlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.crop import largest_crop, to_gray
from engine.errors import ShotError
from engine.model_files import ModelFile
from engine.movies import MovieWriter
from engine.points import PointCacheWriter
from engine.shots import FRONT, Role, Shot, ShotFacts
from engine.stabilise import HeadPose, PointFinder
from training.trackers import Reading, Tracker, TrackerError
from training.trackers.expressions import EXPRESSIONS, Expression
from training.trackers.judging import (
    HEAD_POSES_DEG,
    Found,
    Judgement,
    Verdict,
    count_found,
    judge,
    judge_expressions,
    num_portraits,
)
from training.trackers.likeness import Likeness
from training.trackers.models import FACE_LANDMARKER, INSTALL
from training.trackers.shapes import Face68
from training.trackers.sitting import spread_frames
from training.trackers.tracker import as_rgb

_BLANK = np.zeros((8, 8), np.uint8)
_SMILE = next(expression for expression in EXPRESSIONS if expression.name == "smile left")


class FakeTracker:
    """Sees a face in pictures that are not black; its one score is the first pixel's level."""

    name = "fake"

    def find(self, picture: np.ndarray) -> Reading | None:
        level = float(picture.flat[0]) / 255
        scores = dict.fromkeys(_all_scores(), 0.0) | {"jawOpen": level}
        return Reading(np.zeros((4, 2)), scores) if picture.any() else None

    def close(self) -> None:
        pass


def _all_scores() -> set[str]:
    return {name for expression in EXPRESSIONS for name in (*expression.rising, *expression.falling)}


def face_points() -> np.ndarray:
    """[68, 2] pixels of a plain, upright, symmetric face whose eyes are 100 apart."""
    points = np.zeros((68, 2))
    for first, x in ((36, 100.0), (42, 200.0)):
        points[first : first + 6] = [(x - 20, 100), (x - 8, 94), (x + 8, 94), (x + 20, 100), (x + 8, 106), (x - 8, 106)]
    points[17:22] = [(70 + 15 * step, 70) for step in range(5)]
    points[22:27] = [(170 + 15 * step, 70) for step in range(5)]
    points[27:36] = (150, 150)
    points[48:68] = (150, 190)
    points[48], points[54] = (120, 190), (180, 190)
    return points


def verdict(rest: list[float], made: list[float], *, is_side: bool = False) -> Judgement:
    return judge("fake", Expression("any", {}, (), is_side=is_side), rest, made)


def test_a_rise_well_above_head_motion_is_clear() -> None:
    rest = [0.1, 0.12, 0.08, 0.11, 0.09, 0.1, 0.1]
    assert verdict(rest, [value + 0.5 for value in rest]).verdict is Verdict.CLEAR


def test_a_steady_rise_below_head_motion_is_faint() -> None:
    rest = [0.1, 0.5, -0.3, 0.4, -0.2, 0.3, 0.0]
    found = verdict(rest, [value + 0.1 for value in rest])
    assert found.verdict is Verdict.FAINT
    assert found.is_right
    assert found.rise == pytest.approx(0.1)


def test_one_picture_misread_among_many_does_not_decide() -> None:
    # A tree of 68 points loses a raised brow in one pose of thirteen.
    rises = [0.05, 0.03, 0.04, 0.05, 0.04, -0.06, 0.05, 0.06, 0.08, 0.07, 0.06, 0.07, 0.09]
    assert verdict([0.3] * 13, [0.3 + rise for rise in rises]).is_right


def test_a_steady_fall_is_reversed_and_fails() -> None:
    rest = [0.3, 0.31, 0.29, 0.3, 0.33, 0.28, 0.3]
    found = verdict(rest, [0.1, 0.12, 0.1, 0.09, 0.1, 0.1, 0.11], is_side=True)
    assert found.verdict is Verdict.REVERSED
    assert not found.is_right


def test_what_goes_both_ways_is_unread_and_fails_unless_sides_were_asked_for() -> None:
    rest, made = [0.3] * 7, [0.1, 0.5, 0.2, 0.4, 0.1, 0.5, 0.3]
    assert verdict(rest, made).verdict is Verdict.UNREAD
    assert not verdict(rest, made).is_right
    assert verdict(rest, made, is_side=True).is_right


def test_a_face_found_in_few_poses_is_lost() -> None:
    found = verdict([0.1, 0.1, 0.1], [0.9, 0.9, 0.9])
    assert found.verdict is Verdict.LOST
    assert found.num_poses == 3
    assert not found.is_right


def test_found_frames_are_counted_and_told_one_by_one() -> None:
    steps: list[int] = []
    pictures = [_BLANK, _BLANK + 9, _BLANK + 9, _BLANK]
    found = count_found([FakeTracker()], "pangrams", iter(pictures), steps.append)
    assert found == [Found("fake", "pangrams", 4, 2)]
    assert found[0].share == 0.5
    assert steps == [1, 1, 1, 1]


def test_expressions_are_compared_with_the_same_head_pose() -> None:
    shown: list[tuple[Mapping[str, float], tuple[int, int, int]]] = []

    def photograph(weights: Mapping[str, float], turn: tuple[int, int, int]) -> np.ndarray:
        shown.append((weights, turn))
        return np.full((8, 8), 20 + abs(turn[0]) + 200 * (weights.get("jawOpen", 0) > 0), np.uint8)

    steps: list[int] = []
    judgements = {one.expression: one for one in judge_expressions([FakeTracker()], photograph, steps.append)}
    assert sum(steps) == len(shown) == num_portraits()
    assert [turn for weights, turn in shown if not weights] == list(HEAD_POSES_DEG)
    assert judgements["jaw open"].verdict is Verdict.CLEAR
    assert judgements["jaw open"].rise == pytest.approx(200 / 255)
    assert judgements["smile"].verdict is Verdict.UNREAD
    assert "sneer" not in judgements, "four landmarks and no score cannot show it"


def test_a_likeness_fails_below_99_of_100_frames() -> None:
    assert Likeness((Found("t", "pangrams", 100, 99),), ()).failures == ()
    roles = (Found("t", "pangrams", 100, 100), Found("t", "validation", 100, 97))
    assert Likeness(roles, ()).failures == ("t finds 98.5 % of the frames",)


def test_a_likeness_names_the_expression_that_is_not_read() -> None:
    wrong = verdict([0.3] * 7, [0.1] * 7)
    assert Likeness((), (wrong,)).failures == ("fake: any reversed",)


def test_expressions_tell_the_sides_of_scores_apart() -> None:
    left = Reading(np.zeros((4, 2)), {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.1})
    assert _SMILE.read(left) == pytest.approx(0.7)


def test_68_points_say_the_same_whatever_the_heads_roll_place_and_size() -> None:
    points = face_points()
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    moved = 2.5 * points @ turn.T + (300, -80)
    np.testing.assert_allclose(Face68.of(moved).points, Face68.of(points).points, atol=1e-9)


@pytest.mark.parametrize(
    ("rows", "offset", "name"),
    [
        ([54], (10, -10), "smile left"),
        ([48], (-10, -10), "smile right"),
        ([43, 44], (0, 9), "blink left"),
        ([37, 38], (0, 9), "blink right"),
        ([66], (0, 30), "jaw open"),
        ([48], (8, 0), "pucker"),
        ([17, 18, 19, 20, 21, 22, 23, 24, 25, 26], (0, -12), "brows up"),
        ([17, 18, 19, 20, 21, 22, 23, 24, 25, 26], (0, 6), "brows down"),
        ([31, 32, 34, 35, 50, 51, 52], (0, -5), "sneer"),
    ],
)
def test_68_points_read_what_the_actor_does_on_the_actors_own_side(
    rows: list[int], offset: tuple[int, int], name: str
) -> None:
    rest, made = face_points(), face_points()
    made[rows] += offset
    rises = {}
    for expression in EXPRESSIONS:
        before, after = expression.read(Reading(rest)), expression.read(Reading(made))
        if before is not None and after is not None:
            rises[expression.name] = after - before
    assert rises[name] > 0.01
    opposite = {"left": "right", "right": "left", "up": "down", "down": "up"}
    stem, _, side = name.rpartition(" ")
    if side in opposite and f"{stem} {opposite[side]}" in rises:
        assert rises[f"{stem} {opposite[side]}"] < 0


def test_68_points_cannot_tell_a_gaze() -> None:
    gaze = [expression for expression in EXPRESSIONS if expression.name.startswith("gaze")]
    assert len(gaze) == 4
    assert all(expression.read(Reading(face_points())) is None for expression in gaze)


def test_pictures_reach_trackers_as_red_green_blue() -> None:
    blue = np.zeros((2, 2, 3), np.uint8)
    blue[..., 0] = 200
    assert as_rgb(blue)[0, 0].tolist() == [0, 0, 200]
    assert as_rgb(_BLANK + 7)[0, 0].tolist() == [7, 7, 7]


def test_a_model_that_is_not_installed_says_what_to_run() -> None:
    with pytest.raises(TrackerError, match="make install-trackers"):
        ModelFile("somebody's tracker", (("no_such_package", "a.task"),), "0", INSTALL).locate()


def test_a_model_of_another_content_is_refused() -> None:
    changed = ModelFile("a tracker", (("tests.training", Path(__file__).name),), "0" * 64, INSTALL)
    with pytest.raises(TrackerError, match="not the model"):
        changed.locate()
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    same = ModelFile("a tracker", (("no_such_package", "x"), ("tests.training", Path(__file__).name)), digest, INSTALL)
    assert same.locate() == Path(__file__)


def test_the_users_own_model_is_taken_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "own.task"
    with pytest.raises(TrackerError, match="no model"):
        FACE_LANDMARKER.locate(own)
    own.write_bytes(b"x")
    assert FACE_LANDMARKER.locate(own) == own


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    """Ten pictures whose level is ten times their number."""
    with (
        MovieWriter(tmp_path / "front.mp4", 16, 16, Fraction(30), is_gray=True, crf=0) as movie,
        PointCacheWriter(tmp_path / "points.pc2", 1) as points,
    ):
        for index in range(10):
            movie.write(np.full((16, 16), 10 * index, np.uint8))
            points.write(np.zeros((1, 3), np.float32))
    facts = ShotFacts(
        "s", Role.PANGRAMS, 10, 1, (30, 1), "00:00:00:00", {FRONT: "front.mp4"}, "points.pc2", is_gray=True
    )
    Shot.write_facts(tmp_path, facts)
    return Shot.open(tmp_path)


@pytest.mark.parametrize(("count", "frames"), [(1, [5]), (2, [2, 7]), (5, [1, 3, 5, 7, 9]), (99, list(range(10)))])
def test_frames_are_spread_evenly(shot: Shot, count: int, frames: list[int]) -> None:
    assert [round(picture.mean() / 10) for picture in spread_frames(shot, count, FRONT)] == frames


def test_a_movie_that_ends_early_is_refused(shot: Shot) -> None:
    facts = ShotFacts(**{**{name: getattr(shot.facts, name) for name in shot.facts.__slots__}, "num_frames": 40})
    with pytest.raises(ShotError, match="ends before frame"):
        list(spread_frames(Shot(shot.folder, facts), 4, FRONT))


@pytest.fixture(params=["MediaPipe", "dlib"])
def tracker(request: pytest.FixtureRequest) -> Iterator[Tracker]:
    from training import trackers

    package = request.param.lower()
    if find_spec(package) is None:
        pytest.skip(f"{request.param} is not installed (make install-trackers)")
    opened: Tracker = trackers.MediaPipeLandmarker() if package == "mediapipe" else trackers.DlibPoints()
    yield opened
    opened.close()


def test_a_tracker_finds_no_face_in_a_gray_wall(tracker: Tracker) -> None:
    assert tracker.find(np.full((320, 240), 128, np.uint8)) is None


@pytest.fixture(scope="module")
def portraits() -> tuple[np.ndarray, np.ndarray]:
    """The demo actor with the mouth shut and open, painted coarsely."""
    from training.actor.identity import identity_of
    from training.actor.rig import build_rig
    from training.actor.skin import paint_skin
    from training.actor.stage import Stage, StageSetup

    rig = build_rig(identity_of("demo"))
    stage = Stage(rig.topology, paint_skin(rig, np.ones(rig.topology.num_vertices, np.float32), 512), StageSetup())
    rest, still, noise = np.zeros(len(rig.units), np.float32), np.zeros(3), np.random.default_rng(1)
    wide = rest.copy()
    wide[rig.units.index("jawOpen")] = 1
    pictures = tuple(stage.photograph(rig.pose(weights), still, still, noise)["front"] for weights in (rest, wide))
    stage.release()
    return pictures[0], pictures[1]


def test_a_tracker_finds_the_demo_actor_and_sees_the_jaw_open(
    tracker: Tracker, portraits: tuple[np.ndarray, np.ndarray]
) -> None:
    jaw = next(expression for expression in EXPRESSIONS if expression.name == "jaw open")
    shut, wide = (tracker.find(picture) for picture in portraits)
    assert shut is not None
    assert wide is not None
    eyes_px = shut.landmarks[[33, 263] if len(shut.landmarks) == 478 else [36, 45]]
    assert eyes_px[1, 0] - eyes_px[0, 0] > 150, "the actor's left eye is on the picture's right"
    before, after = jaw.read(shut), jaw.read(wide)
    assert before is not None
    assert after is not None
    assert after > before + 0.1


def test_planted_motion_of_the_demo_actor_is_taken_out(portraits: tuple[np.ndarray, np.ndarray]) -> None:
    for module in ("dlib", "face_recognition_models"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed (make install-trackers)")
    finder = PointFinder()
    for portrait in portraits:
        height, width = portrait.shape[:2]
        crop = largest_crop(width, height)
        rest = finder.find(to_gray(portrait), crop)
        assert rest is not None
        scale = 240 / crop.width
        for roll_deg, shift in ((0.0, (31.0, -17.0)), (4.0, (-40.0, 9.0)), (-3.0, (11.0, 38.0))):
            affine = cv2.getRotationMatrix2D((width / 2, height / 2), -roll_deg, 1.0)
            affine[:, 2] += shift
            moved = cv2.warpAffine(to_gray(portrait), affine, (width, height), borderMode=cv2.BORDER_REPLICATE)
            pose = finder.find(moved, crop)
            assert pose is not None
            assert np.degrees(pose.roll - rest.roll) == pytest.approx(roll_deg, abs=0.4)
            # Where the face's anchor went, in the picture the network sees.
            anchor, seen = anchor_of(rest), anchor_of(pose)
            assert scale * (affine[:, :2] @ anchor + affine[:, 2] - seen) == pytest.approx((0, 0), abs=0.75)


def anchor_of(pose: HeadPose) -> np.ndarray:
    """[2] camera pixels of the point that is the eyes' midpoint across and the nose down."""
    sine, cosine = np.sin(pose.roll), np.cos(pose.roll)
    return np.array([[cosine, -sine], [sine, cosine]]) @ (pose.eyes_x, pose.nose_y)
