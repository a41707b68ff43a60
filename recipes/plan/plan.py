"""Which tasks a recipe comes to, in an order in which they can be run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...eval.io.errors import InputError, nearest
from ...eval.io.run_paths import RunPaths, checkpoint_name
from ...eval.verify.decision import DECIDE
from ..recipe.modes import asked_both_ways
from ..recipe.resolve import references
from ..recipe.schema import Recipe
from ..recipe.sets import AnswersSet
from . import attend, evaluate, rows, train
from .estimate import mixed, row_tokens
from .recipe_run import RecipeRun
from .task import Task


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
    planned = Plan(recipe, run)
    for seed in seeds or recipe.seeds:
        for arm in arms or known:
            if arm in recipe.models:
                planned.model(arm)
            elif recipe.arms[arm].decides_for:
                planned.classifier(recipe.arms[arm].stages, seed)
            else:
                planned.arm(recipe.arms[arm].stages, seed)
    return planned.tasks


def plan_data(recipe: Recipe, run: Path, names: Sequence[str]) -> dict[str, Task]:
    """The tasks that build these sets (none: all), and the sets that they are made from."""
    for name in names:
        if name not in recipe.data:
            raise InputError(name, f"no such set in {recipe.name}", nearest(name, recipe.data))
    planned = Plan(recipe, run)
    for name in names or recipe.data:
        planned.set(name)
    return planned.tasks


class Plan:
    """Tasks by name, each put in once and after those it needs."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe = recipe
        self.run = RecipeRun.of(recipe, RunPaths(folder))
        self.tasks: dict[str, Task] = {}
        self._sets: dict[str, Task] = {}
        self._row_tokens: dict[str, float | None] = {}

    def set(self, name: str) -> Task:
        """A set, after those that it is made from and the answers that it holds."""
        if name in self._sets:  # or sets that many others refer to would be planned once a path to them
            return self._sets[name]
        sources = [self.set(other) for other in references(self.recipe, name)]
        if isinstance(self.recipe.data[name], AnswersSet):
            sources.append(self._add(evaluate.answers(self.run, name, sources[0])))
        self._sets[name] = self._add(rows.build(self.run, name, sources))
        return self._sets[name]

    def arm(self, stages: Sequence[str], seed: int, *, first: bool = False) -> None:
        """The stages of an arm and the evaluation of its last; the base has no seed, so it takes the first."""
        trained = self._stages(stages, seed)
        if self.recipe.evaluate:
            seed = seed if stages else self.recipe.seeds[0]
            if not first:
                self._replying(seed)
            self._attended(self._add(evaluate.last(self.run, stages, seed, self._evaluated(), trained)))

    def classifier(self, stages: Sequence[str], seed: int) -> None:
        """The stages of an arm that decides for another, and its decisions on the sets where there is a choice."""
        trained = self._stages(stages, seed, along=False)
        sets = {name: self.set(name) for name in asked_both_ways(self.recipe)}
        self._add(evaluate.last(self.run, stages, seed, sets, trained, [DECIDE]))

    def model(self, name: str) -> None:
        """The evaluation of a model as it is."""
        if self.recipe.evaluate:
            self._replying(self.recipe.seeds[0])
            self._attended(self._add(evaluate.as_it_is(self.run, name, self._evaluated())))

    def _attended(self, evaluated: Task) -> None:
        """Attention over what an evaluation's checkpoint has answered, where it is asked for."""
        if task := attend.attention(self.run, evaluated, self._evaluated()):
            self._add(task)

    def _stages(self, stages: Sequence[str], seed: int, *, along: bool = True) -> Task | None:
        """An arm's stages, each after the one before it; the last of them, or None where there is none."""
        trained = None
        for depth in range(1, len(stages) + 1):
            trained = self._stage(stages[:depth], seed, trained, along=along)
        return trained

    def _stage(self, stages: Sequence[str], seed: int, parent: Task | None, *, along: bool) -> Task:
        """The last of these stages, and (`along`) the evaluation of its checkpoints on the way."""
        if not self.recipe.stages[stages[-1]].trains:
            assert parent is not None
            return self._add(train.between(self.run, stages, seed, parent))
        mixture = self._mixture(stages[-1], seed)
        mean = self._mean_row_tokens(stages[-1])
        teacher = self._teacher(stages[-1], seed)
        stage = self._add(train.stage(self.run, stages, seed, mean, mixture, parent, teacher))
        if along and (wanted := evaluate.wanted_steps(self.run, stages[-1], mean)):
            sets = {name: task for name, task in self._evaluated().items() if name in wanted}
            self._add(evaluate.along(self.run, stages, seed, sets, stage, wanted))
        return stage

    def _teacher(self, name: str, seed: int) -> Task | None:
        """The last stage of the arm that a stage learns from; None where that is the base, or nobody."""
        arm = self.recipe.arms.get(self.recipe.stages[name].teacher or "")
        return self._stages(arm.stages if arm else [], seed)

    def _mixture(self, name: str, seed: int) -> Task:
        stage = self.recipe.stages[name]
        sets = {of: self.set(of) for of, share in {**stage.data, **stage.add}.items() if share}
        return self._add(rows.mix(self.run, name, seed, sets))

    def _mean_row_tokens(self, name: str) -> float | None:
        """Mean tokens of a stage's rows, from a few rows of each of its sets."""
        stage = self.recipe.stages[name]
        for of in {**stage.data, **stage.add}:
            if of not in self._row_tokens:
                self._row_tokens[of] = row_tokens(self.recipe, of, self.run.paths.root)
        return mixed(stage, self._row_tokens)

    def _evaluated(self) -> Mapping[str, Task]:
        """The sets that are evaluated; those of examples that their modes show are planned with them."""
        for evaluation in self.recipe.evaluate.values():
            if evaluation.examples:
                self.set(evaluation.examples)
        return {name: self.set(name) for name in self.recipe.evaluate}

    def _replying(self, seed: int) -> None:
        """Those whose replies others are shown come before them."""
        others = [evaluation.replies_of for evaluation in self.recipe.evaluate.values()]
        for name in dict.fromkeys(other for other in others if other):
            if name in self.recipe.models:
                self._add(evaluate.as_it_is(self.run, name, self._evaluated()))
            elif f"eval {checkpoint_name(self.recipe.arms[name].stages, seed)}" not in self.tasks:
                self.arm(self.recipe.arms[name].stages, seed, first=True)

    def _add(self, task: Task) -> Task:
        return self.tasks.setdefault(task.name, task)
