"""Whether every arm is asked in the same way: the day that a template writes, and what it is told in training."""

from collections.abc import Iterator

from ...eval.io.templates import DAY, asked, writes_the_day
from ...eval.verify.thought_formats import format_of_template
from ..recipe.sets import AnswersSet
from .finding import Finding
from .material import Material


def day(material: Material) -> Iterator[Finding]:
    """A template that writes today's date is given one fixed day, so that prompts of two days are the same."""
    templates = {name: material.tokenizer_of(stage) for name, stage in material.stages.items()} or {
        "base": material.tokenizer
    }
    for name, tokenizer in templates.items():
        if tokenizer is not None and writes_the_day(str(tokenizer.chat_template)):
            text = f"{name}: the template writes today's date; training and evaluation always give it {DAY:%d %B %Y}"
            fix = "nothing, or chat_template_path: one without a date"
            yield Finding("warn", "date", text, fix)


def templates(material: Material) -> Iterator[Finding]:
    """A template that one stage brings asks its checkpoints otherwise than the base, and arms without the stage."""
    if material.tokenizer is None or not material.tokenizer.chat_template:
        return
    turns = [{"role": "user", "content": " why?\n"}]
    base = asked(material.tokenizer, turns)
    for name, stage in material.stages.items():
        if "chat_template_path" in stage.args and asked(material.tokenizer_of(stage), turns) != base:
            text = f"{name}: its chat_template_path asks otherwise than the base's template, and arms without the stage"
            fix = "nothing where the base has learned no template, else one template for all: the base's"
            yield Finding("warn", "asked", text, fix)


def answers(material: Material) -> Iterator[Finding]:
    """The base answers a set as its rows are trained on: with their constraints, where they have some."""
    for name, dataset in material.recipe.data.items():
        if not isinstance(dataset, AnswersSet) or dataset.constraints or dataset.compares:
            continue
        rows = material.rows(dataset.of) or []
        if constrained := sum(bool(row.constraints) for row in rows):
            text = (
                f"{name}: the base answers {dataset.of} without its constraints ({constrained} of {len(rows)} rows), and "
                "its rows are trained on with them"
            )
            yield Finding("FAIL", "asked", text, f"constraints: true in data.{name}")


def told(material: Material) -> Iterator[Finding]:
    """What chat_template_kwargs change is asked of that stage's checkpoints alone."""
    for name, stage in material.stages.items():
        options = stage.args.get("chat_template_kwargs") or {}
        tokenizer = material.tokenizer_of(stage)
        if not options or tokenizer is None:
            continue
        turns = [{"role": "user", "content": "why?"}]
        plain, prompt = asked(tokenizer, turns), asked(tokenizer, turns, **options)
        if plain == prompt:
            text = f"{name}: the template makes nothing of chat_template_kwargs {', '.join(options)}"
            yield Finding("warn", "asked", text, "take them out")
            continue
        form = format_of_template(str(tokenizer.chat_template), prompt)
        closed = form is not None and form.lead(prompt) and not form.is_open(prompt)
        if closed and stage.rewards.get("format"):
            text = f"{name}: every prompt closes the thought, and the format reward pays for another"
            yield Finding("FAIL", "asked", text, "take the format reward out, or the kwargs")
        text = f"{name}: its checkpoints are asked with {options}, as they are trained; arms without this stage are not"
        yield Finding(
            "warn", "asked", text, "compare by modes: [direct], which asks every arm without a thought"
        )
