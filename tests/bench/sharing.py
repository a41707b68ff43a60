"""The papers' seven arms as one ablation against seven separate runs: what is saved by training shared stages once.

    python tests/bench/sharing.py [--run RUN]

Cost is the plan's own, in trained tokens, as it weighs them (recipes/plan/task.py: a token of GRPO is 0.7 of one of SFT, one
of evaluation 0.5), at full length where lengths are not known before. Seven runs train `sft` and
`sft_if` twice each, and evaluate a shared stage's checkpoints twice; stages after those, and evaluations of final
checkpoints, are nobody else's. `--run`: seconds of a run folder's tasks, from the file times of its command and
done.json, two tasks side by side: those a copy of the folder keeps only if told to.
"""

import argparse
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from reins.recipes.plan.plan import plan
from reins.recipes.plan.task import Task
from reins.recipes.recipe.schema import Recipe, load

ROOT = Path(__file__).parents[2]
RECIPES = ("recipes/micro/ablation.yaml", "recipes/qwen/qwen2.5-1.5b.yaml")
ARMS = ("base", "sft", "rl", "sft_rl", "sft_if", "rl_if", "sft_rl_if")
COUNTED = {
    "training": ("train",),
    "training and data": ("train", "build", "mix", "answers"),
    "all, evaluation too": ("train", "build", "mix", "answers", "evaluate"),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, help="a finished run folder of the micro recipe")
    asked = parser.parse_args()
    for name in RECIPES:
        print(f"{name}, cost by plan")
        compare(load(ROOT / name), lambda task: task.cost, 1e6, "M tokens")
    if asked.run:
        print(f"{RECIPES[0]}, seconds measured")
        missing: set[str] = set()
        compare(load(ROOT / RECIPES[0]), lambda task: seconds(asked.run, task, missing), 1, "s")
        print(f"  not in the folder, counted as nothing: {', '.join(sorted(missing)) or 'none'}")


def compare(recipe: Recipe, cost: Callable[[Task], float], unit: float, said: str) -> None:
    with tempfile.TemporaryDirectory() as run:
        together = plan(recipe, Path(run), ARMS, recipe.seeds[:1])
        apart = [plan(recipe, Path(run), [arm], recipe.seeds[:1]) for arm in ARMS]
    for what, kinds in COUNTED.items():
        once = total(together.values(), kinds, cost)
        often = sum(total(tasks.values(), kinds, cost) for tasks in apart)
        print(f"  {what}: {once / unit:,.1f} {said} against {often / unit:,.1f}, ratio {once / often:.2f}")
    stages = [task for task in together.values() if task.kind == "train"]
    for task in stages:
        arms = sum(task.name in tasks for tasks in apart)
        print(f"    {task.name:<22} {cost(task) / unit:,.1f} {said}, for {arms} of the runs")


def total(tasks: Collection[Task], kinds: Collection[str], cost: Callable[[Task], float]) -> float:
    return sum(cost(task) for task in tasks if task.kind in kinds)


def seconds(run: Path, task: Task, missing: set[str]) -> float:
    """From its start to its end; a task that the folder does not have goes into `missing`."""
    folder = run / Path(*task.folder.parts[-2:])
    if not (folder / "done.json").exists():
        missing.add(task.name)
        return 0.0
    return (folder / "done.json").stat().st_mtime - (folder / "command").stat().st_mtime


if __name__ == "__main__":
    main()
