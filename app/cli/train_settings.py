"""What the options of `livedouble train` mean as a training's settings."""

from enum import StrEnum

from app.cli.console import UsageError
from training.config import PAPER_STAGES, STAGE_VARIATIONS, Stages
from training.variation import FIXED, NO_AMOUNTS, Amounts


class DeviceName(StrEnum):
    """What computes the training."""

    CPU = "cpu"
    CUDA = "cuda"


class NetworkName(StrEnum):
    """How a picture becomes numbers."""

    CONVOLUTIONAL = "convolutional"
    FULLY_CONNECTED = "fully-connected"

    @property
    def setting(self) -> str:
        """As the settings have it."""
        return self.value.replace("-", "_")


class StagesName(StrEnum):
    """The convolutional network's variations in the paper's section 5.1."""

    PAPER = "paper"
    HALF = "half"
    DOUBLE = "double"
    NO_STRIDE_1 = "no-stride-1"
    MORE_STRIDE_1 = "more-stride-1"

    @property
    def setting(self) -> Stages:
        """Channels of each stage's convolutions."""
        return PAPER_STAGES if self is StagesName.PAPER else STAGE_VARIATIONS[self.value](PAPER_STAGES)


class AugmentName(StrEnum):
    """How much training pictures are changed, in the ways that helped the paper."""

    NONE = "none"
    FIXED = "fixed"
    MEASURED = "measured"

    @property
    def setting(self) -> Amounts | None:
        """The amounts; None where they are measured from the data."""
        if self is AugmentName.NONE:
            return NO_AMOUNTS
        return FIXED if self is AugmentName.FIXED else None


def parse_views(text: str) -> tuple[str, ...]:
    """Cameras as people write them, `front,side`.

    Raises:
        UsageError: One has no name.
    """
    views = tuple(name.strip() for name in text.split(","))
    if not all(views):
        raise UsageError(f"'{text}' is no list of cameras.", "Give their names, for example --views front,side.")
    return views


def parse_regions(texts: list[str]) -> tuple[tuple[str, float], ...]:
    """Regions and weights as people write them, `lips=3`.

    Raises:
        UsageError: One is not a name and a number.
    """
    regions = []
    for text in texts:
        name, _, weight = text.partition("=")
        try:
            regions.append((name.strip(), float(weight)))
        except ValueError as error:
            raise UsageError(
                f"'{text}' is no region with its weight.", "Give a name and a number, for example --region lips=3."
            ) from error
    return tuple(regions)
