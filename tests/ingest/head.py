"""A head of 178 vertices that opens its jaw, and movies of a bar that moves, in whatever form a test asks for."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange

from engine.frames import CropRect
from engine.mesh import Topology
from engine.shots import Role
from engine.timecode import Timecode
from export.take.sequence import MeshSequence, Placement
from export.take.write import Format, write_sequence
from training.ingest.plan import IngestRequest

NUM_FRAMES = 10
WIDTH_PX, HEIGHT_PX = 96, 128  # x265 of today breaks its heap on pictures under 64
RATE = Fraction(30)
CODE = "01:00:00:00"
BLUE = (slice(104, 120), slice(4, 20), 2)  # rows, columns and channel of a patch away from the bar
_RINGS, _SPOKES = 11, 16


def head() -> Topology:
    """24 cm high, 16 wide, 20 deep, with a nose; closed, counter-clockwise."""
    tilt = np.pi * np.arange(1, _RINGS + 1) / (_RINGS + 1)
    turn = 2 * np.pi * np.arange(_SPOKES) / _SPOKES
    ring = np.stack(np.broadcast_arrays(
        np.sin(tilt)[:, None] * np.sin(turn), np.cos(tilt)[:, None], np.sin(tilt)[:, None] * np.cos(turn)
    ), axis=-1).reshape(-1, 3)  # fmt: skip
    neutral = np.concatenate([ring, [[0, 1, 0], [0, -1, 0]]]) * [8, 12, 10]
    neutral[5 * _SPOKES] += [0.2, -0.5, 2.5]
    top, bottom = len(ring), len(ring) + 1
    faces = []
    for spoke in range(_SPOKES):
        after = (spoke + 1) % _SPOKES
        faces.append([top, spoke, after])
        faces.append([bottom, (_RINGS - 1) * _SPOKES + after, (_RINGS - 1) * _SPOKES + spoke])
        for low in range(0, (_RINGS - 1) * _SPOKES, _SPOKES):
            faces += [[low + spoke, low + _SPOKES + spoke, low + after]]
            faces += [[low + after, low + _SPOKES + spoke, low + _SPOKES + after]]
    triangles = np.array(faces, np.int32)
    uv = (neutral[:, :2] / 30 + 0.5).astype(np.float32)
    return Topology(triangles, uv, triangles.copy(), neutral.astype(np.float32), {})


NUM_VERTICES = head().num_vertices
JAW = np.flatnonzero((head().neutral[:, 1] < -4) & (head().neutral[:, 2] > 0))


def performance(num_frames: int = NUM_FRAMES) -> np.ndarray:
    """[N, V, 3] float32 cm: the jaw opens by 2 cm and closes."""
    vertices = np.repeat(head().neutral[None], num_frames, axis=0)
    vertices[:, JAW, 1] -= (np.sin(np.linspace(0, 3, num_frames)) * 2)[:, None].astype(np.float32)
    return vertices


def sequence(vertices: np.ndarray, *, timecode: str | None = CODE, rate: Fraction = RATE) -> MeshSequence:
    """Meshes with the head's faces."""
    topology = head()
    return MeshSequence(
        "head", len(vertices), vertices.shape[1], lambda index: vertices[index], rate,
        Timecode.parse(timecode, rate) if timecode else None, topology.faces, topology.uv, topology.uv_faces,
    )  # fmt: skip


def write_cache(
    folder: Path, kind: Format = Format.NPZ, vertices: np.ndarray | None = None, placement: Placement | None = None,
    *, timecode: str | None = CODE, rate: Fraction = RATE,
) -> Path:  # fmt: skip
    """A point cache of the performance; returns its path."""
    path = folder / ("cache" if kind is Format.OBJ else f"cache.{kind.value}")
    meshes = sequence(performance() if vertices is None else vertices, timecode=timecode, rate=rate)
    write_sequence(path, meshes, kind, placement or Placement(), lambda _: None)
    return path


def picture(index: int) -> np.ndarray:
    """[128, 96] float from 0 to 1: a ramp, and a bright bar at a place that tells the index."""
    levels = np.tile(np.linspace(0.1, 0.6, WIDTH_PX), (HEIGHT_PX, 1))
    levels[8 * index % HEIGHT_PX : 8 * index % HEIGHT_PX + 8] = 0.9
    return levels


def write_movie(
    path: Path, num_frames: int = NUM_FRAMES, *, timecode: str | None = CODE, rate: Fraction = RATE,
    codec: str = "libx264", pixel_format: str = "gray", options: dict[str, str] | None = None,
    size: tuple[int, int] = (WIDTH_PX, HEIGHT_PX), is_colour: bool = False,
) -> Path:  # fmt: skip
    """A movie of the bar; in colour with a blue patch."""
    with av.open(str(path), "w") as container:
        chosen = {"crf": "4", "x265-params": "log-level=none"} if codec.startswith("libx26") else {}
        stream = container.add_stream(codec, rate=rate, options=options or chosen)
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        if pixel_format.startswith("gray"):
            stream.codec_context.color_range = ColorRange.JPEG
        if timecode:
            stream.metadata["timecode"] = timecode
        for index in range(num_frames):
            levels = np.resize(picture(index), size[::-1]) if size != (WIDTH_PX, HEIGHT_PX) else picture(index)
            colour = np.repeat((levels * 65535).astype(np.uint16)[..., None], 3, axis=2)
            if is_colour:
                colour[BLUE] += 26000
            frame = av.VideoFrame.from_ndarray(colour, format="rgb48le")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def request(folder: Path, video: Path, points: Path, role: Role = Role.PANGRAMS, **changes: object) -> IngestRequest:
    """An ingest of one front camera into `folder / "data"`."""
    values: dict[str, object] = {"crops": {"front": CropRect(0, 0, WIDTH_PX, HEIGHT_PX)}, **changes}
    return IngestRequest(folder / "data", {"front": video}, points, role, **values)  # type: ignore[arg-type]
