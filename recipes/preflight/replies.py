"""What the responses that SFT learns from say about their end, their turns and their thoughts."""

from collections.abc import Callable, Iterator
from typing import Any

from ...eval.io.errors import InputError
from ...eval.io.templates import turn_end
from ...eval.verify.reasoning import split_reasoning
from ...eval.verify.thought_formats import THINK, format_of_template
from .finding import Finding, Level
from .material import Material, prompt_of

MOST = 0.2  # share of rows that are not to be trained on
# How templates open and close a turn: written out in a response, they are learned beside the template's own.
OPENERS = ("<|im_start|>", "<|start_header_id|>", "<start_of_turn>", "<|begin_of_text|>", "[INST]")
ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>")


def replies(material: Material) -> Iterator[Finding]:
    """No response is blank, a whole conversation, ended twice, or a thought without its end or its beginning."""
    for name, stage in material.stages.items():
        tokenizer = material.tokenizer_of(stage)
        for set_name in material.taken(stage) if stage.trainer == "sft" and tokenizer else []:
            texts = [row.response for row in material.rows(set_name) or [] if row.response]
            for level, fault, fix in _faults(tokenizer, texts):
                yield Finding(level, "responses", f"{name}: {set_name}: {fault}", fix)


def _faults(tokenizer: Any, texts: list[str]) -> Iterator[tuple[Level, str, str]]:
    ends: tuple[str, ...] = ENDS
    try:
        ends = (*ENDS, turn_end(tokenizer))
    except InputError:
        pass  # the finding `eos` says so
    prompt = prompt_of(tokenizer, "why?")
    form = format_of_template(str(tokenizer.chat_template), prompt)
    opened = form if form and form.is_open(prompt) else None

    def thought(text: str) -> str:
        return split_reasoning(
            text, known=form, prefilled=bool(opened and not opened.opens_first(text))
        ).state

    def unopened(text: str) -> bool:
        kinds = {tag.kind for tag in (form or THINK).tags(text)}
        return not opened and "closes" in kinds and "opens" not in kinds

    # What is so, in words, its fix, and the share of responses above which the stage is not to be trained.
    faults: list[tuple[Callable[[str], bool], str, str, float]] = [
        (lambda text: not text.strip(), "are blank", "leave these rows out", 0.0),
        (
            lambda text: any(opener in text for opener in OPENERS),
            "hold turns of a rendered conversation",
            "give the reply alone: the template writes the turns",
            0.0,
        ),
        (
            lambda text: any(end in text for end in ends),
            "hold an end token, which is learned beside the template's own",
            "take it out of the rows",
            1.0,
        ),
        (
            lambda text: thought(text) == "unclosed",
            "open a thought and never close it: cut at their limit?",
            "leave these rows out, or the stage teaches never to answer",
            MOST,
        ),
        (
            unopened,
            "close a thought that neither they nor the template open",
            "write the opening tag into the rows, or take a template that opens it",
            1.0,
        ),
    ]
    for is_so, fault, fix, tolerated in faults:
        count = sum(map(is_so, texts))
        if count:
            level: Level = "FAIL" if count > tolerated * len(texts) else "warn"
            yield level, f"{count} of {len(texts)} responses {fault}", fix
