"""Whether a PNG file is whole: libpng finds it out as well, but says so on the terminal by itself."""

import struct
import zlib
from pathlib import Path

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")  # bytes of its data, kind; data and a checksum of kind and data follow
_LAST = b"IEND"


def png_trouble(path: Path) -> str | None:
    """What is wrong with the file, a few words; None where every chunk is there with its right checksum."""
    data = memoryview(path.read_bytes())
    if bytes(data[: len(_SIGNATURE)]) != _SIGNATURE:
        return "it is no PNG file" if len(data) >= len(_SIGNATURE) else "it breaks off"
    place = len(_SIGNATURE)
    while place + _CHUNK.size + 4 <= len(data):
        size, kind = _CHUNK.unpack_from(data, place)
        end = place + _CHUNK.size + size
        if end + 4 > len(data):
            break
        if zlib.crc32(data[place + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            return "its checksum is wrong"
        if kind == _LAST:
            return None
        place = end + 4
    return "it breaks off"
