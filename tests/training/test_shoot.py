import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.claim import claimed
from engine.errors import ShotError, StorageError
from engine.shots import SKIN_FILE, TOPOLOGY_FILE, DataSet, Role, Shot
from engine.timecode import Timecode
from training import shoot
from training.actor.identity import identity_of
from training.actor.rig import Rig, build_rig
from training.actor.sensor import Mains, Sensor
from training.actor.stage import StageSetup
from training.shoot import make_shot
from training.shoot_folder import check_folder, put_in_place, survey
from training.shoot_plan import RATE, ShotPlan, later_session, plan_shoot
from training.shoot_report import measure_loss, measure_motion

SMALL = StageSetup(width_px=150, height_px=200)
TWO_SHOTS = (
    ShotPlan("001_a", Role.EXPRESSIONS, 3, (1, 0), "10:00:00:00", "B1 take 1"),
    ShotPlan("002_b", Role.VALIDATION, 3, (1, 1), "14:00:00:00", "V1 take 1"),
)
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def rig() -> Rig:
    return build_rig(identity_of("demo"))


def paint_plainly(folder: Path, rig: Rig) -> Path:
    folder.mkdir()
    rig.topology.save(folder / "topology.npz")
    cv2.imwrite(str(folder / SKIN_FILE), np.full((64, 64, 3), (120, 150, 200), np.uint8))
    return folder


@pytest.fixture
def folder(tmp_path: Path, rig: Rig) -> Path:
    """A data set's folder whose actor is painted plainly."""
    return paint_plainly(tmp_path / "data", rig)


@pytest.fixture
def two_shots() -> tuple[ShotPlan, ...]:
    return TWO_SHOTS


def film(
    folder: Path, setup: StageSetup = SMALL, plans: tuple[ShotPlan, ...] = TWO_SHOTS, actor: str = "demo"
) -> DataSet:
    return shoot.shoot(folder, actor, plans, setup=setup, num_processes=1, progress=lambda _: None, tell=lambda _: None)


@pytest.mark.parametrize("seed", [1, 2, 30])
def test_ten_minutes_have_the_papers_parts_in_shots_of_natural_lengths(seed: int) -> None:
    plans = plan_shoot(10, seed)
    frames = {role: sum(plan.num_frames for plan in plans if plan.role is role) for role in Role}
    assert frames[Role.RANGE_OF_MOTION] + frames[Role.EXPRESSIONS] == 1800
    assert frames[Role.PANGRAMS] == 5400
    assert frames[Role.IN_CHARACTER] == 10800
    assert frames[Role.VALIDATION] == 1800
    lengths = [plan.num_frames for plan in plans]
    assert min(lengths) >= 100
    assert max(lengths) <= 2000
    assert len(set(lengths)) == len(lengths), "no two are equally long"
    assert sum(length > 1000 for length in lengths) >= 2, "some takes are long"
    assert sum(length < 500 for length in lengths) > len(lengths) / 3, "many are short"


def test_every_shot_has_its_own_seed_slate_and_time_and_sessions_do_not_overlap() -> None:
    plans = plan_shoot(10, 4)
    for key in ("name", "seed", "slate"):
        assert len({getattr(plan, key) for plan in plans}) == len(plans)
    starts = [Timecode.parse(plan.timecode, RATE).frame_number for plan in plans]
    for (start, plan), following in pairwise(zip(starts, plans, strict=True)):
        assert following[0] > start + plan.num_frames, "a gap between any two shots"
    sessions = {plan.role is Role.VALIDATION: plan.timecode[:2] for plan in plans}
    assert sessions[True] != sessions[False]


def test_a_tiny_shoot_has_every_part_though_its_shots_are_short() -> None:
    plans = plan_shoot(0.1, 1)
    assert [plan.role for plan in plans] == list(Role)
    assert min(plan.num_frames for plan in plans) == 30


def test_the_same_seed_plans_the_same_shots_and_another_seed_others() -> None:
    assert plan_shoot(10, 5) == plan_shoot(10, 5)
    assert [plan.num_frames for plan in plan_shoot(10, 5)] != [plan.num_frames for plan in plan_shoot(10, 6)]


def test_jaw_shots_come_on_top_one_in_each_session_and_change_no_other() -> None:
    plans = plan_shoot(1, 3, has_jaw_shots=True)
    assert plans[:-2] == plan_shoot(1, 3)
    to_learn, to_measure = plans[-2:]
    assert (to_learn.role, to_measure.role) == (Role.RANGE_OF_MOTION, Role.VALIDATION)
    assert all(plan.is_jaw_alone for plan in (to_learn, to_measure))
    assert to_learn.timecode[:2] != to_measure.timecode[:2]
    assert len({plan.timecode for plan in plans}) == len({plan.slate for plan in plans}) == len(plans)


def test_a_finished_shoot_gets_no_further_shots(rig: Rig, tmp_path: Path) -> None:
    plans = plan_shoot(0.1, 1)
    folder = tmp_path / "finished"
    folder.mkdir()
    rig.topology.save(folder / TOPOLOGY_FILE)
    DataSet.write_manifest(folder, "demo", {"front": SMALL.viewpoint}, [plan.name for plan in plans])
    check_folder(folder, rig, plans, SMALL)
    with pytest.raises(ShotError, match=r"finished without 006_range-of-motion-jaw.*--jaw-shots differ"):
        check_folder(folder, rig, plan_shoot(0.1, 1, has_jaw_shots=True), SMALL)


def test_a_later_session_is_the_same_studio_built_anew() -> None:
    later = later_session(SMALL)
    assert later.viewpoint == SMALL.viewpoint
    assert later.sensor == SMALL.sensor
    assert later.record() != SMALL.record()
    assert np.abs(later.view("front").world_to_camera - SMALL.view("front").world_to_camera).max() > 0.1


def test_a_shot_is_whole_when_it_has_its_name(folder: Path, rig: Rig) -> None:
    plan = ShotPlan("001_test", Role.PANGRAMS, 4, (1, 0), "10:00:00:00", "C1 take 2")
    setup = replace(SMALL, cameras=("front", "side"))
    make_shot(folder, "demo", plan, setup)
    shot = Shot.open(folder / "001_test")
    assert shot.vertices().shape == (4, rig.topology.num_vertices, 3)
    assert shot.facts.slate == "C1 take 2"
    assert shot.facts.notes
    assert shot.facts.stage["full_well_e"] == setup.sensor.full_well_e
    pictures = {}
    for camera in ("front", "side"):
        with shot.pictures(camera) as movie:
            assert movie.facts.is_gray
            assert str(movie.facts.timecode) == "10:00:00:00"
            pictures[camera] = list(movie)
        assert len(pictures[camera]) == 4
    assert np.abs(pictures["front"][0].astype(int) - pictures["side"][0]).mean() > 5
    assert [path.name for path in folder.glob("*.partial")] == []


def test_two_runs_with_one_seed_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    plan = ShotPlan("001_test", Role.IN_CHARACTER, 5, (7, 3), "10:00:00:00", "D1 take 1")
    sums = []
    for _ in range(2):
        make_shot(folder, "demo", plan, SMALL)
        made = folder / plan.name
        sums.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(made.iterdir())})
        made.rename(tmp_path / f"kept{len(sums)}")
    assert sums[0] == sums[1]
    assert set(sums[0]) == {"front.mp4", "points.pc2", "shot.json"}
    make_shot(folder, "demo", replace(plan, seed=(8, 3)), SMALL)
    for name, checksum in sums[0].items():
        assert hashlib.sha256((folder / plan.name / name).read_bytes()).hexdigest() != checksum


def test_a_killed_shoot_goes_on_with_the_shots_it_lacks(folder: Path, two_shots: tuple[ShotPlan, ...]) -> None:
    make_shot(folder, "demo", two_shots[0], SMALL)
    for stale in ("001_a.partial", "002_b.partial"):  # what kills leave
        (folder / stale).mkdir()
    before = (folder / "001_a" / "front.mp4").stat().st_mtime_ns
    told: list[int] = []
    data = shoot.shoot(folder, "demo", TWO_SHOTS, setup=SMALL, num_processes=1, progress=told.append, tell=pytest.fail)
    assert isinstance(data, DataSet)
    assert [shot.facts.name for shot in data.training] == ["001_a"]
    assert [shot.facts.name for shot in data.validation] == ["002_b"]
    assert data.front == SMALL.viewpoint
    assert told[0] == 3
    assert sum(told) == 6
    assert (folder / "001_a" / "front.mp4").stat().st_mtime_ns == before
    assert list(folder.glob("*.partial")) == []


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory, rig: Rig) -> Path:
    folder = paint_plainly(tmp_path_factory.mktemp("made") / "data", rig)
    make_shot(folder, "demo", TWO_SHOTS[0], SMALL)
    return folder


@pytest.fixture
def shot_folder(made_once: Path, tmp_path: Path, two_shots: tuple[ShotPlan, ...]) -> Path:
    """A data set's folder with the first of its two shots made."""
    return Path(shutil.copytree(made_once, tmp_path / "shots"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"is_gray": False}, "--colour off there, on asked for"),
        ({"cameras": ("front", "side")}, "--cameras front there, front,side asked for"),
        ({"height_px": 220}, "--size 150x200 there, 150x220 asked for"),
        ({"light_gain": 0.9}, "light_gain 1.0 there, 0.9 asked for"),
        ({"mains": Mains(60.0)}, "--mains-hz 50.0 there, 60.0 asked for"),
        ({"sensor": Sensor(gain=2.0)}, "--gain 1.0 there, 2.0 asked for"),
    ],
    ids=["colour", "cameras", "size", "light", "mains", "gain"],
)
def test_shots_filmed_in_another_way_are_not_mixed_in_and_the_option_is_named(
    shot_folder: Path, rig: Rig, two_shots: tuple[ShotPlan, ...], change: dict[str, object], words: str
) -> None:
    with pytest.raises(ShotError, match="another shoot") as refused:
        check_folder(shot_folder, rig, two_shots, replace(SMALL, **change))
    assert words in refused.value.reason
    assert refused.value.reason.count("asked for") == 1, "what agrees is not listed"


def test_another_seed_length_and_actor_are_named(shot_folder: Path, rig: Rig, two_shots: tuple[ShotPlan, ...]) -> None:
    first, second = two_shots
    for changed, words in (
        (replace(first, seed=(9, 0), num_frames=4), "--seed 1 there, 9 asked for"),
        (replace(first, num_frames=4), "--minutes 3 frames of expressions there, 4 of expressions asked for"),
        (replace(first, name="001_b"), "so --minutes, --seed or --jaw-shots differ"),
    ):
        with pytest.raises(ShotError, match="another shoot") as refused:
            check_folder(shot_folder, rig, (changed, second), SMALL)
        assert words in refused.value.reason
    # Another actor's finished shots once passed for this one's, whose mesh was then laid over theirs.
    before = (shot_folder / "topology.npz").read_bytes()
    with pytest.raises(ShotError, match="another --actor there, --actor nell asked for"):
        film(shot_folder, actor="nell")
    assert (shot_folder / "topology.npz").read_bytes() == before


def _without_frames(folder: Path) -> None:
    """As a killed writer leaves it."""
    with (folder / "points.pc2").open("r+b") as points:
        points.seek(28)
        points.write(bytes(4))


def _cut_points(folder: Path) -> None:
    os.truncate(folder / "points.pc2", (folder / "points.pc2").stat().st_size - 12)


def _cut_movie(folder: Path) -> None:
    os.truncate(folder / "front.mp4", (folder / "front.mp4").stat().st_size // 2)


def _without_movie(folder: Path) -> None:
    (folder / "front.mp4").unlink()


def _zeroed_movie(folder: Path) -> None:
    """Its index is whole, its pictures are not."""
    data = bytearray((folder / "front.mp4").read_bytes())
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[start:end] = bytes(end - start)
    (folder / "front.mp4").write_bytes(data)


@pytest.mark.parametrize("damage", [_without_frames, _cut_points, _cut_movie, _without_movie, _zeroed_movie])
def test_a_damaged_shot_is_found_and_named(
    shot_folder: Path, rig: Rig, two_shots: tuple[ShotPlan, ...], damage: Callable[[Path], None]
) -> None:
    assert survey(shot_folder, rig, two_shots, SMALL).damages == ()
    damage(shot_folder / "001_a")
    begun = survey(shot_folder, rig, two_shots, SMALL)
    assert begun.missing == two_shots
    assert len(begun.damages) == 1
    assert str(shot_folder / "001_a") in begun.damages[0]


def test_a_damaged_shot_is_filmed_anew(shot_folder: Path) -> None:
    whole = {path.name: path.read_bytes() for path in (shot_folder / "001_a").iterdir()}
    _cut_movie(shot_folder / "001_a")
    said: list[str] = []
    shoot.shoot(shot_folder, "demo", TWO_SHOTS, setup=SMALL, num_processes=1, progress=lambda _: None, tell=said.append)
    assert len(said) == 1
    assert f"The shot {shot_folder / '001_a'} is damaged: " in said[0]
    assert "It is filmed anew" in said[0]
    assert {path.name: path.read_bytes() for path in (shot_folder / "001_a").iterdir()} == whole
    assert sorted(path.name for path in shot_folder.iterdir() if path.name not in (SKIN_FILE, "topology.npz")) == [
        "001_a",
        "002_b",
        "dataset.json",
    ]


def test_a_shot_that_does_not_say_what_it_is_is_left_and_what_to_delete_named(
    shot_folder: Path, rig: Rig, two_shots: tuple[ShotPlan, ...]
) -> None:
    (shot_folder / "001_a" / "shot.json").write_bytes(b"")
    with pytest.raises(ShotError, match="cannot be read") as refused:
        survey(shot_folder, rig, two_shots, SMALL)
    assert refused.value.recovery.startswith(f"Delete {shot_folder / '001_a'} and give the same command again")


def test_only_a_whole_shot_takes_a_name_and_a_damaged_one_stays_until_then(shot_folder: Path) -> None:
    # Another run's half-written point cache once got a finished shot's name.
    old, partial = shot_folder / "001_a", shot_folder / "001_a.partial"
    shutil.copytree(old, partial)
    facts = Shot.read_facts(partial)
    _without_frames(partial)
    with pytest.raises(ShotError, match="holds no frames"):
        put_in_place(partial, old, facts)
    shutil.rmtree(partial)
    shutil.copytree(old, partial)
    with pytest.raises(ShotError, match="not the shot that was filmed"):
        put_in_place(partial, old, replace(facts, seed=2))
    assert Shot.open(old)
    _cut_movie(old)
    put_in_place(partial, old, facts)
    assert Shot.open(old)
    assert not partial.exists()
    assert not (shot_folder / "001_a.damaged").exists()


def test_a_shoot_is_refused_where_another_process_works(shot_folder: Path) -> None:
    before = sorted(shot_folder.rglob("*"))
    with claimed(shot_folder), pytest.raises(StorageError, match="Another process"):
        film(shot_folder)
    assert sorted(shot_folder.rglob("*")) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_a_shoot_told_to_end_ends_like_one_interrupted_and_leaks_nothing(folder: Path) -> None:
    # SIGTERM once left Python's warning of leaked semaphores as the only line.
    command = [sys.executable, "-c", "from app.cli.main import run; run()", "shoot", "--out", str(folder)]
    options = ["--minutes", "5", "--size", f"{SMALL.width_px}x{SMALL.height_px}", "--processes", "1", "--software"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    turn = threading.Event()
    for _ in range(600):
        begun = [path for path in folder.glob("*.partial/points.pc2") if path.stat().st_size > 100_000]
        if begun or process.poll() is not None:
            break
        turn.wait(0.1)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert [line for line in said.splitlines() if "Warning" not in line] == ["livedouble: interrupted."]
    assert "leaked" not in said
    assert process.returncode == 130
    assert not (folder / "dataset.json").exists()


def test_a_colour_shoot_has_a_colour_movie(folder: Path) -> None:
    plan = ShotPlan("001_a", Role.VALIDATION, 2, (1, 0), "14:00:00:00")
    make_shot(folder, "demo", plan, replace(SMALL, is_gray=False))
    with Shot.open(folder / "001_a").pictures() as movie:
        picture = next(iter(movie))
    assert picture.shape == (200, 150, 3)
    assert np.ptp(picture[100, 75].astype(int)) > 10, "skin is not gray"


def test_a_shoot_refuses_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(ShotError, match="something other than this shoot"):
        film(tmp_path)


def test_a_shoot_is_not_laid_over_an_actor(tmp_path: Path, rig: Rig) -> None:
    rig.topology.save(tmp_path / "topology.npz")
    (tmp_path / "bundle.json").write_text("{}")
    with pytest.raises(ShotError, match="something other than this shoot"):
        film(tmp_path)


def test_a_shoot_refuses_to_start_where_the_disk_will_not_hold_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = sum(plan.num_frames for plan in plan_shoot(10, 1)) * shoot.bytes_of_a_frame(5043, StageSetup())
    disk = shoot.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shoot.shutil, "disk_usage", lambda _: disk._replace(free=needed))
    with pytest.raises(StorageError, match="MB free"):
        film(tmp_path / "new", StageSetup(), plan_shoot(10, 1))
    assert not (tmp_path / "new").exists(), "nothing was begun"


def test_the_disk_estimate_counts_cameras_size_and_noise() -> None:
    standard = shoot.bytes_of_a_frame(5043, StageSetup())
    assert standard * 19_800 < 4e9, "ten minutes are under 4 GB"
    for change in (
        {"cameras": ("front", "side")},
        {"sensor": replace(StageSetup().sensor, gain=4.0)},
    ):
        assert shoot.bytes_of_a_frame(5043, replace(StageSetup(), **change)) > 1.2 * standard
    assert shoot.bytes_of_a_frame(5043, SMALL) < standard / 1.5


def test_what_was_filmed_is_measured_against_what_the_sensor_saw(folder: Path, two_shots: tuple[ShotPlan, ...]) -> None:
    data = film(folder)
    loss = measure_loss(data, "demo", two_shots, SMALL)
    assert loss.num_frames == 2, "the first frame of each short shot"
    assert 0.1 < loss.mean_levels < loss.rms_levels < 4
    motion = measure_motion(data, lambda _: None)
    assert motion.num_frames == 6
    assert 0 < motion.rms_mm < motion.furthest_mm


@pytest.fixture
def parent(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, multiprocessing as mp, os\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from training.processes import begin_renderer\n"
        "if __name__ == '__main__':\n"
        "    context = mp.get_context('spawn')\n"
        "    pool = ProcessPoolExecutor(1, context, begin_renderer)\n"
        "    print(pool.submit(os.getpid).result(), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        cwd=tmp_path,
    )
    with process:
        yield process


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process that its parent has died")
def test_workers_end_with_a_shoot_that_is_killed(parent: "subprocess.Popen[str]") -> None:
    # A killed shoot once left its renderers behind, and they went on writing.
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait(10)
    gone = threading.Event()
    for _ in range(100):
        state = Path(f"/proc/{worker}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            gone.set()
            break
        gone.wait(0.1)
    assert gone.is_set(), "the worker outlived its shoot"
