"""What the options of `livedouble train` mean as a training's settings."""

from enum import StrEnum

from app.cli.console import UsageError
from training.config import PAPER_STAGES
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
    def setting(self) -> tuple[tuple[int, ...], ...]:
        """Channels of each stage's convolutions."""
        if self is StagesName.HALF:
            return tuple(tuple(width // 2 for width in stage) for stage in PAPER_STAGES)
        if self is StagesName.DOUBLE:
            return tuple(tuple(2 * width for width in stage) for stage in PAPER_STAGES)
        if self is StagesName.NO_STRIDE_1:
            return tuple(stage[:1] for stage in PAPER_STAGES)
        if self is StagesName.MORE_STRIDE_1:
            return tuple((*stage, stage[-1]) for stage in PAPER_STAGES)
        return PAPER_STAGES


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
