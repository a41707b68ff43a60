"""The modes of two passes: the model sees the instruction with a first reply to it, and replies once more.

reflect         it judges its own reply, and keeps or rewrites the answer ("When Thinking Fails", arXiv 2505.11423,
                section 4); the first reply is asked for as by `cot`
again           the control: the same first reply is shown, and the answer asked for once more, without a judgement
reflect_other   it judges somebody else's reply, from a file: is it the second look that helps, or one's own?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from ...io.errors import InputError
from ...io.files import sha256
from ...verify.reasoning import Split
from ...verify.responses import Response, iter_responses
from ...verify.rows import Row
from ...verify.thought_formats import ThoughtFormat
from .prompted import Cot, thought_request

NOTHING = "(nothing)"  # shown where a reply was cut before its answer, or had no thought


@dataclass(frozen=True)
class Again(Cot):
    """A second pass that judges nothing. `replies` are first ones that are there already, by row and sample."""

    replies: Mapping[tuple[str, int], Response] = field(default_factory=dict, hash=False)

    name = "again"
    passes = 2
    task: ClassVar[str] = "Reply to the instruction once more."

    def turn_after(self, asked: str, first: Split, form: ThoughtFormat) -> str:
        parts = {
            "Instruction": asked,
            "Thought of the first reply": _sendable(first.reasoning.strip()) or NOTHING,
            "Answer of the first reply": _sendable(first.answer.strip()) or NOTHING,
        }
        shown = [f"{name}:\n{text}" for name, text in parts.items()]
        task = f"{self.task} {thought_request(form)}"
        return "\n\n".join(["Here is an instruction, and a first reply to it.", *shown, task])

    def after_replies(self, file: Path) -> "Again":
        """With first replies that the model has given as `cot`, with the same settings: they are what it would say again."""
        return replace(self, replies=_by_sample(file))

    def before(self, row: Row, sample: int) -> Response | None:
        return self.replies.get((row.name, sample))


@dataclass(frozen=True)
class Reflect(Again):
    """A second pass that judges the first."""

    name = "reflect"
    task = (
        "Judge the first reply: does its answer follow every part of the instruction? If it does, give the same answer, "
        "word for word. If it does not, give a better one."
    )


@dataclass(frozen=True)
class ReflectOther(Reflect):
    """One pass that judges a reply of another model, or arm, to the same row."""

    file_hash: str = ""

    name = "reflect_other"
    passes = 1
    needs = "replies"

    def with_file(self, file: str, rows: Sequence[Row]) -> "ReflectOther":
        """With the replies of a file; raises InputError where a row has none."""
        if not Path(file).exists():
            raise InputError(file, f"not there, and mode {self.name} shows its replies", "sample them first")
        replies = _by_sample(Path(file))
        if unanswered := [row.name for row in rows if (row.name, 0) not in replies]:
            raise InputError(file, f"no reply to {unanswered[0]}", "give replies to all of the rows")
        return replace(self, replies=replies, file_hash=sha256(Path(file)))

    @property
    def noted(self) -> dict[str, Any]:
        return {"replies": self.file_hash}

    def before(self, row: Row, sample: int) -> Response:
        """The reply of the same number; of the first, where there are fewer."""
        return (self.replies.get((row.name, sample)) or self.replies[row.name, 0]).unpaid()


def _sendable(text: str) -> str:
    """A reply as it can be sent: a model may break off in the middle of a character, which then is half a surrogate pair."""
    return text.encode(errors="replace").decode()


def _by_sample(file: Path) -> dict[tuple[str, int], Response]:
    return {(response.row, response.sample): response for response in iter_responses(file)}
