"""What the responses that SFT learns from say about their end, their turns and their thoughts."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...eval.io.errors import InputError
from ...eval.io.templates import turn_end
from ...eval.verify.reasoning import split_reasoning
from ...eval.verify.thought_formats import ThoughtFormat
from .finding import Finding, Level
from .material import Material
from .template import conversation

MOST = 0.2  # share of rows that are not to be trained on
# How templates open and close a turn: written out in a response, they are learned beside the template's own.
OPENERS = ("<|im_start|>", "<|start_header_id|>", "<start_of_turn>", "<|begin_of_text|>", "[INST]")
ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>")


@dataclass(frozen=True)
class Writing:
    """How a template has a reply written: the marks of thoughts, whether it opens one itself, tokens that end a turn."""

    form: ThoughtFormat
    opens: bool
    ends: tuple[str, ...]

    def holds_an_end(self, reply: str) -> bool:
        return any(end in reply for end in self.ends)

    def is_unclosed(self, reply: str) -> bool:
        inside = self.opens and not self.form.opens_first(reply)
        return split_reasoning(reply, known=self.form, prefilled=inside).state == "unclosed"

    def is_unopened(self, reply: str) -> bool:
        kinds = {tag.kind for tag in self.form.tags(reply)}
        return not self.opens and "closes" in kinds and "opens" not in kinds


class Fault(NamedTuple):
    """What may be so of a reply, in words, its fix, and the share of replies above which none are to be trained on."""

    is_so: Callable[[Writing, str], bool]
    words: str
    fix: str
    tolerated: float


FAULTS = (
    Fault(lambda _, reply: not reply.strip(), "are blank", "leave these rows out", 0.0),
    Fault(
        lambda _, reply: any(opener in reply for opener in OPENERS),
        "hold turns of a rendered conversation",
        "give the reply alone: the template writes the turns",
        0.0,
    ),
    Fault(
        Writing.holds_an_end,
        "hold an end token, which is learned beside the template's own",
        "take it out of the rows",
        1.0,
    ),
    Fault(
        Writing.is_unclosed,
        "open a thought and never close it: cut at their limit?",
        "leave these rows out, or the stage teaches never to answer",
        MOST,
    ),
    Fault(
        Writing.is_unopened,
        "close a thought that neither they nor the template open",
        "write the opening tag into the rows, or take a template that opens it",
        1.0,
    ),
)


def replies(material: Material) -> Iterator[Finding]:
    """No response is blank, a whole conversation, ended twice, or a thought without its end or its beginning."""
    for name, stage in material.stages.items():
        tokenizer = material.tokenizer_of(stage)
        for set_name in material.taken(stage) if tokenizer and not stage.rolls_out else []:
            responses = [row.response for row in material.rows(set_name) or [] if row.response]
            for level, text, fix in _faults(_writing(tokenizer), responses):
                yield Finding(level, "responses", f"{name}: {set_name}: {text}", fix)


def _faults(writing: Writing, responses: list[str]) -> Iterator[tuple[Level, str, str]]:
    for fault in FAULTS:
        count = sum(fault.is_so(writing, reply) for reply in responses)
        if count:
            level: Level = "FAIL" if count > fault.tolerated * len(responses) else "warn"
            yield level, f"{count} of {len(responses)} responses {fault.words}", fault.fix


def _writing(tokenizer: Any) -> Writing:
    said = conversation(tokenizer)
    ends = list(ENDS)
    with suppress(InputError):  # the finding `eos` says so
        ends.append(turn_end(tokenizer))
    return Writing(said.form, said.form.is_open(said.prompt), tuple(ends))
