"""A data set of a second: two discs that move over 60x80 pictures, 40 vertices that move with them."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from engine.frames import CropRect
from engine.mesh import Topology
from engine.movies import MovieWriter
from engine.points import PointCacheWriter
from engine.shots import FRONT, TOPOLOGY_FILE, DataSet, Role, Shot, ShotFacts, Viewpoint
from training.config import TrainConfig

NUM_VERTICES = 40
FRAME_WIDTH_PX, FRAME_HEIGHT_PX = 60, 80
CROP = CropRect(6, 8, 48, 64)
INPUT = (24, 32)  # width and height of the tiny network's input
TINY = TrainConfig(
    input_width_px=INPUT[0],
    input_height_px=INPUT[1],
    stages=((6, 6), (8, 8)),
    num_latents=8,
    epochs=4,
    batch_size=5,
    validation_frames=20,
    max_translation=0.04,
    max_rotation_deg=3.0,
    max_zoom=0.04,
    max_brightness=15.0,
    max_contrast=0.15,
)


def tiny_topology() -> Topology:
    """Two rows of triangles."""
    angles = np.linspace(0, 2 * np.pi, NUM_VERTICES, endpoint=False)
    neutral = np.stack([5 * np.cos(angles), 5 * np.sin(angles), np.sin(3 * angles)], axis=1).astype(np.float32)
    first = np.arange(NUM_VERTICES - 2, dtype=np.int32)
    faces = np.stack([first, first + 1, first + 2], axis=1)
    uv = (neutral[:, :2] / 10 + 0.5).astype(np.float32)
    sets = {"animated": np.arange(4, NUM_VERTICES, dtype=np.int32), "lips": np.arange(10, 20, dtype=np.int32)}
    return Topology(faces, uv, faces.copy(), neutral, sets)


def tiny_pose(phase: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture [80, 60] uint8 and the vertices [40, 3] float32 cm of one moment."""
    across, open_ = np.sin(phase), 0.5 + 0.5 * np.sin(2.3 * phase + 1)
    picture = np.full((FRAME_HEIGHT_PX, FRAME_WIDTH_PX), 70, np.uint8)
    cv2.circle(picture, (round(30 + 12 * across), 26), 7, 220, -1)
    cv2.ellipse(picture, (30, 54), (12, round(2 + 9 * open_)), 0, 0, 360, 10, -1)
    neutral = tiny_topology().neutral
    vertices = neutral.copy()
    vertices[:20, 0] += 0.8 * across
    vertices[20:, 1] -= 1.2 * open_ * np.hanning(20)
    return picture, vertices.astype(np.float32)


def write_tiny_data(folder: Path, num_frames: int = 40) -> DataSet:
    """Two training shots of `num_frames` and a validation shot of half as many."""
    folder.mkdir(parents=True)
    tiny_topology().save(folder / TOPOLOGY_FILE)
    shots = (
        ("a", Role.RANGE_OF_MOTION, num_frames, 0.0),
        ("b", Role.EXPRESSIONS, num_frames, 9.0),
        ("v", Role.VALIDATION, num_frames // 2, 33.0),
    )
    for name, role, count, phase in shots:
        shot = folder / name
        shot.mkdir()
        with (
            MovieWriter(shot / "front.mp4", FRAME_WIDTH_PX, FRAME_HEIGHT_PX, Fraction(30), is_gray=True) as movie,
            PointCacheWriter(shot / "points.pc2", NUM_VERTICES) as points,
        ):
            for index in range(count):
                picture, vertices = tiny_pose(phase + 0.23 * index)
                movie.write(picture)
                points.write(vertices)
        facts = ShotFacts(name, role, count, NUM_VERTICES, (30, 1), "01:00:00:00", {FRONT: "front.mp4"}, "points.pc2")
        Shot.write_facts(shot, facts)
    viewpoint = Viewpoint(CROP, FRAME_WIDTH_PX, FRAME_HEIGHT_PX)
    DataSet.write_manifest(folder, "tiny", {FRONT: viewpoint}, [shot[0] for shot in shots])
    return DataSet.open(folder)
