"""`livedouble convert`: the meshes of a shot or a solved movie in the formats that studios read."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import JsonOption, UsageError, check_can_write, check_is_new, check_results, out, progress
from app.cli.console import write_json as write_report
from engine.errors import StorageError
from engine.space import LengthUnit, UpAxis
from engine.timecode import Timecode
from export.take.formats import Format


def convert(
    shot: Annotated[Path, typer.Argument(metavar="SHOT", help="A shot's folder, or the .npz of a solved movie.")],
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="The result; for obj a new folder.")],
    to: Annotated[Format | None, typer.Option(help="The format; by default what the name of FILE says.")] = None,
    unit: Annotated[LengthUnit, typer.Option(help="Of the coordinates written.")] = LengthUnit.CM,
    up: Annotated[UpAxis, typer.Option(help="Which axis points up in the file.")] = UpAxis.Y,
    start: Annotated[
        str, typer.Option(metavar="FRAME", help="Number of the first frame, or `timecode`: frames since midnight.")
    ] = "1",
    topology: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The actor's topology.npz; by default that of the shot's data set."),
    ] = None,
    json_file: JsonOption = None,
) -> None:
    """Write the meshes of a shot or a solved movie as Alembic, USD, PC2, MDD, OBJ or NumPy arrays.

    Topology, texture coordinates, rate, timecode, unit and axes go along where the format holds them. A file that
    lies there is replaced once the new one is whole; obj wants a new folder.

    Example: livedouble convert data/demo/001_pangrams --to abc --out head.abc
    """
    from export.take.sequence import Placement, open_sequence
    from export.take.write import write_sequence

    kind = to or _by_name(file)
    if kind is Format.OBJ:
        check_is_new(file)
        check_can_write(file)
    check_results(shot if shot.is_file() else None, None if kind is Format.OBJ else file, json_file)
    _check_apart(shot, file, json_file)
    sequence = open_sequence(shot, topology)
    placement = Placement(unit, up, _start_frame(start, sequence.timecode))
    with progress(f"Writing {file.name}", sequence.num_frames) as advance:
        size = write_sequence(file, sequence, kind, placement, advance)
    has_faces = kind not in (Format.PC2, Format.MDD, Format.NPY)
    faces = f"{len(sequence.faces)} triangles" if has_faces and sequence.faces is not None else "positions alone"
    first, last = placement.start_frame, placement.start_frame + sequence.num_frames - 1
    out.print(
        f"{file}: frames {first} to {last} of {sequence.num_vertices} vertices at {float(sequence.rate):g} frames/s"
        f" ({sequence.timecode or 'no timecode'}), {faces}, {unit.value}, {up.value} up, {size / 1e6:.1f} MB.",
        soft_wrap=True,
    )
    if json_file is not None:
        report = {
            "file": str(file), "format": kind.value, "frames": sequence.num_frames, "first_frame": first,
            "vertices": sequence.num_vertices, "rate": [sequence.rate.numerator, sequence.rate.denominator],
            "timecode": str(sequence.timecode or ""), "unit": unit.value, "up": up.value, "bytes": size,
        }  # fmt: skip
        write_report(json_file, report)


def _check_apart(shot: Path, *results: Path | None) -> None:
    """Refuse results among the files of the shot that is read."""
    for path in results:
        if path is not None and shot.is_dir() and path.resolve().is_relative_to(shot.resolve()):
            raise StorageError(f"{path} lies in the shot that is being read.", "Write the result elsewhere.")


def _by_name(file: Path) -> Format:
    suffix = file.suffix.lower().removeprefix(".")
    try:
        return Format("usd" if suffix == "usdc" else suffix)
    except ValueError as error:
        reason = f"{file}: the format {suffix} is not written." if suffix else f"{file} does not say its format."
        raise UsageError(reason, f"Give one with --to: {', '.join(Format)}.") from error


def _start_frame(text: str, timecode: Timecode | None) -> int:
    if text == "timecode":
        if timecode is None:
            raise UsageError("There is no timecode to start from.", "Give the number of the first frame with --start.")
        return timecode.frame_number
    try:
        return int(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is not a frame number.", "Give a whole number, or `timecode`.") from error
