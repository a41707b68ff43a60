"""What every mapping of a recipe is read as: known keys, of the kind that they are said to be."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ...eval.io.errors import nearest

Count = Annotated[int, Field(ge=1, le=2**53)]


class Strict(BaseModel):
    """A mapping whose keys are all known; the message for an unknown one names the nearest."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, content: Any) -> Any:
        if isinstance(content, dict) and cls.model_config["extra"] == "forbid":
            for key in content:
                if key not in cls.model_fields:
                    raise PydanticCustomError(
                        "unknown_key",
                        "unknown key",
                        {"key": str(key), "hint": nearest(key, cls.model_fields)},
                    )
        return content
