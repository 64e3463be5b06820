import json
import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ShotError
from engine.frames import CropRect
from engine.mesh import Topology, VertexNormals, distances_mm, rmse_mm
from engine.movies import MovieWriter
from engine.points import PACKED_STEP_CM, PointCacheWriter, pack_points, read_points
from engine.shots import SHOT_FILE, TOPOLOGY_FILE, DataSet, Role, Shot, ShotFacts, Viewpoint

RNG = np.random.default_rng(2)
FRAMES, VERTICES = 6, 12


def tetrahedron() -> Topology:
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)
    neutral = np.zeros((VERTICES, 3), np.float32)
    neutral[:4] = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    return Topology(faces, np.zeros((VERTICES, 2), np.float32), faces, neutral, {"animated": np.arange(4)})


def make_shot(
    folder: Path, num_frames: int = FRAMES, num_pictures: int = FRAMES, size: tuple[int, int] = (48, 64)
) -> Path:
    folder.mkdir(parents=True)
    with MovieWriter(folder / "front.mp4", *size, Fraction(30), is_gray=True) as movie:
        for _ in range(num_pictures):
            movie.write(np.zeros(size[::-1], np.uint8))
    with PointCacheWriter(folder / "points.pc2", VERTICES) as points:
        for _ in range(FRAMES):
            points.write(RNG.normal(size=(VERTICES, 3)).astype(np.float32))
    facts = ShotFacts(
        folder.name, Role.VALIDATION, num_frames, VERTICES, (30, 1), "01:00:00:00", {"front": "front.mp4"}, "points.pc2"
    )
    Shot.write_facts(folder, facts)
    return folder


def make_data(folder: Path, **shot: object) -> Path:
    make_shot(folder / "a", **shot)  # type: ignore[arg-type]
    tetrahedron().save(folder / TOPOLOGY_FILE)
    DataSet.write_manifest(folder, "nobody", {"front": Viewpoint(CropRect(0, 0, 48, 64), 48, 64)}, ["a"])
    return folder


def test_a_point_cache_gives_back_every_coordinate(tmp_path: Path) -> None:
    vertices = RNG.normal(0, 8, (FRAMES, VERTICES, 3)).astype(np.float32)
    with PointCacheWriter(tmp_path / "a.pc2", VERTICES) as points:
        for frame in vertices:
            points.write(frame)
    np.testing.assert_array_equal(read_points(tmp_path / "a.pc2"), vertices)
    header = (tmp_path / "a.pc2").read_bytes()[:32]
    assert header[:12] == b"POINTCACHE2\0"
    assert int.from_bytes(header[28:32], "little") == FRAMES


def test_a_packed_cache_is_within_half_a_step_over_a_thousand_frames(tmp_path: Path) -> None:
    vertices = np.cumsum(RNG.normal(0, 0.02, (1000, VERTICES, 3)), axis=0).astype(np.float32)
    pack_points(tmp_path / "a.npz", vertices)
    assert np.abs(read_points(tmp_path / "a.npz") - vertices).max() <= PACKED_STEP_CM / 2 + 1e-5


def test_a_cache_whose_writing_was_cut_off_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "a.pc2"
    points = PointCacheWriter(path, VERTICES)
    points.write(np.zeros((VERTICES, 3), np.float32))
    points._file.flush()  # a kill comes before close
    with pytest.raises(ShotError, match="not whole"):
        read_points(path)
    points.close()
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ShotError, match="not whole"):
        read_points(path)


def test_a_whole_data_set_opens_with_its_shots_by_role(tmp_path: Path) -> None:
    data = DataSet.open(make_data(tmp_path / "data"))
    assert [shot.facts.name for shot in data.validation] == ["a"]
    assert data.training == ()
    assert data.front.crop == CropRect(0, 0, 48, 64)
    assert str(data.shots[0].timecode) == "01:00:00:00"
    np.testing.assert_array_equal(data.topology.sets["animated"], np.arange(4))


@pytest.mark.parametrize(
    ("shot", "words"),
    [
        ({"num_frames": FRAMES + 1, "num_pictures": FRAMES + 1}, "point cache holds 6"),
        ({"num_pictures": FRAMES - 1}, "movie holds 5"),
        ({"size": (32, 64)}, "is 32x64"),
    ],
)
def test_parts_that_disagree_are_refused_when_opened(tmp_path: Path, shot: dict[str, object], words: str) -> None:
    with pytest.raises(ShotError, match=words):
        DataSet.open(make_data(tmp_path / "data", **shot))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": 1}', '{"schema": 1, "role": "dancing", "rate": [30, 1]}'])
def test_facts_that_are_not_a_shots_are_refused(tmp_path: Path, text: str) -> None:
    folder = make_shot(tmp_path / "a")
    (folder / SHOT_FILE).write_text(text)
    with pytest.raises(ShotError):
        Shot.open(folder)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_shot_with_a_damaged_movie_is_named_with_a_way_out(tmp_path: Path, is_there: bool) -> None:
    # "Give a movie file such as MP4" was once the advice.
    movie = make_shot(tmp_path / "a") / "front.mp4"
    if is_there:
        movie.write_bytes(movie.read_bytes()[:99])
    else:
        movie.unlink()
    with pytest.raises(ShotError, match=f"The shot {tmp_path / 'a'} is damaged: .*front.mp4") as refused:
        Shot.open(tmp_path / "a")
    assert "a shoot makes its damaged shots anew" in refused.value.recovery


def test_another_schema_is_named(tmp_path: Path) -> None:
    folder = make_shot(tmp_path / "a")
    facts = json.loads((folder / SHOT_FILE).read_text())
    (folder / SHOT_FILE).write_text(json.dumps({**facts, "schema": 7}))
    with pytest.raises(ShotError, match="schema 7"):
        Shot.open(folder)


def test_normals_are_unit_and_point_outwards() -> None:
    topology = tetrahedron()
    normals = VertexNormals(topology.faces, VERTICES)(topology.neutral)
    outwards = topology.neutral[:4] - topology.neutral[:4].mean(0)
    assert (np.einsum("ij,ij->i", normals[:4], outwards) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(normals[:4], axis=1), 1, atol=1e-6)
    assert np.isfinite(normals).all(), "vertices of no face have no direction, but numbers all the same"


def test_rmse_is_the_papers_over_euclidean_distances() -> None:
    truth = RNG.normal(size=(5, VERTICES, 3)).astype(np.float32)
    vertices = truth + np.float32([0.03, 0.04, 0.0])
    assert rmse_mm(distances_mm(vertices, truth)) == pytest.approx(0.5, rel=1e-3)
    mse_cm2 = 0.0028
    assert np.sqrt(3 * mse_cm2) * 10 == pytest.approx(0.92, abs=0.005), "the paper's loss and millimetres agree"


@pytest.mark.parametrize(
    "change",
    [{"faces": np.array([[0, 1, 99]])}, {"neutral": np.full((VERTICES, 3), np.nan)}, {"sets": {"x": np.array([-1])}}],
)
def test_a_topology_that_points_nowhere_is_refused(change: dict[str, object]) -> None:
    base = tetrahedron()
    values = {"faces": base.faces, "uv": base.uv, "uv_faces": base.uv_faces, "neutral": base.neutral} | change
    if "faces" in change:
        values["uv_faces"] = base.uv_faces[:1]
    with pytest.raises(ValueError, match=r"outside|finite"):
        Topology(**values)  # type: ignore[arg-type]


def test_errors_cross_processes_with_reason_and_recovery() -> None:
    error = pickle.loads(pickle.dumps(ShotError("It broke.", "Mend it.")))
    assert isinstance(error, ShotError)
    assert (error.reason, error.recovery, str(error)) == ("It broke.", "Mend it.", "It broke. Mend it.")
