"""What `torchrun` starts in a test: a training of the tiny network. Arguments: data set, run folder."""

import sys
from dataclasses import replace
from pathlib import Path

from engine.shots import DataSet
from tests.training.tiny_data import TINY
from training.device import choose_compute
from training.loop import train
from training.team import assembled
from training.watch import Watch


def main(data: Path, run: Path) -> None:
    config = replace(TINY, dropout=0.0, batch_size=8, velocity_weight=0.3, epochs=2)
    with assembled("cpu") as team:
        # In float32 everywhere: bfloat16 would round half a batch otherwise than a whole one.
        compute = replace(choose_compute("cpu", 1, team=team), is_bfloat16=False)
        tell = sys.stdout.write
        watch = Watch(lambda line: tell(f"{line}\n"), lambda *_: None, lambda _: None, lambda: False)
        outcome = train(DataSet.open(data), config, run, compute, data / ".crops", watch, team)
        if team.is_first:
            tell(f"{team.size} processes, {outcome.state.step} steps\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
