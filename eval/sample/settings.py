"""The settings of sampling and of a server, declared once: recipes, command line, evaluation and records take them
from here."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from ..io.errors import InputError

# What a sample does not depend on: not among the settings that are noted beside the responses.
SPEED_ONLY = {"batch_size"}
UNSAID = "unsaid"  # the type of an error whose value is not shown: it may be a secret


class Sampling(BaseModel):
    """How samples are drawn. A new setting is one field here, and its use where tokens are drawn."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    samples: Annotated[int, Field(ge=1, description="Samples per row.")] = 2
    max_new_tokens: Annotated[int, Field(ge=1, description="Tokens after which a sample is cut.")] = 256
    temperature: Annotated[
        float, Field(ge=0, allow_inf_nan=False, description="0 takes the most likely token.")
    ] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1, description="Share of probability drawn from.")] = 1.0
    batch_size: Annotated[int, Field(ge=1, description="Samples at once; moves speed alone.")] = 64

    @property
    def noted(self) -> dict[str, Any]:
        """The settings that samples depend on."""
        return self.model_dump(exclude=SPEED_ONLY)


def _address(url: str) -> str:
    if re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", url) and _has_host_and_port(url):
        return url.rstrip("/")
    reason = "an address without user, password or query, its port up to 65535, as http://localhost:8000/v1"
    raise PydanticCustomError(UNSAID, reason)  # type: ignore[arg-type]


def _has_host_and_port(url: str) -> bool:
    """Whether host and port can be: a client would raise its own error only when it is used."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _variable(name: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return name
    reason = "the name of an environment variable that holds the key, never the key itself"
    raise PydanticCustomError(UNSAID, reason)  # type: ignore[arg-type]


class Price(BaseModel):
    """What a million tokens cost, in whatever currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    output: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The cost of so many."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / 1e6

    def of_replies(self, tokens: int) -> str:
        """The cost of so many tokens of replies, to be read."""
        cost = self.of(0, tokens)
        return f"{cost:,.2f}" if cost >= 1 else f"{cost:.2g}"


class Server(BaseModel):
    """Where a model is served by OpenAI's protocol, and how it is asked.

    With a `tokenizer` (a checkpoint's folder or hub id; its weights are not read) prompts are rendered here and sent as
    token ids, by which every mode can be had; without it, messages are sent and the server renders them.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    base_url: Annotated[str, AfterValidator(_address), Field(description="As http://localhost:8000/v1.")]
    key_variable: Annotated[
        str, AfterValidator(_variable), Field(description="Environment variable that holds the key.")
    ] = "OPENAI_API_KEY"
    tokenizer: Annotated[
        str,
        Field(
            description="Checkpoint whose template and tokens are sent; for modes that edit the prompt or the reply while it is written."
        ),
    ] = ""
    concurrency: Annotated[int, Field(ge=1, description="Requests at once.")] = 8
    timeout: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="Seconds that a whole reply may take.")
    ] = 600.0
    price: Price | None = None

    @property
    def noted(self) -> dict[str, Any]:
        """What samples depend on."""
        return {"base_url": self.base_url, "tokenizer": self.tokenizer}


Settings = TypeVar("Settings", bound=BaseModel)


def read_sampling(settings: Mapping[str, Any]) -> Sampling:
    """Raises InputError naming the first setting that cannot be."""
    return _read(Sampling, settings)


def read_server(settings: Mapping[str, Any]) -> Server:
    """Raises InputError naming the first setting that cannot be, without its value where that may be a secret."""
    return _read(Server, settings)


def _read(kind: type[Settings], settings: Mapping[str, Any]) -> Settings:
    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        name, message = ".".join(map(str, first["loc"])), first["msg"]
        if first["type"] == "missing":
            raise InputError(name, "missing", "give it") from None
        if first["type"] == UNSAID:
            raise InputError(name, "is none", f"give {message}") from None
        raise InputError(name, f"got {first['input']!r:.60}", message[:1].lower() + message[1:]) from None
