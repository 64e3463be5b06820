"""`livedouble fit`: put the mesh on what was tracked, and make a data set of it."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from app.cli.bootstrap_steps import in_steps, teach_to_find_the_head, tell_left_out
from app.cli.console import JsonOption, check_can_write, err, out, resumable, write_json

# The settings of `training.bootstrap.recipe`, which a test holds against this.
AS_BOOTSTRAP = (
    "--self-stabilised --from demo --new-face --learning-rate 1e-4 --augment fixed --region brows=20 --region lids=4"
    " --batch 16 --minutes 20"
)


def fit(
    folder: Annotated[Path, typer.Argument(metavar="WORK", help="The working folder of `livedouble track`.")],
    name: Annotated[str, typer.Option(help="The double's name.")] = "me",
    json: JsonOption = None,
) -> None:
    """Find the person's head, lens, and the expression of every frame; gather the skin; write a data set.

    The second step of `livedouble bootstrap`; `livedouble train WORK/data` is the next.

    Example: livedouble fit runs/me --name anna
    """
    if json is not None:
        check_can_write(json)
    import numpy as np

    from training.bootstrap.work import Work, fit_work, write_data

    work = Work.open(folder)
    with work.claimed(), resumable(), ExitStack() as stack:
        start = in_steps(stack)
        head, fits = fit_work(work, name, start)
        tell_left_out(work, fits)
        data = write_data(work, head, fits, start)
        stack.close()
        teach_to_find_the_head(work, head, fits, data, None)
    errors = np.concatenate([one.errors for one in fits.values()])
    reprojection = 100 * float(np.nanmean(errors))
    used = sum(int(one.doubted.is_used.sum()) for one in fits.values())
    out.print(
        f"{used} frames on the mesh, {reprojection:.2f} % of the distance between the eyes from what was tracked;"
        f" focal length {head.camera.focal_px:.0f} pixels.",
        soft_wrap=True,
    )
    if json is not None:
        write_json(json, {
            "actor": name, "num_used": used, "reprojection_percent": reprojection,
            "focal_px": head.camera.focal_px, "data": str(data.folder), "num_shots": len(data.shots),
        })  # fmt: skip
    err.print(f"Next: livedouble train {data.folder} --out {work.run_folder} {AS_BOOTSTRAP}", soft_wrap=True)
