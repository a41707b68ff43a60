"""The sampling settings, declared once: recipes, command line, evaluation and records take them from here."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..io.errors import InputError

# What a sample does not depend on: not among the settings that are noted beside the responses.
SPEED_ONLY = {"batch_size"}


class Sampling(BaseModel):
    """How samples are drawn. A new setting is one field here, and its use where tokens are drawn."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    samples: Annotated[int, Field(ge=1, description="Samples per row.")] = 2
    max_new_tokens: Annotated[int, Field(ge=1, description="Tokens after which a sample is cut.")] = 256
    temperature: Annotated[float, Field(ge=0, description="0 takes the most likely token.")] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1, description="Share of probability drawn from.")] = 1.0
    batch_size: Annotated[int, Field(ge=1, description="Samples at once; moves speed alone.")] = 64

    @property
    def noted(self) -> dict[str, Any]:
        """The settings that samples depend on."""
        return self.model_dump(exclude=SPEED_ONLY)


def read_sampling(settings: Mapping[str, Any]) -> Sampling:
    """Raises InputError naming the first setting that cannot be."""
    try:
        return Sampling.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        name, message = ".".join(map(str, first["loc"])), first["msg"]
        raise InputError(name, f"got {first['input']!r:.60}", message[:1].lower() + message[1:]) from None
