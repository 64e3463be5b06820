"""`livedouble actors`: who can be filmed."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.console import STDOUT, JsonOption, check_can_write, out, progress, write_json
from engine.errors import LiveDoubleError

if TYPE_CHECKING:
    from training.actor.identity import Identity

_SHEET_FILE = "actors.png"
_SHEET_PX, _CARD_PX = (300, 380), (440, 560)  # width and height of a picture
_SHEET_SKIN_PX, _CARD_SKIN_PX = 1024, 2048


def actors(
    actor: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this one; may be given several times.")
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(min=0, metavar="N", help="The actor that this number draws; may be given several times."),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Make a picture: a sheet of all, or a card with the expressions of one."),
    ] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Painters side by side; by default all cores.")] = None,
    json_file: JsonOption = None,
) -> None:
    """List the virtual actors, and picture them.

    Any whole number is an actor too: it draws a head, always the same. `--json -` writes to the standard output.

    Example: livedouble actors --sheet actors.png
    """
    from training.actor.identity import ACTORS, identity_of

    chosen = [identity_of(name) for name in [*(actor or ()), *map(str, seed or ())]] or list(ACTORS)
    if sheet is not None:
        sheet = sheet / _SHEET_FILE if sheet.is_dir() else sheet
        check_can_write(sheet)
    if json_file is not None:
        write_json(json_file, [_facts(identity) for identity in chosen])
    if json_file != STDOUT:
        _tell(chosen)
    if sheet is not None:
        _picture(chosen, sheet, processes or os.cpu_count() or 1)
        out.print(f"{escape(str(sheet))} written.", soft_wrap=True)


def _facts(identity: "Identity") -> dict[str, Any]:
    return {
        "name": identity.name,
        "sex": identity.sex,
        "age": identity.age_years,
        "description": identity.description,
        "seed": identity.seed,
    }


def _tell(chosen: "list[Identity]") -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("age", justify="right")
    table.add_column("sex", no_wrap=True)
    table.add_column("description")
    for identity in chosen:
        table.add_row(identity.name, str(identity.age_years), identity.sex, identity.description)
    out.print(table)


def _picture(chosen: "list[Identity]", path: Path, num_processes: int) -> None:
    try:
        from app.actor_sheet import Portrayed, save_card, save_sheet
    except ImportError as error:
        raise LiveDoubleError(
            f"Qt cannot be loaded ({error}).", "`make system` installs the system libraries it needs, or names them."
        ) from error
    from training.actor.portrait import EXPRESSIONS, FIRST_LOOK, portray

    is_card = len(chosen) == 1
    stills, size_px = (EXPRESSIONS, _CARD_PX) if is_card else (FIRST_LOOK, _SHEET_PX)
    skin_px = _CARD_SKIN_PX if is_card else _SHEET_SKIN_PX
    with progress("painting", len(chosen)) as advance:
        pictures = portray(chosen, stills, *size_px, skin_px, num_processes=num_processes, progress=advance)
    captions = [still.caption for still in stills]
    portrayed = [
        Portrayed(who.name, f"{who.sex}, {who.age_years}", who.description, taken, captions)
        for who, taken in zip(chosen, pictures, strict=True)
    ]
    if is_card:
        save_card(portrayed[0], path)
    else:
        save_sheet(portrayed, path)
