"""Tokens that must fit: rows into max_length, prompts and completions into what model and vLLM attend to."""

from collections.abc import Iterator
from typing import Any

from ...eval.io.errors import InputError
from ...eval.verify import render
from ...eval.verify.rows import Row
from ..recipe.schema import Stage
from .finding import Finding
from .material import HUB, Material, length, prompt_of

SOME, MOST = 0.01, 0.2  # shares of rows cut: worth a look, and not to be trained on


def sets(look: Material) -> Iterator[Finding]:
    """Every set that is trained on or evaluated can be built, as far as that can be tried here."""
    used = [of for stage in look.stages.values() for of in look.taken(stage)]
    for name in dict.fromkeys([*used, *look.recipe.evaluate]):
        try:
            rows = look.rows(name)
        except InputError as error:
            yield Finding("FAIL", "data", f"{name}: {error.where}: {error.what}", error.fix)
            continue
        if rows is not None:
            yield Finding("ok", "data", f"{name}: {len(rows)} rows looked at")


def positions(look: Material) -> Iterator[Finding]:
    """Training and evaluation within the positions of the model, stretched where SFT's stage says so."""
    yield from _asked(look)
    if look.shape is None:
        return
    for name, stage in look.stages.items():
        args, room = look.args(stage), _room(look, stage)
        if stage.trainer == "sft":
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


def _asked(look: Material) -> Iterator[Finding]:
    """Every model that is evaluated has positions for the replies that are asked of it."""
    longest = max((one.max_new_tokens for one in look.recipe.evaluate.values()), default=0)
    for name, shape in look.shapes.items():
        if shape is None:
            yield Finding("warn", "positions", f"{name}: {HUB}")
        elif longest >= shape.positions:
            text = f"{name}: replies of up to {longest} tokens, it has {shape.positions} positions"
            yield Finding("FAIL", "positions", text, "a smaller max_new_tokens, with room for the prompt")
        else:
            yield Finding("ok", "positions", f"{name}: replies of up to {longest} of {shape.positions}")


def _room(look: Material, stage: Stage) -> int:
    """The model's positions in this stage, or in the longest arm that leads to it."""
    assert look.shape is not None
    name = next(key for key, value in look.stages.items() if value is stage)
    lines = [arm.stages for arm in look.recipe.arms.values()]
    before = [stages[: stages.index(name) + 1] for stages in lines if name in stages]
    given = [
        [
            look.recipe.stages[one].args.get("model_init_kwargs", {}).get("max_position_embeddings")
            for one in line
        ]
        for line in before
    ]
    return min(max([room for room in line if room], default=look.shape.positions) for line in given)


def cut(look: Material) -> Iterator[Finding]:
    """The share of SFT rows that max_length cuts, and rows of which nothing is learned."""
    for name, stage in look.stages.items():
        if stage.trainer != "sft" or not (limit := look.args(stage)["max_length"]):
            continue
        measured = list(tokens_of(look, stage))
        if not measured:
            yield Finding("warn", "cut", f"{name}: {look.why(*look.taken(stage))}")
            continue
        over = sum(prompt + answer > limit for prompt, answer in measured) / len(measured)
        empty = sum(answer == 0 or prompt >= limit for prompt, answer in measured)
        longest = max(prompt + answer for prompt, answer in measured)
        said = f"{name}: {over:.1%} of rows longer than max_length {limit} (longest {longest}, {len(measured)} looked at)"
        if empty:
            text = f"{name}: {empty} of {len(measured)} rows have nothing to learn from within {limit} tokens"
            yield Finding("FAIL", "supervised", text, "a longer max_length, or rows with a response")
        level = "FAIL" if over > MOST else "warn" if over > SOME else "ok"
        packed = " (packing drops what is over)" if stage.args.get("packing") else ""
        yield Finding(level, "cut", said + packed, f"max_length: {longest}" if level != "ok" else "")  # type: ignore[arg-type]


def tokens_of(look: Material, stage: Stage) -> Iterator[tuple[int, int]]:
    """(tokens of the prompt, tokens of the completion) of the rows at hand."""
    tokenizer = look.tokenizer_of(stage)
    for name in look.taken(stage):
        for row in (tokenizer and look.rows(name)) or []:
            prompt = prompt_of(tokenizer, render(row, preset=look.recipe.preset))
            yield length(tokenizer, prompt), length(tokenizer, row.response or "")


def responses(look: Material) -> Iterator[Finding]:
    """SFT learns from rows that have a response."""
    for name, stage in look.stages.items():
        for of in look.taken(stage) if stage.trainer == "sft" else []:
            rows = look.rows(of)
            lacking = [row.name for row in rows or [] if not row.response]
            if lacking:
                text = f"{name}: {len(lacking)} of {len(rows or [])} rows of {of} have no response, {lacking[0]} first"
                yield Finding("FAIL", "responses", text, "a set of traces in SFT stages")
            elif rows:
                yield Finding("ok", "responses", f"{name}: every row of {of} looked at has one")


def prompts(look: Material) -> Iterator[Finding]:
    """RL's and evaluation's prompts, and what is generated after them, within model and vLLM."""
    if look.tokenizer is None or look.shape is None:
        if look.recipe.arms:
            yield Finding("warn", "prompts", f"{look.recipe.base}: {HUB}")
        return
    for name, stage in look.stages.items():
        if stage.trainer == "grpo":
            args = look.args(stage)
            room = min(args.get("vllm_max_model_length") or _room(look, stage), _room(look, stage))
            sets = {of: look.rows(of) for of in look.taken(stage)}
            yield from _fitting(look, name, sets, args["max_completion_length"], room)
    for name, one in look.recipe.evaluate.items():
        yield from _fitting(look, name, {name: look.rows(name)}, one.max_new_tokens, look.shape.positions)


def _fitting(
    look: Material, name: str, sets: dict[str, list[Row] | None], after: int, room: int
) -> Iterator[Finding]:
    for of, rows in sets.items():
        if rows is None:
            yield Finding("warn", "prompts", f"{name}: rows of {of} {look.why(of)}")
            continue
        turns: list[Any] = [render(row, preset=look.recipe.preset) for row in rows]
        found = [length(look.tokenizer, prompt_of(look.tokenizer, turn)) for turn in turns]
        over, said = (
            sum(one + after > room for one in found),
            f"longest prompt of {of} {max(found)} + {after}",
        )
        if over:
            text = f"{name}: {over} of {len(found)} rows pass {room} positions ({said})"
            yield Finding(
                "FAIL", "prompts", text, "fewer tokens after it, or drop long prompts from the data"
            )
        else:
            yield Finding("ok", "prompts", f"{name}: {said} of {room}")
