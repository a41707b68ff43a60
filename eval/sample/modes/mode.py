"""What a mode is: what it asks before the reply, what it edits while the reply runs, what it asks after it has ended.

A mode is one class in a file of this folder and one line in `names.py`. It overrides what it does otherwise than plain
asking; engines, resuming and records are the same for all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from ...io.errors import InputError
from ...verify.reasoning import Split
from ...verify.responses import Response
from ...verify.rows import Row
from ...verify.thought_formats import THINK, ThoughtFormat
from ..settings import Sampling, Server

ENGINES = ("transformers", "vllm", "openai")
NO_REPLY = Split("", "", "none")


@dataclass(frozen=True)
class Edit:
    """What a rule does to a sample: keep the first `keep` of its tokens, then go on from `insert`."""

    keep: int
    insert: list[int]


class Rule(Protocol):
    """Watches one sample: called with its tokens after each drawn one, it may answer with an edit.

    `look`: after how many tokens an engine that draws ahead stops to ask it a first time; 0 where only at the end.
    """

    look: int

    def __call__(self, tokens: list[int]) -> Edit | None: ...


class Codec(Protocol):
    """Text to tokens and back, as the checkpoint's tokenizer does it, and how its template marks a thought."""

    @property
    def form(self) -> ThoughtFormat: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, tokens: list[int]) -> str: ...

    def piece(self, token: int) -> str: ...


Need = Literal["examples", "replies"]


@dataclass(frozen=True)
class Mode:
    """One way of asking: `text` as a recipe writes it, and the whole numbers in it.

    `least` and `most`: how many numbers it takes. `engines`: those that can serve it. `by_chat`: words in a prompt are
    all it needs, so a server that renders its own prompts can be asked. `direct`: the prompt skips a thought that the
    template speaks of.
    `passes`: how often the model replies before a sample has ended. `needs`: the file that must be given beside the rows,
    worked examples or somebody's replies. `answers`: whether what is replied is an answer to the row.
    """

    text: str
    numbers: tuple[int, ...] = ()

    name: ClassVar[str]
    least: ClassVar[int] = 0
    most: ClassVar[int] = 0
    engines: ClassVar[tuple[str, ...]] = ENGINES
    by_chat: ClassVar[bool] = False
    direct: ClassVar[bool] = False
    passes: ClassVar[int] = 1
    needs: ClassVar[Need | None] = None
    answers: ClassVar[bool] = True

    @classmethod
    def written(cls) -> str:
        """How it is written in a recipe."""
        return " ".join([cls.name, *["N"] * cls.least, *["[N]"] * (cls.most - cls.least)])

    @property
    def number(self) -> int:
        return self.numbers[0] if self.numbers else 0

    def turn(self, asked: str, form: ThoughtFormat) -> str:
        """The user's turn, from the row's own as the preset renders it."""
        return asked

    def rule(self, codec: Codec, row: Row, lead: str) -> Rule | None:
        """What watches one sample of `row`; `lead` is the thought that the prompt has already opened."""
        return None

    def most_inserted(self, codec: Codec, row: Row) -> int:
        """Tokens that its edits may add to those that are drawn."""
        return 0

    def with_file(self, file: str, rows: Sequence[Row]) -> "Mode":
        """The mode with the file that it `needs`. Raises InputError where the file does not serve these rows."""
        raise NotImplementedError(self.name)

    def without_constraints(self) -> "Mode":
        """The mode as it asks rows without their constraints."""
        return self

    @property
    def noted(self) -> dict[str, Any]:
        """What samples depend on beside the text of the mode; generation.json holds it."""
        return {}

    def sampling(self, sampling: Sampling, *, chat: bool = False) -> Sampling:
        """How its samples are drawn, from what was asked for; `chat`: by a server that renders its own prompts."""
        return sampling

    def before(self, row: Row, sample: int) -> Response | None:
        """A reply that is there already and stands in place of the first pass; None where the model gives it."""
        return None

    def turn_after(self, asked: str, first: Split, form: ThoughtFormat) -> str | None:
        """The user's turn of the second pass, after the first reply; None where there is none."""
        return None

    def shell(self, asked: str, form: ThoughtFormat) -> str | None:
        """The user's turn of the second pass without the reply that it shows; None where there is none."""
        return self.turn_after(asked, NO_REPLY, form)

    def most_drawn(self, max_new_tokens: int) -> int:
        """Tokens that may come into or behind its last prompt: a reply, and in a second pass the one that is shown."""
        return max_new_tokens * (1 if self.shell("", THINK) is None else 2)

    def check_rows(self, rows: Iterable[Row]) -> None:
        """Raise InputError where rows cannot be asked in this mode; not called where constraints are left out."""

    def need_constraints(self, rows: Iterable[Row], to: str) -> None:
        """Raise InputError where no row has a constraint."""
        if not any(row.constraints for row in rows):
            raise InputError(f"mode {self.name}", f"no row has a constraint {to}", "ask in another mode")

    def check_engine(self, engine: str, server: Server | None = None) -> None:
        """Raise InputError where an engine, or what is known of the server, cannot serve this mode."""
        if engine not in self.engines:
            raise InputError(
                "mode",
                f"{self.text!r} cannot be had with engine {engine}",
                f"use engine {' or '.join(self.engines)}",
            )
        if server is not None and not server.tokenizer and not self.by_chat:
            raise InputError(
                "mode",
                f"{self.text!r} edits prompt or running tokens, which a server's chat does not let us do",
                "give the served checkpoint's `tokenizer` (a folder or hub id) where the server takes and returns"
                " token ids, as vLLM does; or a mode that only asks, as think or cot",
            )
