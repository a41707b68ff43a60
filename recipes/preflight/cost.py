"""GPU-hours by a formula: the floating-point operations of an arm over what a card does of them in an hour.

Operations per token: `Shape.forward`; training is three of these, one more with gradient checkpointing, GRPO one
more each for old and for reference log-probabilities; a generated token is one. Utilisations are assumptions: 0.25
in training (prime-rl's published 8k and 16k runs of 0.6B and 4B models on H100 have 0.17 to 0.28), 0.05 in
generation, which memory bounds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..recipe.schema import Stage
from .finding import Finding
from .material import HUB, Material
from .shapes import Shape, shape_of

TRAINING, GENERATION = 0.25, 0.05


def cost(look: Material) -> Iterator[Finding]:
    """Updates, tokens and GPU-hours of every arm by itself, and of the recipe: shared stages count once."""
    hours = {name: _hours(look, task) for name, task in look.tasks.items() if not name.startswith("data ")}
    for arm, stages in look.recipe.arms.items():
        own = _tasks_of(look, stages)
        steps = " + ".join(str(look.steps(look.recipe.stages[stage])) for stage in stages) or "0"
        tokens = sum(task.tokens for name, task in own.items() if name.startswith("stage "))
        yield Finding(
            "ok", "cost", f"{arm}: {steps} updates, {_said(tokens)} trained{_spent(look, own, hours)}"
        )
    if not look.tasks:
        return
    if unknown := [name for name in hours if hours[name] is None]:
        why = HUB if look.card else "no card is named"
        yield Finding(
            "warn" if look.card else "ok", "cost", f"GPU-hours of {len(unknown)} task(s) not estimated: {why}"
        )
        return
    parts = {kind: sum(h or 0.0 for name, h in hours.items() if name.startswith(kind)) for kind in KINDS}
    listed = ", ".join(f"{what} {parts[kind]:,.0f}" for kind, what in KINDS.items() if parts[kind])
    text = (
        f"at most {sum(parts.values()):,.0f} {look.recipe.launch.gpu} hours ({listed}) at full length, "
        f"{TRAINING:.0%} of the card's rate in training and {GENERATION:.0%} in generation, both assumed"
    )
    yield Finding("ok", "cost", text)


KINDS = {"stage ": "training", "eval ": "evaluation", "answers ": "the base's own answers"}


def _tasks_of(look: Material, stages: list[str]) -> dict[str, Any]:
    """The stages and evaluations of one arm, at all its seeds."""
    prefixes = [".".join(stages[:n]) for n in range(1, len(stages) + 1)]
    names = [f"{one}-s{seed}" for one in prefixes for seed in look.recipe.seeds]
    last = [f"{prefixes[-1]}-s{seed}" for seed in look.recipe.seeds] if prefixes else ["base"]
    wanted = {f"stage {name}" for name in names} | {f"eval {name}" for name in last}
    return {name: task for name, task in look.tasks.items() if name.removesuffix(" along") in wanted}


def _spent(look: Material, own: Mapping[str, Any], hours: Mapping[str, float | None]) -> str:
    known = [one for name in own if (one := hours[name]) is not None]
    return f", at most {sum(known):,.0f} {look.recipe.launch.gpu} hours" if len(known) == len(own) else ""


def _hours(look: Material, task: Any) -> float | None:
    if look.card is None:
        return None
    if task.module.startswith("reins.train."):
        stage = look.recipe.stages[task.name.rpartition("-s")[0].removeprefix("stage ").split(".")[-1]]
        return (
            None if look.shape is None else stage_hours(look, stage, task.tokens, look.shape, look.card.rate)
        )
    name = task.name.removeprefix("eval ")
    shape = shape_of(look.recipe.models[name]) if name in look.recipe.models else look.shape
    if shape is None:
        return None
    longest = max(one["max_new_tokens"] for one in task.config["sets"])
    return task.tokens * shape.forward(longest) / (look.card.rate * GENERATION) / 3600


def stage_hours(look: Material, stage: Stage, tokens: int, shape: Shape, rate: float) -> float:
    """Hours of one card; `tokens` are those trained on. Prompts of RL are left out, and a LoRA's gradients of weights."""
    args = look.args(stage)
    passes = (2 if stage.lora else 3) + bool(args["gradient_checkpointing"])
    generated = 0.0
    length = args["max_length"] or 0
    if stage.trainer == "grpo":
        length = args["max_completion_length"]
        passes += 1 + bool(args["beta"])
        generated = tokens / args["num_iterations"] * shape.forward(length) / (rate * GENERATION)
    trained = passes * tokens * shape.forward(length) / (rate * TRAINING)
    return (trained + generated) / 3600


def _said(tokens: int) -> str:
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if tokens >= size:
            return f"{tokens / size:.3g} {unit} tokens"
    return f"{tokens} tokens"
