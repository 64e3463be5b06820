"""`livedouble judge`: is a double as good as the face tracker that taught it?"""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from app.cli.bootstrap_steps import ModelOption, in_steps
from app.cli.console import JsonOption, UsageError, actor_folder, check_can_write, resumable


def judge(
    folder: Annotated[Path, typer.Argument(metavar="WORK", help="The working folder of `livedouble fit`.")],
    actor: Annotated[str, typer.Option("--actor", metavar="ACTOR", help="The double's folder.")],
    mediapipe_model: ModelOption = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all cores.")] = None,
    json: JsonOption = None,
) -> None:
    """Measure a double on the frames held out from it: report, figures and an overlay movie to look at.

    The last step of `livedouble bootstrap`.

    Example: livedouble judge runs/me --actor actors/me
    """
    if json is not None:
        check_can_write(json)
    from app.cli.bootstrap_report import measure_and_tell
    from engine.shots import DATASET_FILE, DataSet
    from training.bootstrap.work import Work, fit_work

    work = Work.open(folder)
    if not (work.data_folder / DATASET_FILE).is_file():
        raise UsageError(f"{folder} has no data set yet.", f"Run: livedouble fit {folder}.")
    with work.claimed(), resumable():
        data = DataSet.open(work.data_folder)
        with ExitStack() as stack:
            head, fits = fit_work(work, data.actor, in_steps(stack))
        measure_and_tell(work, head, fits, data, actor_folder(actor), mediapipe_model, threads, json)
