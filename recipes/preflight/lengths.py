"""Tokens that must fit: rows into max_length, prompts and completions into what model and vLLM attend to."""

from collections.abc import Iterator, Sequence
from typing import Any

from ...data_builders.mixture import training_turn
from ...eval.io.errors import InputError
from ...eval.verify import render
from ...eval.verify.rows import Row
from ..recipe.schema import Stage
from .finding import Finding
from .material import HUB, Material, prompt_of, token_count

SOME, MOST = 0.01, 0.2  # shares of rows cut: worth a look, and not to be trained on
CUT_REPLIES = 0.1  # share of taught completions that an evaluation cuts: its figures are then of cut replies


def sets(material: Material) -> Iterator[Finding]:
    """Every set that is trained on or evaluated can be built, as far as that can be tried here."""
    used = [set_name for stage in material.stages.values() for set_name in material.taken(stage)]
    for name in dict.fromkeys([*used, *material.recipe.evaluate]):
        try:
            rows = material.rows(name)
        except InputError as error:
            yield Finding("FAIL", "data", f"{name}: {error.where}: {error.what}", error.fix)
            continue
        if rows is not None:
            yield Finding("ok", "data", f"{name}: {len(rows)} rows looked at")


def positions(material: Material) -> Iterator[Finding]:
    """Training and evaluation within the positions of the model, stretched where SFT's stage says so."""
    yield from _reply_positions(material)
    if material.shape is None:
        return
    for name, stage in material.stages.items():
        args, room = material.args(stage), _room(material, name)
        if not stage.rolls_out:
            needed, what = args["max_length"] or 0, "max_length"
        else:
            needed, what = args["max_completion_length"], "max_completion_length"
        vllm = args.get("vllm_max_model_length")
        if needed > room:
            yield Finding("FAIL", "positions", f"{name}: {what} {needed}, the model has {room}", "lower it")
        elif vllm and vllm > room:
            text = f"{name}: vllm_max_model_length {vllm}, the model has {room}"
            yield Finding("FAIL", "positions", text, f"{room} at most")
        elif vllm and vllm <= needed:
            text = f"{name}: vllm_max_model_length {vllm} leaves no room for a prompt before {needed} tokens"
            yield Finding("FAIL", "positions", text, "the longest prompt + max_completion_length")
        else:
            yield Finding("ok", "positions", f"{name}: {what} {needed} of {room}")


def _reply_positions(material: Material) -> Iterator[Finding]:
    """Every model that is evaluated has positions for the replies that are asked of it."""
    longest = max((evaluation.max_new_tokens for evaluation in material.recipe.evaluate.values()), default=0)
    for name, shape in material.shapes.items():
        if shape is None:
            yield Finding("warn", "positions", f"{name}: {HUB}")
        elif longest >= shape.positions:
            text = f"{name}: replies of up to {longest} tokens, it has {shape.positions} positions"
            yield Finding("FAIL", "positions", text, "a smaller max_new_tokens, with room for the prompt")
        else:
            yield Finding("ok", "positions", f"{name}: replies of up to {longest} of {shape.positions}")


def _room(material: Material, name: str) -> int:
    """The model's positions in this stage, in the arm that leads to it with the fewest."""
    arms = [arm.stages for arm in material.recipe.arms.values()]
    before = [stages[: stages.index(name) + 1] for stages in arms if name in stages]
    return min(_room_after(material, chain) for chain in before)


def _room_after(material: Material, stages: Sequence[str]) -> int:
    shape = material.shape_after(stages)
    assert shape is not None
    loading = [material.recipe.stages[name].loading for name in stages]
    stretched = [room for kwargs in loading if (room := kwargs.get("max_position_embeddings"))]
    return max(stretched, default=shape.positions)


def truncation(material: Material) -> Iterator[Finding]:
    """The share of SFT rows that max_length cuts, and rows of which nothing is learned."""
    for name, stage in material.stages.items():
        if stage.rolls_out or not (limit := material.args(stage)["max_length"]):
            continue
        measured = list(tokens_of(material, stage))
        if not measured:
            yield Finding("warn", "cut", f"{name}: {material.why(*material.taken(stage))}")
            continue
        over = sum(prompt + answer > limit for prompt, answer in measured) / len(measured)
        empty = sum(answer == 0 or prompt >= limit for prompt, answer in measured)
        longest = max(prompt + answer for prompt, answer in measured)
        summary = f"{name}: {over:.1%} of rows longer than max_length {limit} (longest {longest}, {len(measured)} looked at)"
        if empty:
            text = f"{name}: {empty} of {len(measured)} rows have nothing to learn from within {limit} tokens"
            yield Finding("FAIL", "supervised", text, "a longer max_length, or rows with a response")
        level = "FAIL" if over > MOST else "warn" if over > SOME else "ok"
        yield Finding(level, "cut", summary, f"max_length: {longest}" if level != "ok" else "")  # type: ignore[arg-type]


def tokens_of(material: Material, stage: Stage) -> Iterator[tuple[int, int]]:
    """(tokens of the prompt, tokens of the completion) of the rows at hand."""
    tokenizer = material.tokenizer_of(stage)
    for name in material.taken(stage):
        for row in (tokenizer and material.rows(name)) or []:
            prompt = prompt_of(tokenizer, training_turn(row, material.recipe.preset))
            yield token_count(tokenizer, prompt), token_count(tokenizer, row.response or "")


def responses(material: Material) -> Iterator[Finding]:
    """SFT learns from rows that have a response."""
    for name, stage in material.stages.items():
        for set_name in material.taken(stage) if not stage.rolls_out else []:
            rows = material.rows(set_name)
            lacking = [row.name for row in rows or [] if not row.response]
            if lacking:
                text = f"{name}: {len(lacking)} of {len(rows or [])} rows of {set_name} have no response, {lacking[0]} first"
                yield Finding("FAIL", "responses", text, "a set of traces in SFT stages")
            elif rows:
                yield Finding("ok", "responses", f"{name}: every row of {set_name} looked at has one")


def prompts(material: Material) -> Iterator[Finding]:
    """RL's and evaluation's prompts, and what is generated after them, within model and vLLM."""
    if material.tokenizer is None or material.shape is None:
        if material.recipe.arms:
            yield Finding("warn", "prompts", f"{material.recipe.base}: {HUB}")
        return
    for name, stage in material.stages.items():
        if stage.rolls_out:
            args = material.args(stage)
            room = min(args.get("vllm_max_model_length") or _room(material, name), _room(material, name))
            sets = {set_name: material.rows(set_name) for set_name in material.taken(stage)}
            yield from _fitting(material, name, sets, args["max_completion_length"], room)
    for name, evaluation in material.recipe.evaluate.items():
        yield from _fitting(
            material, name, {name: material.rows(name)}, evaluation.max_new_tokens, material.positions
        )


def _fitting(
    material: Material, name: str, sets: dict[str, list[Row] | None], after: int, room: int
) -> Iterator[Finding]:
    for set_name, rows in sets.items():
        if rows is None:
            yield Finding("warn", "prompts", f"{name}: rows of {set_name} {material.why(set_name)}")
            continue
        turns: list[Any] = [render(row, preset=material.recipe.preset) for row in rows]
        prompt_tokens = [
            token_count(material.tokenizer, prompt_of(material.tokenizer, turn)) for turn in turns
        ]
        over, summary = (
            sum(count + after > room for count in prompt_tokens),
            f"longest prompt of {set_name} {max(prompt_tokens)} + {after}",
        )
        if over:
            text = f"{name}: {over} of {len(prompt_tokens)} rows pass {room} positions ({summary})"
            yield Finding(
                "FAIL", "prompts", text, "fewer tokens after it, or drop long prompts from the data"
            )
        else:
            yield Finding("ok", "prompts", f"{name}: {summary} of {room}")


def answered(material: Material) -> Iterator[Finding]:
    """Evaluation has room for what SFT teaches to reply, and for the gold answers at the very least."""
    taught = {
        name: [answer for _, answer in tokens_of(material, stage)]
        for name, stage in material.stages.items()
        if not stage.rolls_out
    }
    for name, evaluation in material.recipe.evaluate.items():
        room = evaluation.max_new_tokens
        golds = [row.answer for row in (material.tokenizer and material.rows(name)) or [] if row.answer]
        short = sum(token_count(material.tokenizer, gold) >= room for gold in golds)
        if short:
            text = f"{name}: {short} of {len(golds)} gold answers alone fill max_new_tokens {room}"
            yield Finding("FAIL", "evaluation", text, "more, with room for the thought before the answer")
        for stage_name, answers in taught.items():
            share = sum(answer > room for answer in answers) / max(len(answers), 1)
            if share > CUT_REPLIES:
                text = f"{name}: {share:.0%} of the completions that {stage_name} teaches pass max_new_tokens {room}"
                yield Finding("warn", "evaluation", text, f"max_new_tokens: {max(answers)}")
