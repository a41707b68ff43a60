"""The chat template: whether thoughts survive it, in learning and in decoding, and whether it says things of its own."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from jinja2 import TemplateError

from ...eval.io.templates import rendered, survives
from ...eval.verify.thought_formats import THINK, ThoughtFormat, format_of_template
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
    """Where the template opens the thought, rows must not open it again, and the format reward pays for closing it."""
    for name, stage in material.stages.items():
        tokenizer = material.tokenizer_of(stage)
        if tokenizer is None:
            continue
        said = conversation(tokenizer)
        opened = said.form.is_open(said.prompt)
        replies = _replies(material, stage) if opened else []
        opening = sum(map(said.form.opens_first, replies))
        if opening:
            text = f"{name}: the template opens {said.form.opening.strip()}, and so do {opening} of {len(replies)} rows"
            yield Finding("FAIL", "prefill", text, "chat_template_path: one that does not open it")
        elif stage.rewards.get("format"):
            how = "closing the thought that the template opens" if opened else "a thought opened and closed"
            yield Finding("ok", "prefill", f"{name}: the format reward pays for {how}")


def _replies(material: Material, stage: Stage) -> list[str]:
    """What SFT learns to reply, of the rows at hand."""
    rows = (row for name in material.taken(stage) for row in material.rows(name) or [])
    return [row.response for row in rows if row.response] if not stage.rolls_out else []


def tags(material: Material) -> Iterator[Finding]:
    """RL's rewards read text without special tokens, so a tag that is one would be lost. Evaluation keeps them."""
    for name, stage in material.stages.items():
        tokenizer = material.tokenizer_of(stage)
        if tokenizer is None:
            continue
        form = conversation(tokenizer).form
        marks = f"{form.opening.strip()} and {form.closing.strip()}"
        if survives(tokenizer, form.opening) and survives(tokenizer, form.closing):
            yield Finding("ok", "tags", f"{name}: {marks} survive decoding")
        elif stage.trainer == "grpo":
            text = (
                f"{name}: {marks}: a special token of these is lost in decoding, so no reward sees a thought"
            )
            yield Finding("FAIL", "tags", text, "make them added tokens that are not special")
        else:
            yield Finding("ok", "tags", f"{name}: {marks} are special tokens, which are learned as such")
