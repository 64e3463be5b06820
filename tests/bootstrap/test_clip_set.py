"""Fitted clips as data sets: what is learned from, what is held out, what the network sees."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from engine.bundle import STABILISER_FILE
from engine.errors import ShotError
from engine.head_finder import HeadFinder, pose_of
from engine.shots import FRONT, Role
from tests.bootstrap.conftest import CAMERA, posed
from tests.bootstrap.test_track import EYES
from training.bootstrap.clip_fit import ClipFit, fit_clip
from training.bootstrap.clip_set import FittedClip, face_crop, frames_of, parts_of, write_clip_set
from training.bootstrap.doubts import Doubt, Doubts, doubt
from training.bootstrap.head_fit import HeadFit
from training.bootstrap.held_still import teach_stabiliser
from training.bootstrap.judging import agree, held_out, host_alone, truth_itself
from training.bootstrap.signals import USED, beyond, correlation, signals
from training.bootstrap.track import Track
from training.head_network import FinderNetwork
from training.ingest.footage import FootageFacts
from training.panel.candidate import mean_face, stretches

NUM_FRAMES = 60
SIZE = (CAMERA.width_px, CAMERA.height_px)


class Pictures:
    """Gray cards that tell their own number by their level."""

    def __init__(self, num_frames=NUM_FRAMES):
        self.facts = FootageFacts("clip", *SIZE, num_frames, Fraction(30), False, "none", 8)

    def pictures(self):
        for index in range(self.facts.num_frames):
            yield np.full((SIZE[1], SIZE[0], 3), 2 * index + 40, np.uint8)


def talking(points, num_frames=NUM_FRAMES, noise_px=0.0):
    """A perfect host's track of a mouth that opens and shuts, and the weights behind it."""
    units = points.rig.units
    weights = np.zeros((num_frames, 52))
    times = np.arange(num_frames) / 30
    weights[:, units.index("jawOpen")] = 0.25 - 0.25 * np.cos(9 * times)
    for unit in ("mouthSmileLeft", "mouthSmileRight"):
        weights[:, units.index(unit)] = 0.3 + 0.3 * np.sin(5 * times)
    for unit in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
        weights[:, units.index(unit)] = 0.3 + 0.3 * np.sin(4 * times + 1)
    for unit in ("eyeBlinkLeft", "eyeBlinkRight"):
        weights[:, units.index(unit)] = (np.abs(times[:, None] - np.arange(0.3, 9, 0.7)).min(axis=1) < 0.09) * 0.9
    rng = np.random.default_rng(0)
    landmarks = np.full((num_frames, 478, 2), np.nan, np.float32)
    for frame in range(num_frames):
        pose = posed((10 * np.sin(times[frame]), 0, 0), (0.5 * times[frame], 0, -60))
        seen = CAMERA.project(pose.place(points.at(weights[frame])))
        landmarks[frame] = seen.mean(axis=0)  # the few landmarks without a place
        landmarks[frame, points.places.numbers] = seen + rng.normal(0, noise_px, seen.shape)
    scores = weights.astype(np.float32)
    return Track(
        np.array(SIZE), np.array([30, 1]), landmarks, scores, units, np.ones(num_frames, np.int16),
        np.full(num_frames, 100, np.float32), np.zeros(num_frames, np.float32),
    ), weights  # fmt: skip


@pytest.fixture(scope="module")
def clip(mean_head):
    track, _ = talking(mean_head, noise_px=0.3)
    return FittedClip("clip", Pictures(), track, fit_clip(track, doubt(track), mean_head, CAMERA, lambda n: None))


def test_lids_that_the_tracker_sees_touch_are_shut_on_the_mesh(mean_head):
    # Its landmarks lie on the lashes: a blink left a slit of a millimetre.
    track, _ = talking(mean_head)
    landmarks = track.landmarks.copy()
    shut, wide = 20, 40
    for upper, lower, outer, inner in EYES:
        width = np.linalg.norm(landmarks[:, outer] - landmarks[:, inner], axis=1)
        landmarks[:, lower] = landmarks[:, upper] + np.stack([0 * width, 0.3 * width], axis=1)
        landmarks[shut, lower] = landmarks[shut, upper] + [0, 0.04 * width[shut]]
    fit = fit_clip(replace(track, landmarks=landmarks), doubt(track), mean_head, CAMERA, lambda n: None)
    pairs = mean_head.rig.topology.sets["lid_pairs"]

    def gap_mm(frame):
        mesh = mean_head.rig.pose(fit.weights[frame])
        return 10 * np.linalg.norm(mesh[pairs[:, 0]] - mesh[pairs[:, 1]], axis=1).mean()

    assert gap_mm(shut) < 0.05
    assert gap_mm(wide) > 1.0


def test_the_last_fifth_is_held_out_and_short_runs_are_counted():
    of = np.zeros(100, np.int8)
    of[[10, 15, 70, 95]] = Doubt.NO_FACE
    parts, num_short = parts_of("me", Doubts(of, np.array([40])))
    assert [(part.name, part.role, part.frames) for part in parts] == [
        ("me-000001", Role.IN_CHARACTER, range(10)),
        ("me-000017", Role.IN_CHARACTER, range(16, 40)),
        ("me-000041", Role.IN_CHARACTER, range(40, 70)),
        ("me-000072", Role.IN_CHARACTER, range(71, 80)),
        ("me-000081", Role.VALIDATION, range(80, 95)),
    ]
    assert num_short == 4 + 4  # frames 11 to 14, and 96 to 99
    assert sum(len(part.frames) for part in parts) + num_short + 4 == 100


def test_a_clip_is_fitted_from_end_to_end(clip, mean_head):
    _, weights = talking(mean_head)
    assert clip.fit.doubted.share_used == 1.0
    assert np.nanmean(clip.fit.errors) < 0.006
    jaw = mean_head.rig.units.index("jawOpen")
    assert np.corrcoef(clip.fit.weights[:, jaw], weights[:, jaw])[0, 1] > 0.97
    shaking = [np.diff(values[:, jaw], 2).std() for values in (clip.fit.weights, clip.fit.raw_weights)]
    assert shaking[0] < shaking[1]


def test_a_fit_comes_back_from_its_file(clip, tmp_path):
    clip.fit.save(tmp_path / "fit.npz")
    again = ClipFit.load(tmp_path / "fit.npz")
    np.testing.assert_array_equal(again.weights, clip.fit.weights)
    np.testing.assert_array_equal(again.pose(3).turn, clip.fit.pose(3).turn)
    (tmp_path / "fit.npz").write_bytes(b"nothing")
    with pytest.raises(ShotError, match="Remove it"):
        ClipFit.load(tmp_path / "fit.npz")


def test_the_crop_holds_the_face_in_the_networks_shape(clip):
    crop = face_crop([clip])
    assert crop.is_inside(*SIZE)
    assert crop.width / crop.height == pytest.approx(0.75, rel=0.01)
    seen = clip.track.landmarks[:, clip.fit.errors.shape[1] // 2]
    assert (seen > [crop.x, crop.y]).all()
    assert (seen < [crop.x + crop.width, crop.y + crop.height]).all()


def test_a_clip_becomes_a_data_set_frame_by_frame(clip, mean_head, tmp_path):
    done = []
    skin = np.full((64, 64, 3), (200, 150, 120), np.uint8)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "old").touch()
    data = write_clip_set(tmp_path / "data", mean_head.rig, [clip], skin, done.append)
    assert sum(done) == NUM_FRAMES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    assert [shot.facts.num_frames for shot in data.training] == [48]
    (shot,) = data.validation
    assert shot.facts.num_frames == 12
    with shot.pictures() as movie:
        levels = [int(np.median(picture)) for picture in movie]
    np.testing.assert_allclose(levels, 2 * np.arange(48, 60) + 40, atol=2)
    frame = 50
    expected = mean_head.rig.pose(clip.fit.weights[frame], float(clip.fit.seals[frame]))
    np.testing.assert_array_equal(shot.vertices()[frame - 48], expected)
    assert data.actor == "mean"
    assert data.skin_path is not None


def test_nothing_to_learn_from_is_refused_and_leaves_nothing(clip, mean_head, tmp_path):
    of = np.where(np.arange(NUM_FRAMES) < 48, Doubt.NO_FACE, Doubt.NONE).astype(np.int8)
    fit = ClipFit(**{**{name: getattr(clip.fit, name) for name in clip.fit.__slots__}, "doubts": of})
    blind = FittedClip("clip", clip.footage, clip.track, fit)
    with pytest.raises(ShotError, match="to learn from"):
        write_clip_set(tmp_path / "data", mean_head.rig, [blind], np.zeros((8, 8, 3), np.uint8), lambda n: None)
    assert list(tmp_path.iterdir()) == []


def test_pictures_are_found_by_their_number():
    found = {
        index: int(picture[0, 0, 0]) for index, picture in frames_of(FittedClip("c", Pictures(), None, None), [3, 9])
    }
    assert found == {3: 46, 9: 58}


def test_the_host_alone_shakes_more_than_what_was_made_of_it(clip, mean_head, tmp_path):
    skin = np.zeros((8, 8, 3), np.uint8)
    data = write_clip_set(tmp_path / "data", mean_head.rig, [clip], skin, lambda n: None)
    known = held_out([clip])
    assert list(known) == [shot.facts.name for shot in data.validation]
    places = mean_head.places
    alone = host_alone("host", mean_head.rig, known)
    by_host, steady = (
        agree(one, data.validation, known, data.topology.neutral, places, CAMERA) for one in (alone, truth_itself())
    )
    assert by_host.reprojection_percent < 1.0
    assert steady.reprojection_percent < 1.0
    assert steady.reprojection_p95_percent >= steady.reprojection_percent
    # In these twelve frames the brows stay within a third of a pixel.
    for name, least in (("mouth", 0.9), ("smile", 0.9), ("blink", 0.9), ("brow", 0.4)):
        assert steady.correlations[name] > least, name
    shot = data.validation[0]
    shaking = [
        np.diff(one.solve(shot, range(12), lambda n: None).vertices, 2, axis=0).std() for one in (alone, truth_itself())
    ]
    assert shaking[1] < shaking[0]


def test_a_stabiliser_learns_where_the_fit_sees_eyes_and_nose(clip, mean_head, tmp_path, monkeypatch):
    monkeypatch.setattr("training.head_learning.NUM_STEPS", 5)
    rig = mean_head.rig
    data = write_clip_set(tmp_path / "data", rig, [clip], np.zeros((8, 8, 3), np.uint8), lambda n: None)
    head = HeadFit(np.zeros(50), CAMERA, mean_head, ())
    learned_from = []
    monkeypatch.setattr(
        "training.bootstrap.held_still.learn", lambda samples, *_: learned_from.append(samples) or FinderNetwork()
    )
    line = teach_stabiliser([clip], head, data, tmp_path / "run", 1, lambda task, total: lambda n: None)
    assert "in 12 frames of the validation shots" in line
    assert HeadFinder((tmp_path / "run" / STABILISER_FILE).read_bytes())
    (samples,) = learned_from
    frames = [
        frame
        for part in parts_of(clip.name, clip.fit.doubted)[0]
        if part.role is Role.IN_CHARACTER
        for frame in part.frames
    ]
    assert len(samples.heads) == len(frames)
    crop = data.cameras[FRONT].crop
    for frame, found in zip(frames, samples.heads, strict=True):
        seen = CAMERA.project(clip.fit.pose(frame).place(mean_head.places.on(rig.topology.neutral.astype(float))))
        right, left = (
            seen[[mean_head.places.row(number) for number in eye]].mean(axis=0) for eye in ((33, 133), (362, 263))
        )
        pose = pose_of(found, crop)
        assert pose.roll == pytest.approx(np.arctan2(*(left - right)[::-1]))
        middle = (right + left) / 2 - 0.5
        assert np.cos(pose.roll) * middle[0] + np.sin(pose.roll) * middle[1] == pytest.approx(pose.eyes_x)


def test_signals_rise_with_what_they_are_named_after(mean_head):
    units = mean_head.rig.units

    def read(**named):
        weights = np.zeros(52)
        for name, value in named.items():
            for unit in (name, f"{name}Left", f"{name}Right"):
                if unit in units:
                    weights[units.index(unit)] = value
        seen = CAMERA.project(posed((0, 0, 7)).place(mean_head.at(weights)))
        found = signals({number: seen[None, mean_head.places.row(number)] for number in USED})
        return {name: float(value[0]) for name, value in found.items()}

    rest = read()
    assert read(jawOpen=0.6)["mouth"] > rest["mouth"] + 0.1
    assert read(eyeBlink=0.9)["blink"] > rest["blink"] + 0.03
    assert read(browInnerUp=0.8, browOuterUp=0.8)["brow"] > rest["brow"] + 0.02
    assert read(mouthSmile=0.8)["smile"] > rest["smile"] + 0.02
    assert read(mouthFrown=0.8)["smile"] < rest["smile"]


def test_what_never_moves_has_no_correlation():
    assert correlation(np.zeros(5), np.arange(5.0)) is None
    assert correlation(np.arange(5.0), 2 * np.arange(5.0) + 1) == pytest.approx(1.0)
    assert correlation(0.01 * np.arange(5.0), np.arange(5.0)) is None


def test_a_face_that_never_moves_goes_along_with_no_expression(clip, mean_head, tmp_path):
    data = write_clip_set(tmp_path / "data", mean_head.rig, [clip], np.zeros((8, 8, 3), np.uint8), lambda n: None)
    still = mean_face(stretches(data.validation, None))
    agreement = agree(still, data.validation, held_out([clip]), data.topology.neutral, mean_head.places, CAMERA)
    assert all(value is None or abs(value) < 0.5 for value in agreement.correlations.values())
    assert agreement.correlations["mouth"] is None


def test_what_goes_with_the_pose_is_no_signal():
    poses = np.random.default_rng(0).normal(0, 0.2, (200, 3))
    own = np.sin(np.arange(200.0))
    assert correlation(beyond(own + 3 * poses[:, 0] - 5 * poses[:, 1] * poses[:, 2], poses), own) > 0.97
