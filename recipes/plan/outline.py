"""A plan as a text to read before it starts."""

from collections.abc import Container, Mapping
from pathlib import Path

from ..recipe.schema import Recipe
from .task import Kind, Task, shell

HEADINGS: dict[Kind, str] = {
    "build": "data",
    "answers": "answers",
    "mix": "rows",
    "train": "stage",
    "evaluate": "eval",
    "attend": "attention",
}


def outline(recipe: Recipe, run: Path, tasks: Mapping[str, Task], done: Container[str]) -> str:
    """Every task, how much there is to do, which arms it serves, its command."""
    launch = recipe.launch
    lines = [
        f"{recipe.name}: {_what(recipe)}, seeds {recipe.seeds}, in {run}",
        f"side by side: {launch.side_by_side} stage(s) of {launch.processes} process(es), or {launch.slots} other tasks",
        "tokens: `about` is rows seen by the mean of a few of their rows, `at most` is everything at its full length",
    ]
    lines += [
        f"arm {name}: {', '.join(f'{factor} {value}' for factor, value in arm.factors.items())}"
        for name, arm in recipe.arms.items()
        if arm.factors
    ]
    for kind, heading in HEADINGS.items():
        group = [task for task in tasks.values() if task.kind == kind]
        tokens = [task.amount for task in group if task.needs_model]
        total = f", {sum(tokens):,} tokens" if tokens else ""
        lines += ["", f"{heading}: {len(group)} task(s){total}"] * bool(group)
        for task in group:
            state = "done" if task.name in done else "to do"
            lines.append(f"  {state:<6} {task.name:<28} {task.note}{_serves(recipe, task)}")
    lines += ["", "commands", *(f"  {shell(task.command, task.env)}" for task in tasks.values())]
    return "\n".join(lines)


def _what(recipe: Recipe) -> str:
    arms = f"{len(recipe.arms)} arms of {recipe.base}" if recipe.arms else ""
    models = f"{len(recipe.models)} models as they are" if recipe.models else ""
    return " and ".join(filter(None, [arms, models]))


def _serves(recipe: Recipe, task: Task) -> str:
    """The arms that a stage is part of: trained once for all of them."""
    if task.kind != "train":
        return ""
    serves = len(task.stages)
    arms = [name for name, arm in recipe.arms.items() if tuple(arm.stages[:serves]) == task.stages]
    return ", for " + ", ".join(arms) + " (once)" * (len(arms) > 1)
