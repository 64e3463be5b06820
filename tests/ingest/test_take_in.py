"""How shots join a data set, and what happens to their pictures."""

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.cameras.movie import shot_camera
from engine.claim import claimed
from engine.errors import ShotError, StorageError
from engine.frames import CropRect
from engine.shots import DataSet, Role
from export.network.clip import cut_clip
from export.take.sequence import Placement
from export.take.write import Format
from tests.ingest.head import (
    JAW,
    NUM_FRAMES,
    NUM_VERTICES,
    head,
    performance,
    picture,
    request,
    write_cache,
    write_movie,
)
from training.ingest.open_points import open_points
from training.ingest.plan import plan_ingest
from training.ingest.take_in import Ingested, take_in


def ingest(*arguments: object, **changes: object) -> Ingested:
    return take_in(plan_ingest(request(*arguments, **changes)), lambda _: None)  # type: ignore[arg-type]


def test_a_movie_that_fits_is_taken_as_it_is(tmp_path: Path, movie: Path) -> None:
    ingested = ingest(tmp_path, movie, write_cache(tmp_path))
    assert ingested.num_copied == 1
    assert ingested.shot.movie_path().read_bytes() == movie.read_bytes()


def test_a_movie_that_is_cut_is_encoded_anew_and_keeps_its_levels(tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path, vertices=performance(NUM_FRAMES)[3:], timecode="01:00:00:03")
    ingested = ingest(tmp_path, movie, cache, is_gray=True)
    assert ingested.num_copied == 0
    assert ingested.shot.facts.is_gray
    with ingested.shot.pictures() as movie_in:
        assert str(movie_in.facts.timecode) == "01:00:00:03"
        pictures = list(movie_in)
    assert len(pictures) == NUM_FRAMES - 3
    for index, image in enumerate(pictures):
        assert np.abs(image - picture(index + 3) * 255).mean() < 2


def test_an_offset_chooses_pictures_and_meshes(tmp_path: Path, movie: Path) -> None:
    ingested = ingest(tmp_path, movie, write_cache(tmp_path), offsets={"front": -4})
    assert ingested.shot.facts.num_frames == NUM_FRAMES - 4
    np.testing.assert_array_equal(ingested.shot.vertices(), performance()[4:])
    assert str(ingested.shot.timecode) == "01:00:00:00"


def test_drop_frame_timecode_stays_drop_frame(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    film = write_movie(tmp_path / "a.mov", timecode="01:00:59;24", rate=rate)
    cache = write_cache(tmp_path, timecode="01:00:59;28", rate=rate)
    shot = ingest(tmp_path, film, cache).shot
    assert str(shot.timecode) == "01:00:59;28"
    assert str(shot.timecode.plus(2)) == "01:01:00;02"


def test_an_unknown_timecode_stays_unknown_live_and_in_a_clip(tmp_path: Path) -> None:
    film = write_movie(tmp_path / "a.mp4", timecode=None)
    shot = ingest(tmp_path, film, write_cache(tmp_path, timecode=None), Role.VALIDATION).shot
    camera = shot_camera(shot.folder)
    camera.open()
    frame = camera.read(5.0)
    camera.close()
    assert frame is not None
    assert frame.timecode is None
    assert cut_clip(shot, tmp_path / "clip", num_frames=4, first_frame=2, crf=20).facts.timecode == ""


def test_what_moves_is_what_is_animated_and_grows_with_every_shot(tmp_path: Path, movie: Path) -> None:
    ingest(tmp_path, movie, write_cache(tmp_path))
    np.testing.assert_array_equal(DataSet.open(tmp_path / "data").topology.sets["animated"], JAW)
    brow = np.flatnonzero((head().neutral[:, 1] > 5) & (head().neutral[:, 2] > 6))
    vertices = np.repeat(head().neutral[None], NUM_FRAMES, axis=0)
    vertices[5:, brow, 1] += 0.4
    ingest(tmp_path, movie, write_cache(tmp_path, vertices=vertices), Role.EXPRESSIONS)
    animated = DataSet.open(tmp_path / "data").topology.sets["animated"]
    np.testing.assert_array_equal(animated, np.union1d(JAW, brow))


def test_regions_that_somebody_named_stay_as_they_are(tmp_path: Path, movie: Path) -> None:
    topology = head()
    topology.sets["lips"], topology.sets["animated"] = np.arange(3), np.arange(9)  # type: ignore[index]
    topology.save(tmp_path / "actor.npz")
    ingested = ingest(tmp_path, movie, write_cache(tmp_path, Format.PC2), topology=tmp_path / "actor.npz")
    np.testing.assert_array_equal(ingested.topology.sets["animated"], np.arange(9))


def test_another_actor_and_another_picture_size_are_refused(tmp_path: Path, movie: Path) -> None:
    ingest(tmp_path, movie, write_cache(tmp_path), actor="anna")
    with pytest.raises(ShotError, match="is of anna, not of bert"):
        ingest(tmp_path, movie, write_cache(tmp_path), actor="bert")
    wide = write_movie(tmp_path / "wide.mp4", size=(128, 96))
    with pytest.raises(ShotError, match="is 128x96, the data set's 96x128"):
        ingest(tmp_path, wide, write_cache(tmp_path), crops={})


@pytest.mark.parametrize("has_data", [True, False])
def test_another_actor_on_the_same_topology_is_pointed_out(has_data: bool, tmp_path: Path, movie: Path) -> None:
    if has_data:
        ingest(tmp_path, movie, write_cache(tmp_path))
    head().save(tmp_path / "actor.npz")
    broad = performance() * np.float32([1.1, 0.97, 0.92])  # 5 mm from the actor, the same height
    for vertices, is_other in ((performance(), False), (broad, True)):
        cache = write_cache(tmp_path, vertices=vertices + np.float32([0.3, 0, 0]))
        topology = None if has_data else tmp_path / "actor.npz"
        notes = plan_ingest(request(tmp_path, movie, cache, topology=topology, is_same_actor=is_other)).notes
        assert any("looks like another actor" in note for note in notes) == is_other, notes


def test_no_crop_and_an_odd_size_are_pointed_out(tmp_path: Path) -> None:
    film = write_movie(tmp_path / "a.mkv", codec="ffv1", size=(95, 127))
    plan = plan_ingest(request(tmp_path, film, write_cache(tmp_path), crops={}))
    assert any("No crop was given" in note for note in plan.notes)
    assert any("95x127" in note for note in plan.notes)
    assert take_in(plan, lambda _: None).shot.facts.num_frames == NUM_FRAMES
    assert DataSet.open(tmp_path / "data").front.frame_width_px == 94


def test_a_crop_that_lies_on_its_side_is_refused_and_one_of_another_shape_pointed_out(
    tmp_path: Path, movie: Path
) -> None:
    cache = write_cache(tmp_path)
    with pytest.raises(ShotError, match="wider than high; the network sees an upright 3:4") as refused:
        plan_ingest(request(tmp_path, movie, cache, crops={"front": CropRect(0, 10, 96, 60)}))
    assert "25,10,45,60" in refused.value.recovery
    for crop, is_told in ((CropRect(0, 0, 96, 100), True), (CropRect(0, 0, 90, 121), False)):
        notes = plan_ingest(request(tmp_path, movie, cache, crops={"front": crop})).notes
        assert any("is not 3:4" in note for note in notes) == is_told


def test_a_stopped_ingest_leaves_no_shot(tmp_path: Path, movie: Path) -> None:
    plan = plan_ingest(request(tmp_path, movie, write_cache(tmp_path)))
    steps: list[int] = []

    def stop_at_the_third_step(step: int) -> None:
        steps.append(step)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_in(plan, stop_at_the_third_step)
    assert not (tmp_path / "data").exists()


def test_two_ingests_planned_at_once_are_both_listed(tmp_path: Path, movie: Path) -> None:
    # The second once wrote a manifest without the first.
    cache = write_cache(tmp_path)
    plans = [plan_ingest(request(tmp_path, movie, cache, role)) for role in (Role.PANGRAMS, Role.EXPRESSIONS)]
    assert [plan.name for plan in plans] == ["001_pangrams", "001_expressions"]
    second = [take_in(plan, lambda _: None) for plan in plans][1]
    assert second.plan.name == second.shot.facts.name == "002_expressions"
    data = DataSet.open(tmp_path / "data")
    assert [shot.facts.name for shot in data.shots] == ["001_pangrams", "002_expressions"]


def test_a_name_taken_since_the_plan_was_made_is_refused(tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path)
    plans = [plan_ingest(request(tmp_path, movie, cache, name="A")) for _ in range(2)]
    take_in(plans[0], lambda _: None)
    before = (tmp_path / "data" / "A" / "shot.json").stat().st_mtime_ns
    with pytest.raises(ShotError, match="has a shot A already"):
        take_in(plans[1], lambda _: None)
    assert (tmp_path / "data" / "A" / "shot.json").stat().st_mtime_ns == before


def test_an_ingest_is_refused_where_another_process_works(tmp_path: Path, movie: Path) -> None:
    plan = plan_ingest(request(tmp_path, movie, write_cache(tmp_path)))
    with claimed(tmp_path / "data"), pytest.raises(StorageError, match="Another process"):
        take_in(plan, lambda _: None)
    assert not (tmp_path / "data").exists()


def test_a_shot_that_lies_there_unlisted_is_pointed_out_and_stale_parts_go(tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path)
    ingest(tmp_path, movie, cache, name="A")
    (tmp_path / "data" / "A").rename(tmp_path / "data" / "B")
    shutil.copytree(tmp_path / "data" / "B", tmp_path / "data" / "A")  # B: renamed by an ingest that was then killed
    (tmp_path / "data" / "D.partial").mkdir()
    ingested = ingest(tmp_path, movie, cache, name="C")
    (told,) = [note for note in ingested.plan.notes if "is not listed" in note]
    assert told.startswith("The shot B lies in ")
    assert not (tmp_path / "data" / "D.partial").exists()


def test_an_alembic_mesh_under_a_moving_transform_is_read_in_world_space(tmp_path: Path) -> None:
    geometry = pytest.importorskip("alembic3d.AbcGeom", reason="the `formats` extra is not installed")
    abc, core = pytest.importorskip("alembic3d.Abc"), pytest.importorskip("alembic3d.AbcCoreAbstract")
    imath = pytest.importorskip("imath")
    path = tmp_path / "a.abc"

    def write() -> None:
        archive = abc.OArchive(str(path))
        sampling = archive.addTimeSampling(core.TimeSampling(1 / 25, 4.0))
        transform = geometry.OXform(archive.getTop(), "group", sampling)
        schema = geometry.OPolyMesh(transform, "mesh", sampling).getSchema()
        faces, counts = (imath.IntArrayFromBuffer(np.array(row, np.int32)) for row in ([0, 1, 2], [3]))
        for index in range(3):
            sample = geometry.XformSample()
            sample.setTranslation(imath.V3d(index, 10.0, 0.0))
            transform.getSchema().set(sample)
            points = imath.V3fArrayFromBuffer(np.eye(3, dtype=np.float32))
            schema.set(geometry.OPolyMeshSchemaSample(points, faces, counts))

    write()
    source = open_points(path)
    assert (source.facts.rate, source.facts.number) == (25, 100)
    for index in range(3):
        np.testing.assert_allclose(source.frame(index), np.eye(3) + np.array([index, 10, 0]))


def test_a_usd_mesh_under_a_moving_transform_is_read_in_world_space(tmp_path: Path) -> None:
    usd = pytest.importorskip("pxr.Usd", reason="the `formats` extra is not installed")
    geometry, gf = pytest.importorskip("pxr.UsdGeom"), pytest.importorskip("pxr.Gf")
    stage = usd.Stage.CreateNew(str(tmp_path / "a.usda"))
    move = geometry.Xform.Define(stage, "/group").AddTranslateOp()
    points = geometry.Mesh.Define(stage, "/group/mesh").CreatePointsAttr()
    for index in range(3):
        move.Set(gf.Vec3d(index, 10, 0), index)
        points.Set([(1, 0, 0)], index)
    stage.GetRootLayer().Save()
    source = open_points(tmp_path / "a.usda")
    for index in range(3):
        np.testing.assert_allclose(source.frame(index), [[1 + index, 10, 0]])
    assert source.facts.rate is None


def test_a_cache_knows_its_frames_by_number_where_it_has_no_timecode(tmp_path: Path) -> None:
    start = 3600 * 30 + 2
    film = write_movie(tmp_path / "a.mp4")
    head().save(tmp_path / "actor.npz")
    for kind in (Format.PC2, Format.MDD, Format.OBJ):
        cache = write_cache(tmp_path, kind, performance(6), Placement(start_frame=start))
        plan = plan_ingest(request(tmp_path, film, cache, topology=tmp_path / "actor.npz"))
        assert (plan.overlap.first_picture("front"), plan.overlap.num_frames) == (2, 6)
        assert plan.topology.num_vertices == NUM_VERTICES
