"""A data set of a talking drawn face, whose head is never twice in the same place."""

from fractions import Fraction

import cv2
import numpy as np

from engine.drawn_face import draw_face
from engine.frames import CropRect
from engine.movies import MovieWriter
from engine.points import PointCacheWriter
from engine.shots import FRONT, TOPOLOGY_FILE, DataSet, Role, Shot, ShotFacts, Viewpoint
from tests.training.tiny_data import NUM_VERTICES, tiny_topology

FACE_CROP, FACE_FRAME = CropRect(30, 40, 180, 240), (240, 320)


def write_faces(folder, num_frames=12):
    folder.mkdir(parents=True)
    tiny_topology().save(folder / TOPOLOGY_FILE)
    random = np.random.default_rng(5)
    shots = (("a", Role.RANGE_OF_MOTION, num_frames), ("v", Role.VALIDATION, num_frames // 2))
    for name, role, count in shots:
        shot = folder / name
        shot.mkdir()
        with (
            MovieWriter(shot / "front.mp4", *FACE_FRAME, Fraction(30), is_gray=True, crf=12) as movie,
            PointCacheWriter(shot / "points.pc2", NUM_VERTICES) as points,
        ):
            for _ in range(count):
                opening = random.uniform()
                face = draw_face(np.full(FACE_FRAME[::-1], 60, np.uint8), FACE_CROP)
                cv2.ellipse(face, (120, 212), (20, round(3 + 9 * opening)), 0, 0, 360, 20, -1)
                move = cv2.getRotationMatrix2D((120, 160), random.uniform(-5, 5), 1.0)
                move[:, 2] += random.uniform(-9, 9, 2)
                movie.write(cv2.warpAffine(face, move, FACE_FRAME, borderMode=cv2.BORDER_REPLICATE))
                vertices = tiny_topology().neutral.copy()
                vertices[20:, 1] -= 1.2 * opening
                points.write(vertices)
        facts = ShotFacts(name, role, count, NUM_VERTICES, (30, 1), "01:00:00:00", {FRONT: "front.mp4"}, "points.pc2")
        Shot.write_facts(shot, facts)
    DataSet.write_manifest(folder, "faces", {FRONT: Viewpoint(FACE_CROP, *FACE_FRAME)}, [shot[0] for shot in shots])
    return DataSet.open(folder)
