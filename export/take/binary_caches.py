"""PC2 (little-endian) and MDD (big-endian): positions alone, as Maya, Blender, Houdini and Cinema 4D read them."""

import struct
from pathlib import Path

import numpy as np

from engine.points import PointCacheWriter
from export.take.sequence import MeshSequence, Placement


def write_pc2(path: Path, sequence: MeshSequence, placement: Placement) -> None:
    """Write a `.pc2`; its start is the number of the first frame."""
    with PointCacheWriter(path, sequence.num_vertices, float(placement.start_frame)) as points:
        for index in range(sequence.num_frames):
            points.write(placement.place(sequence.frame(index)))


def write_mdd(path: Path, sequence: MeshSequence, placement: Placement) -> None:
    """Write an `.mdd`; its times are seconds, frame number by rate."""
    numbers = placement.start_frame + np.arange(sequence.num_frames)
    with path.open("wb") as file:
        file.write(struct.pack(">ii", sequence.num_frames, sequence.num_vertices))
        file.write((numbers / float(sequence.rate)).astype(">f4").tobytes())
        for index in range(sequence.num_frames):
            file.write(placement.place(sequence.frame(index)).astype(">f4").tobytes())
