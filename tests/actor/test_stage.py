import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.errors import ShotError, StorageError
from engine.shots import SKIN_FILE, DataSet, Role, Shot
from training import shoot
from training.actor.curves import weights_of
from training.actor.identity import identity_of
from training.actor.rig import Rig, build_rig
from training.actor.skin import paint_skin
from training.actor.stage import FACE_CROP, HEIGHT_PX, WIDTH_PX, Stage, StageSetup
from training.shoot import ShotPlan, make_shot, plan_shoot

STILL = np.zeros(3)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return build_rig(identity_of("demo"))


@pytest.fixture(scope="module")
def skin(rig: Rig) -> np.ndarray:
    return paint_skin(rig, np.ones(rig.topology.num_vertices, np.float32), 512)


def photograph(rig: Rig, skin: np.ndarray, weights: dict[str, float], setup: StageSetup | None = None) -> np.ndarray:
    stage = Stage(rig.topology, skin, setup or StageSetup())
    try:
        return stage.photograph(rig.pose(weights_of(weights, rig.units)), STILL, STILL, np.random.default_rng(1))
    finally:
        stage.release()


def test_the_picture_shows_a_well_lit_face_inside_the_crop(rig: Rig, skin: np.ndarray) -> None:
    picture = photograph(rig, skin, {})
    assert picture.shape == (HEIGHT_PX, WIDTH_PX)
    face = picture[FACE_CROP.y : FACE_CROP.y + FACE_CROP.height, FACE_CROP.x : FACE_CROP.x + FACE_CROP.width]
    assert 60 < face.mean() < 200
    assert (face >= 254).mean() < 0.01, "nothing is blown out"
    assert picture[:60].mean() < 90, "the backdrop is dark"


def test_the_same_pose_and_seed_give_the_same_picture_bit_for_bit(rig: Rig, skin: np.ndarray) -> None:
    first, second = (photograph(rig, skin, {"jawOpen": 0.4}) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_expressions_change_the_picture_where_they_should(rig: Rig, skin: np.ndarray) -> None:
    rest = photograph(rig, skin, {}).astype(int)
    for weights, rows in (({"eyeBlink": 1.0}, slice(560, 720)), ({"jawOpen": 1.0}, slice(960, 1400))):
        difference = np.abs(photograph(rig, skin, weights).astype(int) - rest).mean(axis=1)
        assert difference[rows].mean() > 3 * difference[:400].mean()


def test_a_colour_camera_gives_skin_tones(rig: Rig, skin: np.ndarray) -> None:
    picture = photograph(rig, skin, {}, StageSetup(is_gray=False))
    blue, _, red = picture[700:900, 500:700].reshape(-1, 3).mean(0)
    assert red > 1.2 * blue


def test_a_shoot_has_the_papers_parts_and_a_later_session() -> None:
    plans = plan_shoot(10, seed=3)
    frames = {role: sum(plan.num_frames for plan in plans if plan.role is role) for role in Role}
    assert frames[Role.RANGE_OF_MOTION] + frames[Role.EXPRESSIONS] == 1800
    assert frames[Role.PANGRAMS] == 5400
    assert frames[Role.IN_CHARACTER] == 10800
    assert frames[Role.VALIDATION] == 1800
    assert len({plan.seed for plan in plans}) == len(plans)
    assert len({plan.timecode for plan in plans}) == len(plans)
    assert all(100 <= plan.num_frames <= 2000 for plan in plans)


def small_folder(path: Path, rig: Rig, skin: np.ndarray) -> Path:
    path.mkdir()
    rig.topology.save(path / "topology.npz")
    cv2.imwrite(str(path / SKIN_FILE), skin[..., ::-1])
    return path


def test_a_shot_is_whole_when_it_has_its_name(tmp_path: Path, rig: Rig, skin: np.ndarray) -> None:
    folder = small_folder(tmp_path / "data", rig, skin)
    plan = ShotPlan("001_test", Role.VALIDATION, 4, (1, 0), "14:00:00:00")
    make_shot(folder, "demo", plan)
    shot = Shot.open(folder / "001_test")
    assert shot.vertices().shape == (4, 5043, 3)
    with shot.pictures() as movie:
        assert movie.facts.is_gray
        assert str(movie.facts.timecode) == "14:00:00:00"
        assert len(list(movie)) == 4
    assert [path.name for path in folder.glob("*.partial")] == []


def test_a_killed_shoot_goes_on_with_the_shots_it_lacks(
    tmp_path: Path, rig: Rig, skin: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_folder(tmp_path / "data", rig, skin)
    plans = (
        ShotPlan("001_a", Role.EXPRESSIONS, 3, (1, 0), "10:00:00:00"),
        ShotPlan("002_b", Role.VALIDATION, 3, (1, 1), "14:00:00:00"),
    )
    monkeypatch.setattr(shoot, "plan_shoot", lambda *_: plans)
    make_shot(folder, "demo", plans[0])
    (folder / "002_b.partial").mkdir()  # what a kill leaves
    before = (folder / "001_a" / "front.mp4").stat().st_mtime_ns
    told: list[int] = []
    data = shoot.shoot(folder, "demo", 0.1, 1, num_processes=1, progress=told.append)
    assert isinstance(data, DataSet)
    assert [shot.facts.name for shot in data.training] == ["001_a"]
    assert [shot.facts.name for shot in data.validation] == ["002_b"]
    assert sum(told) == 6
    assert (folder / "001_a" / "front.mp4").stat().st_mtime_ns == before


def test_a_colour_shoot_has_a_colour_movie_and_does_not_mix_with_a_gray_one(
    tmp_path: Path, rig: Rig, skin: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_folder(tmp_path / "data", rig, skin)
    colour = ShotPlan("001_a", Role.VALIDATION, 2, (1, 0), "14:00:00:00", is_gray=False)
    make_shot(folder, "demo", colour)
    with Shot.open(folder / "001_a").pictures() as movie:
        picture = next(iter(movie))
    assert picture.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert np.ptp(picture[800, 600].astype(int)) > 10, "skin is not gray"
    monkeypatch.setattr(shoot, "plan_shoot", lambda *_: (replace(colour, is_gray=True),))
    with pytest.raises(ShotError, match="another shoot"):
        shoot.shoot(folder, "demo", 1, 1, num_processes=1, progress=lambda _: None)


def test_a_shoot_refuses_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(ShotError, match="something other than this shoot"):
        shoot.shoot(tmp_path, "demo", 1, 1, num_processes=1, progress=lambda _: None)


def test_a_shoot_refuses_to_start_where_the_disk_will_not_hold_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shoot, "_BYTES_PER_FRAME", 10**15)
    with pytest.raises(StorageError, match="MB free"):
        shoot.shoot(tmp_path / "new", "demo", 1, 1, num_processes=1, progress=lambda _: None)


def test_workers_end_with_a_shoot_that_is_killed(tmp_path: Path) -> None:
    # A killed shoot once left its renderers behind, and they went on writing.
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells a process that its parent has died")
    code = (
        "import sys, time, multiprocessing as mp\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from training.shoot import _begin_process\n"
        "import os\n"
        "if __name__ == '__main__':\n"
        "    context = mp.get_context('spawn')\n"
        "    pool = ProcessPoolExecutor(1, context, _begin_process, (context.Value('l', 0),))\n"
        "    print(pool.submit(os.getpid).result(), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code)
    root = Path(__file__).resolve().parents[2]
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=tmp_path,
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait(10)
    parent.stdout.close()
    parent.stdin.close()
    gone = threading.Event()
    for _ in range(100):
        state = Path(f"/proc/{worker}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            gone.set()
            break
        gone.wait(0.1)
    assert gone.is_set(), "the worker outlived its shoot"


def test_a_shoot_is_not_laid_over_an_actor(tmp_path: Path, rig: Rig) -> None:
    rig.topology.save(tmp_path / "topology.npz")
    (tmp_path / "bundle.json").write_text("{}")
    with pytest.raises(ShotError, match="something other than this shoot"):
        shoot.shoot(tmp_path, "demo", 1, 1, num_processes=1, progress=lambda _: None)
