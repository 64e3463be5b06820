from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.backends import BackendStatus, choice, open_backend
from engine.backends.parity import Deviation, crops_of_shot, measure_parity
from engine.bundle import ActorBundle
from engine.errors import ShotError
from engine.mesh import distances_mm
from engine.movies import MovieWriter
from engine.points import pack_points
from engine.shots import Role, Shot, ShotFacts
from tests.fakes import tiny_bundle

CROPS = np.random.default_rng(9).integers(0, 256, (11, 1, 320, 240), np.uint8)


def test_every_backend_and_precision_is_compared_with_the_reference_and_the_reference_is_left_out(
    tiny_int8: ActorBundle,
) -> None:
    solved: dict[str, int] = {}

    def note(what: str, num_frames: int) -> None:
        solved[what] = solved.get(what, 0) + num_frames

    rows = measure_parity(tiny_int8, CROPS, 1, note)
    told = {(status.name, kind) for status in choice.backend_report(tiny_int8) for kind in status.precisions}
    assert {(row.backend, row.precision) for row in rows} == told - {("onnxruntime", "float32")}
    assert solved == {f"{row.backend} {row.precision}": len(CROPS) for row in rows}
    for row in rows:
        assert row.num_frames == len(CROPS)
        assert 0 < row.rms_mm <= row.worst_mm < 1.0
    int8 = next(row for row in rows if (row.backend, row.precision) == ("onnxruntime", "int8"))
    runs = [open_backend(tiny_int8, "onnxruntime", kind, 1) for kind in ("float32", "int8")]
    wrong_mm = distances_mm(*(backend.run(CROPS).vertices for backend in runs))
    assert int8.worst_mm == pytest.approx(wrong_mm.max(), abs=1e-3)
    assert int8.rms_mm == pytest.approx(np.sqrt(np.mean(wrong_mm**2)), abs=1e-3)
    for backend in runs:
        backend.close()


def test_a_backend_that_is_a_millimetre_off_is_told_of_as_such(
    tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Shifted(choice.ort.OrtBackend):
        """The reference, a millimetre to the right."""

        def run(self, crops):
            solved = super().run(crops)
            solved.vertices[..., 0] += 0.1
            return solved

    monkeypatch.setitem(choice._PROBES, "openvino", lambda: BackendStatus("openvino", True, "1", ("float32",), ""))
    monkeypatch.setattr(choice.ov, "OvBackend", lambda bundle, *_: Shifted(bundle, "float32", 1))
    (row,) = (row for row in measure_parity(tiny, CROPS, 1) if row.backend == "openvino")
    assert (row.rms_mm, row.worst_mm) == (pytest.approx(1.0, abs=1e-4), pytest.approx(1.0, abs=1e-3))


def test_a_coordinate_that_is_no_number_stays_one() -> None:
    deviation = Deviation()
    meshes = np.zeros((2, 3, 3), np.float32)
    broken = meshes.copy()
    broken[1, 2, 0] = np.nan
    for solved in (broken, meshes):
        deviation.add(solved, meshes)
    assert np.isnan(deviation.worst_mm)
    assert np.isnan(deviation.rms_mm)


def test_without_frames_there_is_no_mean() -> None:
    with pytest.raises(ValueError, match="nothing"):
        _ = Deviation().rms_mm


def test_crops_of_a_shot_are_what_the_actor_sees(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    actor = tiny_bundle(tmp_path / "actor", cameras=("front", "side"))
    shot = tmp_path / "shot"
    shot.mkdir()
    pictures = [np.full((400, 300), level, np.uint8) for level in (40, 90, 140, 190)]
    with MovieWriter(shot / "front.mp4", 300, 400, Fraction(25), is_gray=True) as movie:
        for one in pictures:
            movie.write(one)
    pack_points(shot / "points.npz", np.zeros((4, 50, 3), np.float32))
    facts = ShotFacts("shot", Role.VALIDATION, 4, 50, (25, 1), "", {"front": "front.mp4"}, "points.npz")
    Shot.write_facts(shot, facts)
    crops = crops_of_shot(actor, Shot.open(shot), 3)
    assert crops.shape == (3, 2, 320, 240)
    np.testing.assert_allclose(crops[:, 0].mean(axis=(1, 2)), (40, 90, 140), atol=2)
    assert not crops[:, 1].any(), "the side camera is absent"
    elsewhere = tiny_bundle(tmp_path / "other", cameras=("left",))
    with pytest.raises(ShotError, match="no camera of the actor tiny"):
        crops_of_shot(elsewhere, Shot.open(shot), 3)
