"""The modes that ask and let the model answer: by itself, without a thought, or after a thought that is asked for."""

from dataclasses import dataclass

from ...verify.prompt import with_request
from ...verify.rows import Row
from ...verify.thought_formats import ThoughtFormat
from .mode import Codec, Mode, Rule
from .rules import AfterTokens, room_for


def thought_request(form: ThoughtFormat) -> str:
    """Words that ask for a thought in the model's own tags."""
    opening, closing = form.opening.strip(), form.closing.strip()
    return f"First think inside {opening} and {closing}. Then write your answer; only what follows {closing} is judged."


@dataclass(frozen=True)
class Think(Mode):
    """As the checkpoint does by itself."""

    name = "think"
    by_chat = True


@dataclass(frozen=True)
class Direct(Mode):
    """No reasoning. Where the template speaks of thoughts, by its own switch (`enable_thinking`) or an empty closed thought
    in the prompt; where it does not, a thought that the model opens is closed at once.

    A model that opens none is thereby asked as it is: an empty thought would only confuse one that knows of none.
    """

    name = "direct"
    direct = True

    def rule(self, codec: Codec, row: Row, lead: str) -> Rule:
        return AfterTokens(codec, lead, 0)

    def most_inserted(self, codec: Codec, row: Row) -> int:
        return room_for(codec, codec.form.closing)


@dataclass(frozen=True)
class Cot(Mode):
    """The prompt asks for a thought in tags before the answer: for models that do not reason by themselves."""

    name = "cot"
    by_chat = True

    def turn(self, asked: str, form: ThoughtFormat) -> str:
        return with_request(asked, thought_request(form))
