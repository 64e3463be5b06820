import numpy as np
import pytest

from engine.errors import ShotError
from engine.points import PACKED_STEP_CM
from export.network.clip import cut_clip


def test_a_clip_is_a_shot_whose_frames_and_meshes_are_those_of_its_source(data, tmp_path):
    source = data.validation[0]
    clip = cut_clip(source, tmp_path / "clip", num_frames=8, first_frame=3, crf=4)
    assert clip.facts.num_frames == 8
    assert str(clip.timecode) == "01:00:00:03"
    np.testing.assert_allclose(clip.vertices(), source.vertices()[3:11], atol=PACKED_STEP_CM / 2 + 1e-6)
    with clip.pictures() as ours, source.pictures() as theirs:
        pairs = list(zip(ours, list(theirs)[3:11], strict=True))
    assert max(np.abs(a.astype(int) - b).mean() for a, b in pairs) < 3


def test_a_clip_is_not_cut_from_what_was_trained_on(data, tmp_path):
    with pytest.raises(ShotError, match="training shot"):
        cut_clip(data.training[0], tmp_path / "clip", num_frames=4, first_frame=0, crf=20)


def test_a_clip_longer_than_its_shot_is_refused_and_leaves_nothing(data, tmp_path):
    with pytest.raises(ShotError, match="15 frames"):
        cut_clip(data.validation[0], tmp_path / "clip", num_frames=40, first_frame=0, crf=20)
    assert list(tmp_path.iterdir()) == []


def test_a_clip_never_replaces_what_lies_there(data, tmp_path):
    (tmp_path / "clip").mkdir()
    with pytest.raises(ShotError, match="exists already"):
        cut_clip(data.validation[0], tmp_path / "clip", num_frames=4, first_frame=0, crf=20)
