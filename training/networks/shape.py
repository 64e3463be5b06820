"""What fixes the size of every weight of a network."""

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from training.config import TrainConfig


class Kind(StrEnum):
    """How a picture becomes features."""

    CONVOLUTIONAL = "convolutional"  # Laine et al. 2017, section 3
    FULLY_CONNECTED = "fully_connected"  # its appendix B


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """Sizes.

    Args:
        kind: Of the encoder.
        input_width_px: Of each view's crop.
        input_height_px: Likewise.
        num_views: Cameras that see the face at the same time.
        stages: Channels of the 3x3 convolutions; the first of each stage halves the picture.
        image_components: Coefficients of the picture that the fully connected network starts from.
        hidden: Its hidden layers.
        num_latents: Columns of the output basis.
        num_vertices: V.
        dropout: Probability.
        view_dropout: Probability that training hides a view, where there are several.
        has_errors: Whether it also foretells each vertex's error.
    """

    kind: Kind
    input_width_px: int
    input_height_px: int
    num_views: int
    stages: tuple[tuple[int, ...], ...]
    image_components: int
    hidden: tuple[int, ...]
    num_latents: int
    num_vertices: int
    dropout: float
    view_dropout: float
    has_errors: bool

    @classmethod
    def of(cls, config: TrainConfig, num_latents: int, num_vertices: int) -> "NetworkShape":
        """The shape a training's settings ask for."""
        return cls(
            kind=Kind(config.network),
            input_width_px=config.input_width_px,
            input_height_px=config.input_height_px,
            num_views=len(config.views),
            stages=config.stages,
            image_components=config.image_components,
            hidden=config.hidden,
            num_latents=num_latents,
            num_vertices=num_vertices,
            dropout=config.dropout,
            view_dropout=config.view_dropout,
            has_errors=config.has_uncertainty,
        )

    def to_json(self) -> str:
        """What `from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "NetworkShape":
        """Read what `to_json` wrote.

        Raises:
            TypeError: It is of another version.
        """
        shape = cls(**json.loads(text))
        stages = tuple(tuple(stage) for stage in shape.stages)
        return replace(shape, kind=Kind(shape.kind), stages=stages, hidden=tuple(shape.hidden))

    @property
    def map_size(self) -> tuple[int, int]:
        """Width and height of what leaves the convolutions: 4 x 5 in the paper's network."""
        width, height = self.input_width_px, self.input_height_px
        for _ in self.stages:
            width, height = (width + 1) // 2, (height + 1) // 2
        return width, height
