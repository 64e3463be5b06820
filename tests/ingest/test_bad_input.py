"""What studios really send: one clear line each, and nothing half-written that looks whole."""

import builtins
import errno
import shutil
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.errors import LiveDoubleError, ShotError, StorageError
from engine.movies import MovieWriter
from engine.shots import DATASET_FILE, DataSet, Role
from engine.space import LengthUnit
from export.take.sequence import Placement
from export.take.write import Format
from tests.ingest.head import NUM_FRAMES, NUM_VERTICES, head, performance, request, write_cache, write_movie
from training.ingest.open_points import open_points
from training.ingest.plan import IngestRequest, plan_ingest
from training.ingest.take_in import take_in


def ingest(asked: IngestRequest) -> DataSet:
    take_in(plan_ingest(asked), lambda _: None)
    return DataSet.open(asked.folder)


def assert_refused(asked: IngestRequest, words: str) -> LiveDoubleError:
    """It is refused in one sentence with these words, and the data set is as it was."""
    before, was_there = sorted(asked.folder.rglob("*")), asked.folder.exists()
    with pytest.raises(LiveDoubleError, match=words) as refused:
        ingest(asked)
    assert refused.value.recovery
    assert "\n" not in str(refused.value)
    assert sorted(asked.folder.rglob("*")) == before
    assert asked.folder.exists() == was_there, "no empty folder is left"
    return refused.value


def test_counts_that_differ_are_refused(tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path, Format.PC2, performance(NUM_FRAMES - 1))
    head().save(tmp_path / "actor.npz")
    assert_refused(request(tmp_path, movie, cache, topology=tmp_path / "actor.npz"), "10 pictures, the point cache 9")


def test_no_number_in_the_cache_is_refused_by_its_frame(tmp_path: Path, movie: Path) -> None:
    vertices = performance()
    vertices[7, 20:23, 1] = np.nan
    assert_refused(request(tmp_path, movie, write_cache(tmp_path, vertices=vertices)), "3 vertices .* in frame 8")


def test_a_wrong_unit_is_refused_and_the_right_one_named(tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path, Format.OBJ)
    error = assert_refused(request(tmp_path, movie, cache, unit=LengthUnit.M), "24 m high")
    assert "--unit cm" in error.recovery


def test_timecode_that_does_not_overlap_is_refused(tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path, timecode="05:00:00:00")
    assert_refused(request(tmp_path, movie, cache), "No mesh belongs to any picture.*05:00:00:00 to 05:00:00:09")


def test_rates_that_differ_are_refused(tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path, rate=Fraction(24), timecode="01:00:00:00")
    assert_refused(request(tmp_path, movie, cache), "frame rates differ: the front movie has 30 .* 24")


def test_a_rate_that_is_no_cameras_is_blamed_on_the_movie(tmp_path: Path) -> None:
    # The point cache was once blamed, and its export at 29.7521 frames/s advised.
    film = write_movie(tmp_path / "a.mp4", rate=Fraction("29.75"), timecode=None)
    error = assert_refused(request(tmp_path, film, write_cache(tmp_path)), "29.75 .* no camera's rate.*point cache")
    assert "camera's original" in error.recovery


def test_a_movie_with_a_missing_tail_is_refused(tmp_path: Path) -> None:
    film = write_movie(tmp_path / "a.mkv", 90, options={"crf": "0", "g": "1"})
    film.write_bytes(film.read_bytes()[: film.stat().st_size * 2 // 3])
    assert_refused(request(tmp_path, film, write_cache(tmp_path, vertices=performance(90))), "breaks off")


def test_a_movie_damaged_inside_leaves_nothing(tmp_path: Path) -> None:
    film = write_movie(tmp_path / "a.mp4", 60, options={"crf": "0", "g": "1", "movflags": "faststart"})
    data = bytearray(film.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    film.write_bytes(data)
    assert_refused(request(tmp_path, film, write_cache(tmp_path, vertices=performance(60))), "damaged|breaks off")


@pytest.mark.parametrize("kind", list(Format))
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.97])
def test_a_truncated_cache_of_every_kind_is_refused(kind: Format, share: float, tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path, kind)
    damaged = sorted(cache.iterdir())[4] if cache.is_dir() else cache
    damaged.write_bytes(damaged.read_bytes()[: int(damaged.stat().st_size * share)])
    head().save(tmp_path / "actor.npz")
    assert_refused(request(tmp_path, movie, cache, topology=tmp_path / "actor.npz"), cache.stem)


@pytest.mark.parametrize("kind", list(Format))
def test_what_is_no_cache_at_all_is_refused(kind: Format, tmp_path: Path, movie: Path) -> None:
    path = tmp_path / f"cache.0001.{kind.value}"
    path.write_bytes(b"This is a letter to the editor.\n" * 100)
    (tmp_path / f"cache.0002.{kind.value}").write_bytes(path.read_bytes())
    assert_refused(request(tmp_path, movie, path), "cache")


_NO_FRAMES = struct.pack("<12siiffi", b"POINTCACHE2\0", 1, NUM_VERTICES, 0.0, 1.0, 0)
_LETTER = b"This is a letter to the editor, who will not be amused.\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pc2", _NO_FRAMES, "holds no frames"),
        ("a.pc2", b"", "breaks off after 0 bytes"),
        ("a.pc2", _LETTER, "no PC2 file"),
        ("a.mdd", b"", "breaks off after 0 bytes"),
        ("a.mdd", struct.pack(">ii", 0, 9), "holds no frames"),
        ("a.abc", _LETTER, "no Alembic file"),
        ("a.abc", b"\x89HDF\r\n\x1a\n" + bytes(90), "old HDF5 kind"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_words(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ShotError, match=words):
        open_points(tmp_path / name)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.6, 0.97])
def test_an_alembic_file_cut_off_is_called_so(share: float, tmp_path: Path) -> None:
    path = write_cache(tmp_path, Format.ABC)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ShotError, match="damaged or cut off"):
        open_points(path)


def test_another_number_of_vertices_is_refused(tmp_path: Path, movie: Path) -> None:
    ingest(request(tmp_path, movie, write_cache(tmp_path)))
    np.save(tmp_path / "short.npy", performance()[:, :-1])
    wrong = request(tmp_path, movie, tmp_path / "short.npy", Role.VALIDATION)
    assert_refused(wrong, f"{NUM_VERTICES - 1} vertices, the actor's topology {NUM_VERTICES}")


def test_another_vertex_order_is_refused(tmp_path: Path, movie: Path) -> None:
    ingest(request(tmp_path, movie, write_cache(tmp_path)))
    np.save(tmp_path / "wrong.npy", performance()[:, np.random.default_rng(5).permutation(NUM_VERTICES)])
    assert_refused(request(tmp_path, movie, tmp_path / "wrong.npy", Role.VALIDATION), "another order")


def test_a_topology_that_changes_over_time_is_refused(tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path, Format.OBJ)
    fourth = sorted(cache.iterdir())[3]
    lines = fourth.read_text("utf-8").splitlines()
    fourth.write_text("\n".join(lines[:-1]) + "\n", "utf-8")
    assert_refused(request(tmp_path, movie, cache), "topology changes")


def test_a_topology_that_changes_in_alembic_is_refused(tmp_path: Path) -> None:
    geometry = pytest.importorskip("alembic3d.AbcGeom", reason="the `formats` extra is not installed")
    abc, imath = pytest.importorskip("alembic3d.Abc"), pytest.importorskip("imath")
    path = tmp_path / "a.abc"

    def write() -> None:
        archive = abc.OArchive(str(path))
        schema = geometry.OPolyMesh(archive.getTop(), "mesh").getSchema()
        for corners in ([0, 1, 2], [0, 1, 3]):
            faces, counts = (imath.IntArrayFromBuffer(np.array(row, np.int32)) for row in (corners, [3]))
            points = imath.V3fArrayFromBuffer(np.zeros((4, 3), np.float32))
            schema.set(geometry.OPolyMeshSchemaSample(points, faces, counts))

    write()
    with pytest.raises(ShotError, match="changes its topology"):
        open_points(path)


def test_a_topology_that_changes_in_usd_is_refused(tmp_path: Path) -> None:
    usd = pytest.importorskip("pxr.Usd", reason="the `formats` extra is not installed")
    path = tmp_path / "a.usda"
    stage = usd.Stage.CreateNew(str(path))
    mesh = pytest.importorskip("pxr.UsdGeom").Mesh.Define(stage, "/mesh")
    for frame, corners in enumerate(([0, 1, 2], [0, 1, 3])):
        mesh.CreatePointsAttr().Set([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], frame)
        mesh.CreateFaceVertexIndicesAttr().Set(corners, frame)
        mesh.CreateFaceVertexCountsAttr().Set([3], frame)
    stage.GetRootLayer().Save()
    with pytest.raises(ShotError, match="changes its topology"):
        open_points(path)


def test_a_hole_in_usd_samples_is_not_interpolated_over(tmp_path: Path) -> None:
    usd = pytest.importorskip("pxr.Usd", reason="the `formats` extra is not installed")
    stage = usd.Stage.CreateNew(str(tmp_path / "a.usda"))
    points = pytest.importorskip("pxr.UsdGeom").Mesh.Define(stage, "/mesh").CreatePointsAttr()
    for frame in (1, 2, 3, 5, 6):
        points.Set([(0, 0, frame)], frame)
    stage.GetRootLayer().Save()
    with pytest.raises(ShotError, match="a hole: after frame 3 comes 5"):
        open_points(tmp_path / "a.usda")


def test_a_sequence_with_a_hole_is_refused(tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path, Format.OBJ)
    sorted(cache.iterdir())[5].unlink()
    assert_refused(request(tmp_path, movie, cache), "has a hole: 6 is missing")


def test_several_meshes_have_to_be_told_apart(tmp_path: Path) -> None:
    usd = pytest.importorskip("pxr.Usd", reason="the `formats` extra is not installed")
    geometry = pytest.importorskip("pxr.UsdGeom")
    stage = usd.Stage.CreateNew(str(tmp_path / "a.usda"))
    for name in ("skin", "teeth"):
        points = geometry.Mesh.Define(stage, f"/{name}").CreatePointsAttr()
        points.Set([(0, 0, 0)], 1)
        points.Set([(0, 0, len(name))], 2)
    stage.GetRootLayer().Save()
    with pytest.raises(ShotError, match="several meshes: /skin, /teeth"):
        open_points(tmp_path / "a.usda")
    assert open_points(tmp_path / "a.usda", "teeth").frame(1)[0, 2] == 5


def test_a_still_mesh_is_refused_as_a_motion(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", performance(1))
    with pytest.raises(ShotError, match="1 mesh, no motion"):
        open_points(tmp_path / "a.npy")


def test_a_pc2_of_half_frames_is_refused(tmp_path: Path) -> None:
    path = write_cache(tmp_path, Format.PC2)
    data = bytearray(path.read_bytes())
    data[24:28] = np.float32(0.5).tobytes()
    path.write_bytes(data)
    with pytest.raises(ShotError, match=r"every 0\.5 frames"):
        open_points(path)


def test_a_cache_without_faces_cannot_begin_a_data_set(tmp_path: Path, movie: Path) -> None:
    error = assert_refused(request(tmp_path, movie, write_cache(tmp_path, Format.MDD)), "carries no faces")
    assert "--topology" in error.recovery


def test_a_missing_library_is_named_with_the_line_that_installs_it(
    tmp_path: Path, movie: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__
    (tmp_path / "a.abc").write_bytes(b"Ogawa")

    def absent(name: str, package: str | None = None) -> object:
        if name.startswith("alembic3d"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name)

    monkeypatch.setattr("engine.optional.importlib.import_module", absent)
    error = assert_refused(request(tmp_path, movie, tmp_path / "a.abc"), "alembic3d, which is not installed")
    assert error.recovery == "Run: pip install 'livedouble[formats]'."


class _FullDisk:
    """A movie writer whose disk fills up at the fourth picture."""

    def __init__(self, writer: MovieWriter) -> None:
        self._write, self._num_done = writer.write, 0

    def __call__(self, image: np.ndarray) -> None:
        self._num_done += 1
        if self._num_done > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._write(image)


def test_a_disk_that_fills_up_leaves_the_data_set_as_it_was(
    tmp_path: Path, movie: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(request(tmp_path, movie, write_cache(tmp_path)))
    manifest = (tmp_path / "data" / DATASET_FILE).read_bytes()
    cache = write_cache(tmp_path, vertices=performance(), timecode="01:00:00:02")
    original = MovieWriter.__enter__

    def enter(writer: MovieWriter) -> MovieWriter:
        writer.write = _FullDisk(writer)  # type: ignore[method-assign]
        return original(writer)

    monkeypatch.setattr(MovieWriter, "__enter__", enter)
    error = assert_refused(request(tmp_path, movie, cache, Role.VALIDATION), "the disk is full")
    assert isinstance(error, StorageError)
    assert (tmp_path / "data" / DATASET_FILE).read_bytes() == manifest
    assert [shot.facts.name for shot in DataSet.open(tmp_path / "data").shots] == ["001_pangrams"]


def test_a_disk_too_small_is_refused_before_anything_is_written(
    tmp_path: Path, movie: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(tmp_path, movie, write_cache(tmp_path))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10_000))
    assert_refused(asked, "disk is full")
    assert not (tmp_path / "data" / DATASET_FILE).exists()


def test_what_a_killed_ingest_left_is_taken_up_again(tmp_path: Path, movie: Path) -> None:
    asked = request(tmp_path, movie, write_cache(tmp_path))
    ingest(asked)
    (tmp_path / "data" / DATASET_FILE).unlink()  # killed between the shot's name and the manifest
    (tmp_path / "data" / "001_pangrams.partial").mkdir()
    assert [shot.facts.name for shot in ingest(asked).shots] == ["001_pangrams"]
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        "001_pangrams",
        "dataset.json",
        "topology.npz",
    ]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, movie: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "letter.txt").write_text("Dear all")
    assert_refused(request(tmp_path, movie, write_cache(tmp_path)), "is no data set and holds letter")
    assert (tmp_path / "data" / "letter.txt").read_text() == "Dear all"


def test_z_up_inches_with_reversed_faces_come_out_right(tmp_path: Path, movie: Path) -> None:
    cache = write_cache(tmp_path, Format.NPZ, placement=Placement(LengthUnit.IN))
    with np.load(cache) as file:
        arrays = dict(file)
    del arrays["unit"], arrays["up"]
    arrays["faces"], arrays["uv_faces"] = arrays["faces"][:, ::-1], arrays["uv_faces"][:, ::-1]
    x, y, z = np.moveaxis(arrays["vertices"], -1, 0)
    arrays["vertices"] = np.stack([x, -z, y], axis=-1)
    np.savez(cache, **arrays)
    data = ingest(request(tmp_path, movie, cache))
    np.testing.assert_allclose(data.shots[0].vertices(), performance(), atol=1e-5)
    np.testing.assert_array_equal(np.sort(data.topology.faces), np.sort(head().faces))
