"""GPU-hours by a formula, or hours of a CPU's cores.

GPU-hours: the floating-point operations of an arm over what a card does of them in an hour, or, where that is longer, the
time in which the kernels of all passes are started one after another: so long a small model takes, whatever it computes.

Operations per token: `Shape.forward`, of a mixture of experts those that the token meets; training is three of these, one more with gradient checkpointing, GRPO one
more each for old and for reference log-probabilities, distillation one for the teacher; a generated token is one. Utilisations are assumptions: 0.25
in training (prime-rl's published 8k and 16k runs of 0.6B and 4B models on H100 have 0.17 to 0.28), 0.05 in
generation, which memory bounds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ...eval.io.run_paths import BASE
from ..plan.estimate import generation_batch
from ..plan.task import Task
from ..recipe.files import locate
from ..recipe.schema import Stage
from ..recipe.yaml_file import read_yaml
from .finding import Finding
from .material import HUB, Material
from .shapes import Shape

TRAINING, GENERATION = 0.25, 0.05
# Seconds in which the kernels of one layer are started, of transformers' models, and the same of a step of generation, which is
# recorded and started at once: measured (tests/bench/RESULTS.md, "A card")
LAYER, RECORDED_LAYER = 0.8e-3, 0.4e-3
# Of one core of a server of 2021, in training, and what a task takes before it works: measured on the micro ablation
CORE, START, CONTEXT = 37e9, 10.0, 256  # FLOP/s, seconds, tokens


def task_hours(material: Material) -> dict[str, float | None]:
    """Hours of one card by task, of those that run a model; None where card or model is not known."""
    return {name: _hours(material, task) for name, task in material.tasks.items() if task.needs_model}


def cost(material: Material) -> Iterator[Finding]:
    """Updates, tokens and GPU-hours of every arm by itself, and of the recipe: shared stages count once."""
    hours = task_hours(material)
    for name, arm in material.recipe.arms.items():
        arm_tasks = _tasks_of(material, arm.stages)
        steps = " + ".join(str(material.steps(material.recipe.stages[stage])) for stage in arm.stages) or "0"
        tokens = sum(task.amount for task in arm_tasks.values() if task.kind == "train")
        yield Finding(
            "ok",
            "cost",
            f"{name}: {steps} updates, {_rounded(tokens)} trained{_spent(material, arm_tasks, hours)}",
        )
    if not material.tasks:
        return
    if material.card is None and on_cpu(material) and material.shape is not None:
        yield _on_cores(material, material.shape)
        return
    if unknown := [name for name in hours if hours[name] is None]:
        why = HUB if material.card else "no card is named"
        yield Finding(
            "warn" if material.card else "ok",
            "cost",
            f"GPU-hours of {len(unknown)} task(s) not estimated: {why}",
        )
        return
    parts = {
        kind: sum(estimate or 0.0 for name, estimate in hours.items() if material.tasks[name].kind == kind)
        for kind in KINDS
    }
    listed = ", ".join(f"{what} {_shown(parts[kind])}" for kind, what in KINDS.items() if parts[kind])
    text = (
        f"at most {_shown(sum(parts.values()))} {material.recipe.launch.gpu} hours ({listed}) at full length, "
        f"{TRAINING:.0%} of the card's rate in training and {GENERATION:.0%} in generation, both assumed, or one kernel "
        "after another where that takes longer"
    )
    yield Finding("ok", "cost", text)


def on_cpu(material: Material) -> bool:
    return bool(read_yaml(locate(material.recipe.launch.accelerate)).get("use_cpu"))


def _on_cores(material: Material, shape: Shape) -> Finding:
    """Hours on a CPU, one core a process: tokens by what one costs, and the start of every task."""
    seconds: dict[str, float] = {}
    for task in material.tasks.values():
        kind = task.kind if task.needs_model else "rows"
        token = 3 * (_shape(material, task) or shape).forward(CONTEXT) / CORE
        spent = START + (task.cost * token if task.needs_model else 0.0)
        seconds[kind] = seconds.get(kind, 0.0) + spent * task.processes
    slots = material.recipe.launch.slots
    listed = ", ".join(
        f"{what} {seconds[kind] / 3600:.1f}" for kind, what in CPU_KINDS.items() if kind in seconds
    )
    whole = sum(seconds.values()) / 3600
    text = f"about {whole / slots:.1f} hours on {slots} core(s) ({whole:.1f} core hours: {listed}), as the micro ablation took"
    return Finding("ok", "cost", text)


KINDS = {
    "train": "training",
    "evaluate": "evaluation",
    "answers": "the base's own answers",
    "attend": "attention",
}


CPU_KINDS = {**KINDS, "rows": "sets and mixtures"}


def _tasks_of(material: Material, stages: list[str]) -> dict[str, Task]:
    """The stages and evaluations of one arm, at all its seeds."""
    arm = tuple(stages)
    return {name: task for name, task in material.tasks.items() if _is_of(task, arm)}


def _is_of(task: Task, arm: tuple[str, ...]) -> bool:
    if task.kind in ("evaluate", "attend"):
        return task.stages == arm and bool(arm or task.checkpoint == BASE)
    return task.kind == "train" and task.stages == arm[: len(task.stages)]


def _spent(material: Material, arm_tasks: Mapping[str, Task], hours: Mapping[str, float | None]) -> str:
    known = [estimate for name in arm_tasks if (estimate := hours[name]) is not None]
    return (
        f", at most {_shown(sum(known))} {material.recipe.launch.gpu} hours"
        if material.card and len(known) == len(arm_tasks)
        else ""
    )


def _hours(material: Material, task: Task) -> float | None:
    if material.card is None:
        return None
    shape = _shape(material, task)
    if shape is None:
        return None
    if task.kind == "train":
        stage = material.recipe.stages[task.stages[-1]]
        return _stage_hours(material, stage, task.amount, shape, material.card.rate)
    if task.kind == "attend":
        asked = [material.recipe.evaluate[part["label"]] for part in task.config["parts"]]
        longest = max(evaluation.max_new_tokens for evaluation in asked)
        seconds = task.amount * shape.forward(longest) / (material.card.rate * TRAINING)
        return max(seconds, _started(shape, task.amount / longest)) / 3600  # a pass a response and context
    longest = max(part.config["max_new_tokens"] for part in task.parts)
    seconds = task.amount * shape.forward(longest) / (material.card.rate * GENERATION)
    if material.recipe.launch.engine == "transformers":
        steps = task.amount / min(part.config["batch_size"] for part in task.parts)
        seconds = max(seconds, _started(shape, steps, RECORDED_LAYER))
    return seconds / 3600


def _shape(material: Material, task: Task) -> Shape | None:
    """The shape of the model that a task runs: one that is evaluated as it is, or what its stages train."""
    return (
        material.shapes[task.checkpoint]
        if task.checkpoint in material.shapes
        else material.shape_after(task.stages)
    )


def _stage_hours(material: Material, stage: Stage, tokens: int, shape: Shape, rate: float) -> float:
    """Hours of one card; `tokens` are those trained on. Prompts of rollouts are left out, and a LoRA's gradients of weights."""
    args = material.args(stage)
    passes = (3 if stage.lora is None else 2) + bool(args["gradient_checkpointing"])
    length = args["max_length"] or 0
    batches = material.steps(stage) * args["gradient_accumulation_steps"] * material.recipe.launch.processes
    generated = 0.0
    if stage.rolls_out:
        length = args["max_completion_length"]
        passes += 1 + (stage.trainer == "grpo" and bool(args["beta"]))
        generated = _rollout_seconds(material, args, tokens, shape, rate)
    trained = passes * tokens * shape.forward(length) / (rate * TRAINING)
    return (max(trained, _started(shape, passes * batches)) + generated) / 3600


def _rollout_seconds(
    material: Material, args: Mapping[str, Any], tokens: int, shape: Shape, rate: float
) -> float:
    drawn = tokens / args["num_iterations"]
    computed = drawn * shape.forward(args["max_completion_length"]) / (rate * GENERATION)
    if args["use_vllm"]:
        return computed
    processes = material.recipe.launch.processes
    steps = drawn / generation_batch(args, processes) * processes
    return max(computed, _started(shape, steps, RECORDED_LAYER))


def _started(shape: Shape, passes: float, layer: float = LAYER) -> float:
    """Seconds in which the kernels of so many passes are started, at so many a `layer`."""
    return passes * shape.layers * layer


def _shown(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:.2g}"


def _rounded(tokens: int) -> str:
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if tokens >= size:
            return f"{tokens / size:.3g} {unit} tokens"
    return f"{tokens} tokens"
