"""Which tasks a recipe comes to, in an order that can be run, and the same as a text to read before it starts."""

from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from ...eval.io.errors import InputError, nearest
from ..recipe.resolve import references
from ..recipe.schema import AnswersSet, Recipe
from .estimate import mixed, row_tokens
from .task import Task, checkpoint, shell
from .tasks import Tasks


def plan(recipe: Recipe, run: Path, arms: Sequence[str] = (), seeds: Sequence[int] = ()) -> dict[str, Task]:
    """Tasks by name, each after those it needs; `arms` and `seeds` restrict them (none: all).

    Raises InputError on an arm or a seed that the recipe does not have, and where it has no arms.
    """
    known = [*recipe.arms, *recipe.models]
    if not known:
        raise InputError(recipe.name, "no arms to run", "`reins build` makes its data")
    for arm in arms:
        if arm not in known:
            raise InputError(f"--arm {arm}", f"no such arm in {recipe.name}", nearest(arm, known))
    for seed in seeds:
        if seed not in recipe.seeds:
            raise InputError(f"--seed {seed}", f"not a seed of {recipe.name}", f"give one of {recipe.seeds}")
    gathered = _Gathered(recipe, run)
    for seed in seeds or recipe.seeds:
        for arm in arms or known:
            if arm in recipe.models:
                gathered.model(arm)
            else:
                gathered.arm(recipe.arms[arm], seed)
    return gathered.tasks


def plan_data(recipe: Recipe, run: Path, names: Sequence[str]) -> dict[str, Task]:
    """The tasks that build these sets (none: all), and the sets that they are made from."""
    for name in names:
        if name not in recipe.data:
            raise InputError(name, f"no such set in {recipe.name}", nearest(name, recipe.data))
    gathered = _Gathered(recipe, run)
    for name in names or recipe.data:
        gathered.data(name)
    return gathered.tasks


class _Gathered:
    """Tasks by name, each put in after those it needs."""

    def __init__(self, recipe: Recipe, run: Path) -> None:
        self.recipe, self.run, self.make = recipe, run, Tasks(recipe, run)
        self.tasks: dict[str, Task] = {}
        self.row_tokens: dict[str, float | None] = {}

    def data(self, name: str) -> None:
        for other in references(self.recipe, name):
            self.data(other)
        if isinstance(self.recipe.data[name], AnswersSet):
            self._add(self.make.answers(name))
        self._add(self.make.data(name))

    def arm(self, stages: Sequence[str], seed: int) -> None:
        """The stages of an arm and the evaluation of its last; the base has no seed, so it takes the first."""
        for length in range(1, len(stages) + 1):
            self.stage(stages[:length], seed)
        if self.recipe.evaluate:
            self._evaluated()
            self._add(self.make.evaluation(stages, seed if stages else self.recipe.seeds[0]))

    def stage(self, stages: Sequence[str], seed: int) -> None:
        """The last of these stages, and the evaluation of its checkpoints on the way."""
        stage = self.recipe.stages[stages[-1]]
        for name, share in {**stage.data, **stage.add}.items():
            if share:
                self.data(name)
            if name not in self.row_tokens:
                self.row_tokens[name] = row_tokens(self.recipe, name, self.run)
        mean = mixed(stage, self.row_tokens)
        self._add(self.make.stage(stages, seed, mean))
        if along := self.make.along(stages, seed, mean):
            self._evaluated()
            self._add(along)

    def model(self, name: str) -> None:
        """The evaluation of a model as it is."""
        if self.recipe.evaluate:
            self._evaluated()
            self._add(self.make.of_model(name))

    def _evaluated(self) -> None:
        for name in self.recipe.evaluate:
            self.data(name)

    def _add(self, task: Task) -> None:
        self.tasks.setdefault(task.name, task)


def chains(tasks: Mapping[str, Task], costs: Mapping[str, float]) -> dict[str, float]:
    """The cost of the longest chain of tasks that starts with each."""
    longest: dict[str, float] = {}
    for task in reversed(list(tasks.values())):
        after = [longest[other.name] for other in tasks.values() if task.name in other.needs]
        longest[task.name] = costs[task.name] + max(after, default=0.0)
    return longest


def outline(recipe: Recipe, run: Path, tasks: Mapping[str, Task], done: Container[str]) -> str:
    """The plan to read before it starts: every task, how much there is to do, which arms it serves, its command."""
    launch = recipe.launch
    lines = [
        f"{recipe.name}: {_what(recipe)}, seeds {recipe.seeds}, in {run}",
        f"side by side: {launch.side_by_side} stage(s) of {launch.processes} process(es), or {launch.slots} other tasks",
        "tokens: `about` is rows seen by the mean of a few of their rows, `at most` is everything at its full length",
    ]
    for kind in ("data", "answers", "stage", "eval"):
        group = [task for task in tasks.values() if task.name.split()[0] == kind]
        total = f", {sum(task.tokens for task in group):,} tokens" if kind != "data" else ""
        lines += ["", f"{kind}: {len(group)} task(s){total}"] * bool(group)
        for task in group:
            state = "done" if task.name in done else "to do"
            lines.append(f"  {state:<6} {task.name:<28} {task.note}{_serves(recipe, task.name)}")
    lines += ["", "commands", *(f"  {shell(task.command, task.env)}" for task in tasks.values())]
    return "\n".join(lines)


def _what(recipe: Recipe) -> str:
    arms = f"{len(recipe.arms)} arms of {recipe.base}" if recipe.arms else ""
    return " and ".join(
        filter(None, [arms, f"{len(recipe.models)} models as they are" * bool(recipe.models)])
    )


def _serves(recipe: Recipe, task: str) -> str:
    """The arms that a stage is part of: trained once for all of them."""
    arms = {
        arm
        for arm, stages in recipe.arms.items()
        for length in range(1, len(stages) + 1)
        for seed in recipe.seeds
        if task == f"stage {checkpoint(stages[:length], seed)}"
    }
    if not arms:
        return ""
    return ", for " + ", ".join(arm for arm in recipe.arms if arm in arms) + " (once)" * (len(arms) > 1)
