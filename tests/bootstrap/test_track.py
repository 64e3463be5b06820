"""Looking at a clip: what is kept, what a stop costs, and which frames are doubted."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from engine.errors import ShotError
from training.bootstrap.doubts import Doubt, Doubts, doubt, misfits
from training.bootstrap.host import HostFrame
from training.bootstrap.live_link import LiveLinkHost, read_table
from training.bootstrap.moments import lid_seals, lip_seal, telling_moments
from training.bootstrap.steady import steadied
from training.bootstrap.track import Track, sharpness, track_clip, upright_turn_deg
from training.bootstrap.work import check_clip
from training.ingest.footage import FootageFacts

SIZE = (320, 240)
EYES = ((386, 374, 263, 362), (159, 145, 33, 133))  # upper and lower lid, corners; left and right


def face(shift_px=0.0, size_px=100.0, gap=0.0):
    """478 landmarks on a grid, the ones with a meaning where they belong."""
    rng = np.random.default_rng(1)
    points = rng.uniform(-0.5, 0.5, (478, 2))
    points[33], points[263], points[10], points[152] = (-0.35, -0.1), (0.35, -0.1), (0, -0.5), (0, 0.5)
    points[127], points[356], points[6] = (-0.5, 0), (0.5, 0), (0, -0.1)
    for upper, lower in ((13, 14), (82, 87), (312, 317)):
        points[upper], points[lower] = (0, 0.2), (0, 0.2 + 0.7 * gap)
    return (points * size_px + [SIZE[0] / 2 + shift_px, SIZE[1] / 2]).astype(np.float32)


class Clip:
    def __init__(self, num_frames):
        self.facts = FootageFacts("clip", *SIZE, num_frames, Fraction(25), False, "none", 8)
        rng = np.random.default_rng(0)
        self._noise = rng.integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)

    def pictures(self):
        for _ in range(self.facts.num_frames):
            yield self._noise


class Script:
    """A host that says what it was told to say, and which pictures it was asked for."""

    name = identity = "script"

    def __init__(self, frames):
        self.frames, self.asked = frames, []

    def look(self, picture, index):
        self.asked.append(index)
        return self.frames[index]

    def close(self):
        pass


def seen(landmarks=None, num_faces=1, smile=0.0):
    return HostFrame(face() if landmarks is None else landmarks, {"jawOpen": 0.1, "mouthSmileLeft": smile}, num_faces)


def tracked(tmp_path, frames):
    return track_clip(Clip(len(frames)), Script(frames), tmp_path / "track.npz", lambda n: None, lambda: False)


def test_a_track_that_was_stopped_goes_on_where_it_was(tmp_path):
    frames = [None if index == 3 else seen(face(index)) for index in range(12)]
    path, first, second, done = tmp_path / "track.npz", Script(frames), Script(frames), []
    assert track_clip(Clip(12), first, path, done.append, lambda: len(first.asked) == 5) is None
    assert not path.exists()
    track = track_clip(Clip(12), second, path, done.append, lambda: False)
    assert (first.asked, second.asked) == ([0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11])
    whole = track_clip(Clip(12), Script(frames), tmp_path / "whole.npz", lambda n: None, lambda: False)
    for one in (track, Track.load(path)):
        np.testing.assert_array_equal(one.landmarks, whole.landmarks)
        np.testing.assert_array_equal(one.scores, whole.scores)
        np.testing.assert_array_equal(one.sharpness, whole.sharpness)
        assert one.names == ("jawOpen", "mouthSmileLeft")
    assert list(tmp_path.glob("*unfinished*")) == []
    assert sum(done) == 5 + 5 + 7


def test_a_damaged_track_says_what_to_do(tmp_path):
    (tmp_path / "track.npz").write_bytes(b"PK nothing")
    with pytest.raises(ShotError, match="Remove it"):
        Track.load(tmp_path / "track.npz")


def test_every_doubt_has_its_frames(tmp_path):
    frames = [seen() for _ in range(40)]
    frames[3] = None
    frames[7] = seen(num_faces=2)
    frames[11] = seen(face(size_px=40))
    frames[15] = seen(face(shift_px=140))
    track = tracked(tmp_path, frames)
    doubts = doubt(track)
    assert {kind: np.flatnonzero(doubts.of == kind).tolist() for kind in doubts.counts()} == {
        Doubt.NO_FACE: [3], Doubt.SEVERAL_FACES: [7], Doubt.TOO_SMALL: [11], Doubt.OUT_OF_PICTURE: [15],
        Doubt.JUMPED: [16],
    }  # fmt: skip
    assert doubts.share_used == 35 / 40
    assert [len(run) for run in doubts.runs()] == [3, 3, 3, 3, 23]


def test_a_cut_parts_runs_and_leaves_nothing_out(tmp_path):
    track = tracked(tmp_path, [seen(face(0 if index < 10 else 60)) for index in range(20)])
    change = np.zeros(20, np.float32)
    change[10] = 40.0
    cut = Track(track.picture_px, track.rate, track.landmarks, track.scores, track.names, track.num_faces,
                track.sharpness, change)  # fmt: skip
    doubts = doubt(cut)
    assert doubts.cuts.tolist() == [10]
    assert doubts.share_used == 1.0
    assert doubts.runs() == [range(10), range(10, 20)]
    # The same jump without another scene is the tracker's.
    assert np.flatnonzero(doubt(track).of == Doubt.JUMPED).tolist() == [10]


def test_a_jump_within_one_scene_is_a_cut_and_a_fast_head_or_a_lamp_is_none(tmp_path):
    still = [face(0.2 * (index % 2)) for index in range(10)]
    track = tracked(tmp_path, [seen(one) for one in [*still, *(one + 9 for one in still)]])

    def with_change(values):
        return replace(track, change=np.array(values, np.float32))

    assert doubt(with_change([0.0] + 9 * [0.4] + [8.0] + 9 * [0.4])).cuts.tolist() == [10]
    assert doubt(with_change([0.0] + 8 * [0.4] + [4.0, 8.0, 4.0] + 8 * [0.4])).cuts.tolist() == []  # a head turns fast
    assert doubt(with_change([0.0] + 4 * [0.4] + [30.0] + 14 * [0.4])).cuts.tolist() == []  # the light is switched on


def test_what_one_model_tracked_another_does_not_go_on_with(tmp_path):
    # One folder could hold frames of two models.
    frames, path = [seen() for _ in range(6)], tmp_path / "track.npz"
    first = Script(frames)
    track_clip(Clip(6), first, path, lambda n: None, lambda: len(first.asked) == 3)
    other = Script(frames)
    other.identity = "script, model 2"
    with pytest.raises(ShotError, match=r"tracked by script, and this would be script, model 2"):
        track_clip(Clip(6), other, path, lambda n: None, lambda: False)
    assert other.asked == []
    assert track_clip(Clip(6), Script(frames), path, lambda n: None, lambda: False).host == "script"


@pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
def test_how_a_movie_without_faces_must_be_turned_is_found_out(turn_deg):
    upright = np.zeros((240, 320, 3), np.uint8)
    upright[:40] = 255  # hair

    class Filmed(Clip):
        def pictures(self):
            for _ in range(self.facts.num_frames):
                yield np.rot90(upright, -turn_deg // 90)

    class Upright:
        def look(self, picture, index):
            if picture[:20].mean() == 255 and picture[-20:].mean() < 255:
                return seen()
            # A host sees faces that lie as well, and a movie upside down was to be turned by 90 degrees.
            return seen(face()[:, ::-1] - [40, -40]) if picture.shape[0] > picture.shape[1] else None

    assert upright_turn_deg(Filmed(40), Upright()) == turn_deg
    assert upright_turn_deg(Clip(40), Upright()) == 0  # no turn shows a face


@pytest.mark.parametrize(
    ("turned_deg", "told"),
    [
        (95, "lies on its side.*by 270 degrees"),
        (-100, "lies on its side.*by 90 degrees"),
        (178, "stands on its head.*by 180 degrees"),
    ],
)
def test_a_face_that_is_not_upright_is_refused_with_the_turn_that_helps(tmp_path, turned_deg, told):
    turn = cv2.getRotationMatrix2D((160, 120), turned_deg, 1.0)
    turned = seen((face() @ turn[:, :2].T + turn[:, 2]).astype(np.float32))
    track = tracked(tmp_path, 200 * [turned])
    with pytest.raises(ShotError, match=told):
        check_clip("phone", track, doubt(track))
    upright = replace(track, landmarks=np.repeat(face()[None], 200, axis=0))
    assert check_clip("phone", upright, doubt(upright))


def test_a_blurred_face_is_less_sharp():
    rng = np.random.default_rng(0)
    gray = rng.integers(0, 256, (240, 320), np.uint8)
    assert sharpness(cv2.GaussianBlur(gray, (0, 0), 2), face()) < 0.1 * sharpness(gray, face())
    assert np.isnan(sharpness(gray, face() + 1000))


def test_frames_that_no_head_explains_are_told_from_the_usual():
    errors = np.full(100, 0.014)
    errors[[4, 9]], errors[5] = (0.06, 0.045), np.nan
    assert np.flatnonzero(misfits(errors)).tolist() == [4, 9]
    assert not misfits(np.full(10, np.nan)).any()
    assert not misfits(np.array([0.001] * 9 + [0.01])).any()  # good, if less so than the others


def test_the_first_reason_counts_alone():
    doubts = Doubts(np.array([0, 1, 0]), np.array([], int)).also(Doubt.MISFIT, np.array([True, True, False]))
    assert doubts.of.tolist() == [Doubt.MISFIT, Doubt.NO_FACE, Doubt.NONE]
    assert doubts.counts() == {Doubt.NO_FACE: 1, Doubt.MISFIT: 1}


def test_lips_seal_where_the_tracker_says_they_touch(tmp_path):
    seals = lip_seal(tracked(tmp_path, [seen(face(gap=gap)) for gap in (0.0, 0.008, 0.02, 0.05, 0.2)] + [None]))
    np.testing.assert_allclose(seals[[0, 1, 3, 4, 5]], [1, 1, 0, 0, 0])
    assert 0.2 < seals[2] < 0.8


def test_lids_seal_where_the_tracker_leaves_them_a_slit(tmp_path):
    def blinking(left, right):
        points = face()
        for (upper, lower, outer, inner), gap in zip(EYES, (left, right), strict=True):
            points[outer], points[inner] = (100, 100), (130, 100)
            points[upper], points[lower] = (115, 100), (115, 100 + 30 * gap)
        return seen(points)

    seals = lid_seals(tracked(tmp_path, [blinking(0.04, 0.3), blinking(0.095, 0.01), None]))
    np.testing.assert_allclose(seals, [[1, 0], [0.5, 1], [0, 0]], atol=0.02)


def test_telling_moments_begin_with_the_usual_and_differ(tmp_path):
    frames = [seen(smile=0.01 * (index % 3)) for index in range(50)]
    frames[20], frames[33], frames[41] = seen(smile=1.0), seen(smile=0.6), None
    track = tracked(tmp_path, frames)
    chosen = telling_moments(track, doubt(track), 3)
    assert chosen[0] not in (20, 33, 41)
    assert set(chosen[1:]) == {20, 33}
    assert len(telling_moments(track, doubt(track), 500)) == 49


def test_steadied_targets_neither_lag_nor_shrink():
    times = np.arange(300) / 30
    blink = np.exp(-(((times - 5) / 0.06) ** 2))  # a fast one: a tenth of a second at half height
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.05, 300)
    steady = steadied(blink + noise, [range(300)], 30.0)
    assert abs(int(steady.argmax()) - 150) <= 1
    assert steadied(blink, [range(300)], 30.0).max() > 0.9
    assert np.diff(steady[:100], 2).std() < 0.5 * np.diff(noise[:100], 2).std()


def test_nothing_is_smoothed_across_a_cut():
    step = np.where(np.arange(60) < 30, 0.0, 1.0)
    np.testing.assert_allclose(steadied(step, [range(30), range(30, 60)], 30.0), step, atol=1e-12)
    assert np.isnan(steadied(np.full(20, np.nan), [], 30.0)).all()


TABLE = """Timecode,BlendShapeCount,EyeBlinkLeft,JawOpen,MouthSmileLeft,HeadYaw,LeftEyeYaw
10:00:00:00.000,61,0.1,0.5,0.0,0.3,0.1
10:00:00:30.000,61,0.2,0.25,1.4,0.3,0.1
10:00:01:00.000,61,0.3,0.0,0.5,0.3,0.1
"""


def test_a_live_link_recording_gives_the_scores_and_the_landmarker_the_points(tmp_path):
    path = tmp_path / "take.csv"
    path.write_text(TABLE)
    names, times_s, scores = read_table(path)
    assert names == ("eyeBlinkLeft", "jawOpen", "mouthSmileLeft")
    np.testing.assert_allclose(times_s, [0, 0.5, 1.0])
    assert scores[1, 2] == 1.0
    host = LiveLinkHost(read_table(path), Fraction(25), Script([seen(), None, *[seen()] * 40]), "0123")
    assert host.identity == "ARKit, table 0123, on script"
    assert host.look(None, 0).scores == {"eyeBlinkLeft": 0.1, "jawOpen": 0.5, "mouthSmileLeft": 0.0}
    assert host.look(None, 1) is None
    assert host.look(None, 13).scores["jawOpen"] == 0.25
    assert host.look(None, 24).scores["jawOpen"] == 0.0
    with pytest.raises(ShotError, match="the clip goes on"):
        host.look(None, 39)


def test_expressions_of_another_clip_are_refused(tmp_path):
    open_share = np.abs(np.sin((np.arange(200) / 20.0) ** 1.5)) ** 3

    def said(shares, host="ARKit, table 0123, on script"):
        said = [
            HostFrame(face(gap=0.2 * gap), {"jawOpen": float(share)}, 1)
            for gap, share in zip(open_share, shares, strict=True)
        ]
        return replace(tracked(tmp_path, said), host=host)

    own = said(0.5 * open_share)
    assert check_clip("take", own, doubt(own))
    assert check_clip("take", said(np.roll(open_share, 1)), doubt(own))  # a frame's delay is the recorder's
    for shares, told in (
        (np.roll(open_share, 10), r"come 10 frames too late.*take-track\.npz"),
        (np.roll(open_share, -7), "come 7 frames too early"),
        (np.random.default_rng(0).uniform(0, 1, 200), "mouth and blinks go their own ways"),
        (np.zeros(200), "mouth and blinks go their own ways"),
    ):
        with pytest.raises(ShotError, match=told):
            check_clip("take", said(shares), doubt(own))
    assert check_clip("take", said(np.zeros(200), "script"), doubt(own))  # who looks at the pictures is not asked


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a table"),
        ("a,b\n1,2\n", "not a table"),
        (TABLE.replace("0.25", "much"), "damaged"),
        (TABLE.replace("0.25", "nan"), "no numbers"),
        (TABLE.replace("10:00:00:30.000", "noon"), "damaged"),
    ],
)
def test_other_tables_are_refused(tmp_path, text, reason):
    (tmp_path / "take.csv").write_text(text)
    with pytest.raises(ShotError, match=reason):
        read_table(tmp_path / "take.csv")
