"""`livedouble quantise`: an actor's network in 8 bits, added where it solves as well."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import JsonOption, UsageError, actor_folder, check_can_write, err, out, progress, write_json

if TYPE_CHECKING:
    from engine.bundle import Int8Facts
    from engine.shots import DataSet


def quantise(
    actor: Annotated[str, typer.Argument(metavar="ACTOR", help="The actor's folder.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="The data set that the actor was trained on.")],
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where decoded crops are kept; by default DIR/.crops.")
    ] = None,
    json: JsonOption = None,
) -> None:
    """Add the network in 8 bits to an actor, to be asked for with --precision int8.

    It is calibrated on the data set's training shots and compared with the network in float32 on every validation
    frame. Where the worst vertex moves by 0.5 mm or more, or the RMSE grows by 3 % or more, the actor stays as it was.

    Example: livedouble quantise actors/me --data data/me
    """
    if json is not None:
        check_can_write(json)
    from engine.shots import DataSet

    dataset = DataSet.open(data)
    if actor == "demo":
        raise UsageError("The demo actor stays as it came.", f"Copy {actor_folder(actor)}, and quantise the copy.")
    _note_other_data(actor_folder(actor), dataset)
    cost = quantise_and_tell(actor_folder(actor), dataset, cache or dataset.folder / ".crops")
    if json is not None:
        write_json(json, {"actor": actor, **asdict(cost)})


def _note_other_data(folder: Path, data: "DataSet") -> None:
    from engine.bundle import ActorBundle
    from training.run_folder import data_checksum

    learned_from = ActorBundle.open(folder).training.get("data_checksum")
    if learned_from not in (None, data_checksum(data)):
        err.print(
            f"{data.folder} is not, or not all of, what {folder} learned from: calibration may lack its rare faces.",
            soft_wrap=True,
        )


def quantise_and_tell(folder: Path, data: "DataSet", cache: Path) -> "Int8Facts":
    """Add it and say what it costs.

    Raises:
        LiveDoubleError: It costs too much, or something is missing; the actor is as it was.
    """
    from engine.bundle import INT8_FILE, ActorBundle
    from export.network.int8 import add_int8, read_movies

    bundle = ActorBundle.open(folder)
    with progress("reading movies", sum(shot.facts.num_frames for shot in data.shots)) as advance:
        read_movies(bundle, data, cache, lambda *_: advance(1))
    err.print(f"Putting {folder} into 8 bits …", soft_wrap=True)
    with progress("measuring in int8", sum(shot.facts.num_frames for shot in data.validation)) as advance:
        cost = add_int8(bundle, data, cache, progress=advance).int8
    if cost is None:
        raise ValueError("the actor was opened again without its network in int8")
    size_mb = (folder / INT8_FILE).stat().st_size / 1e6
    out.print(
        f"{folder / INT8_FILE}: {size_mb:.1f} MB; {cost.rms_mm:.4f} mm rms and {cost.worst_mm:.3f} mm at the worst"
        f" vertex from float32, RMSE {100 * cost.rmse_growth:+.2f} %, on {cost.num_frames} validation frames.",
        soft_wrap=True,
    )
    return cost
