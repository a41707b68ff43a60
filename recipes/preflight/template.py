"""The chat template: whether thoughts survive it, rows begin as they are asked, and it says nothing of its own."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from jinja2 import TemplateError

from ...data_builders.mixture import training_turn
from ...eval.io.templates import asked, rendered
from ...eval.verify.thought_formats import THINK, ThoughtFormat, format_of_template
from ...train.contexts import Context, context_of
from ..recipe.schema import Stage
from .finding import Finding
from .material import Material, prompt_of

QUESTION, STEPS, ANSWER = "why?", "first this, then that", "so be it"


class Conversation(NamedTuple):
    """A question as it is asked, and as it is learned with its reply, whose thought is marked as the model marks it.

    `refusal` is what the template says where it takes no such reply.
    """

    form: ThoughtFormat
    prompt: str
    bare: str
    whole: str
    refusal: str = ""


class Turn(NamedTuple):
    """A row's prompt as it is asked, the same with its reply as it is learned, and whether it is ever asked so."""

    prompt: str
    whole: str
    context: Context

    def opens_twice(self, form: ThoughtFormat) -> bool:
        return form.is_open(self.prompt) and form.opens_first(self.whole[len(self.prompt) :])


def conversation(tokenizer: Any) -> Conversation:
    """By a tokenizer's template; thoughts are marked by `<think>` where it speaks of none."""
    prompt = prompt_of(tokenizer, QUESTION)
    form = format_of_template(str(tokenizer.chat_template), prompt) or THINK
    turns = [{"role": "user", "content": QUESTION}]
    bare = rendered(tokenizer, turns)
    reply = {"role": "assistant", "content": form.opening + STEPS + form.closing + ANSWER}
    try:
        return Conversation(
            form, prompt, bare, tokenizer.apply_chat_template([*turns, reply], tokenize=False)
        )
    except TemplateError as error:
        return Conversation(form, prompt, bare, bare, " ".join(str(error).split())[:200])


def template(material: Material) -> Iterator[Finding]:
    """The template keeps a thought when it is learned, opens the reply when asked to, and says nothing of its own."""
    for name, stage in material.stages.items():
        tokenizer = material.tokenizer_of(stage)
        if tokenizer is not None:
            yield _learned(name, stage, conversation(tokenizer))


def _learned(name: str, stage: Stage, said: Conversation) -> Finding:
    # Some templates set the blank lines otherwise, so each part is looked for by itself
    parts = (said.form.opening.strip(), STEPS, said.form.closing.strip(), ANSWER)
    is_sft = not stage.rolls_out
    if is_sft and said.refusal:
        text = f"{name}: the template takes no reply with a thought: {said.refusal}"
        return Finding("FAIL", "template", text, "chat_template_path: one that does")
    if is_sft and not all(part in said.whole for part in parts):
        text = f"{name}: the template drops the thought of a reply"
        return Finding("FAIL", "template", text, "chat_template_path: one that keeps it")
    if said.prompt == said.bare:
        text = f"{name}: the prompt is the same with and without add_generation_prompt"
        return Finding("FAIL", "template", text, "chat_template_path: one that opens the reply when asked to")
    if is_sft and not said.whole.startswith(said.prompt):
        text = f"{name}: with the reply, the template renders the prompt otherwise"
        return Finding("FAIL", "template", text, "chat_template_path: one that renders it alike")
    if "<|im_start|>system" in said.prompt:
        text = f"{name}: the template adds a system turn of its own, in training as in evaluation"
        fix = "nothing, or chat_template_path: recipes/templates/chatml.jinja in every stage"
        return Finding("warn", "template", text, fix)
    return Finding("ok", "template", f"{name}: keeps the thought, adds nothing")


def prefill(material: Material) -> Iterator[Finding]:
    """A row goes on from the prompt as it is asked, and opens no thought that is open; the format reward pays for closing it."""
    for name, stage in material.stages.items():
        tokenizer = material.tokenizer_of(stage)
        if tokenizer is None:
            continue
        said = conversation(tokenizer)
        if not stage.rolls_out and not said.refusal:
            yield from _begun(name, said.form, list(_turns(material, stage, tokenizer)))
        elif stage.rewards.get("format"):
            opened = said.form.is_open(said.prompt)
            how = "closing the thought that the template opens" if opened else "a thought opened and closed"
            yield Finding("ok", "prefill", f"{name}: the format reward pays for {how}")


def _begun(name: str, form: ThoughtFormat, turns: Sequence[Turn]) -> Iterator[Finding]:
    """What is wrong with how replies begin."""
    never = [turn for turn in turns if turn.context == "never asked"]
    if never:
        text = f"{name}: {len(never)} of {len(turns)} rows go on otherwise than they are asked, by {never[0].prompt[-30:]!r}"
        fix = "chat_template_path: one that renders both alike, or replies that begin as the prompt does"
        yield Finding("FAIL", "prefill", text, fix)
    directly = sum(turn.context == "asked directly" for turn in turns)
    if directly:
        text = f"{name}: {directly} of {len(turns)} rows are learned behind a closed thought, as mode direct alone asks"
        yield Finding("warn", "prefill", text, "evaluate the arm in mode direct too")
    twice = sum(turn.opens_twice(form) for turn in turns)
    if twice:
        text = f"{name}: the template opens {form.opening.strip()}, and so do {twice} of {len(turns)} rows"
        yield Finding("FAIL", "prefill", text, "chat_template_path: one that does not open it")


def _turns(material: Material, stage: Stage, tokenizer: Any) -> Iterator[Turn]:
    """The rows at hand that SFT learns from."""
    for row in (row for name in material.taken(stage) for row in material.rows(name) or []):
        if row.response:
            prompt = [{"role": "user", "content": training_turn(row, material.recipe.preset)}]
            whole = rendered(tokenizer, [*prompt, {"role": "assistant", "content": row.response}])
            yield Turn(asked(tokenizer, prompt), whole, context_of(tokenizer, prompt, whole))
