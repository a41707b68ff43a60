"""The tasks that ask a model: the base's answers to a set, checkpoints evaluated, and models as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ...eval.io.run_paths import ANY_STEP, checkpoint_name, name_on_the_way, unconstrained
from ...eval.sample.settings import Sampling
from ..recipe.schema import AnswersSet
from .estimate import saved, steps
from .outcome import code
from .recipe_run import Model, RecipeRun
from .task import Part, Task


class Asked(NamedTuple):
    """A set asked in one way, with how many samples and at most how many tokens that comes to."""

    part: Part
    samples: int
    tokens: int


def answers(run: RecipeRun, name: str, source: Task) -> Task:
    """The base's own answers to the set that `name` is made `of`, which `source` builds."""
    dataset = run.recipe.data[name]
    assert isinstance(dataset, AnswersSet)
    folder = run.paths.answers(name)
    how = _how(dataset.of, dataset.mode, dataset, dataset.constraints)
    asked = [_asked(run, dataset.of, folder, how, source)]
    return replace(_ask(run, f"answers {name}", folder, run.base, dataset.seed, asked), kind="answers")


def last(
    run: RecipeRun, stages: Sequence[str], seed: int, sets: Mapping[str, Task], trained: Task | None
) -> Task:
    """Every set of `evaluate`, in every mode and also without constraints, asked of the checkpoint after `stages`."""
    name = checkpoint_name(stages, seed)
    model = replace(run.base, location=str(run.paths.final(name))) if stages else run.base
    task = _evaluation(run, name, model, seed, sets)
    needs = (*task.needs, *([trained.name] if trained else []))
    return replace(task, needs=needs, stages=tuple(stages))


def as_it_is(run: RecipeRun, name: str, sets: Mapping[str, Task]) -> Task:
    """The same of one of the recipe's `models`."""
    return _evaluation(run, name, Model.opened(run.recipe.models[name]), run.recipe.seeds[0], sets)


def wanted_steps(run: RecipeRun, stage: str, row_tokens: float | None) -> dict[str, list[int]]:
    """By set the steps of a stage whose checkpoints it is asked of, before the stage's last; sets of none left out."""
    settings = run.recipe.stages[stage]
    on_the_way = saved(settings, steps(settings, run.recipe.launch.processes, row_tokens))
    wanted = {
        name: _of(on_the_way, evaluation.checkpoints) for name, evaluation in run.recipe.evaluate.items()
    }
    return {name: chosen for name, chosen in wanted.items() if chosen}


def _of(on_the_way: list[int], checkpoints: str | list[int]) -> list[int]:
    if isinstance(checkpoints, str):
        return on_the_way if checkpoints == "all" else []
    return [step for step in on_the_way if step in checkpoints]


def along(
    run: RecipeRun,
    stages: Sequence[str],
    seed: int,
    sets: Mapping[str, Task],
    trained: Task,
    wanted: Mapping[str, Sequence[int]],
) -> Task:
    """These sets, each in its first mode, asked of the checkpoints that a stage saves before its last.

    Which there are is known once it is trained: the task's process looks.
    """
    name, evaluate = checkpoint_name(stages, seed), run.recipe.evaluate
    asked = []
    for of, source in sets.items():
        mode, members = evaluate[of].modes[0], evaluate[of].checkpoints
        folder = run.paths.evaluation(name_on_the_way(name, ANY_STEP), of, mode)
        each = _asked(run, of, folder, _how(of, mode, evaluate[of], True), source)
        part = replace(each.part, config={**each.part.config, "checkpoints": members}, members=members)
        asked.append(Asked(part, len(wanted[of]) * each.samples, len(wanted[of]) * each.tokens))
    model = replace(run.base, location=str(run.paths.stage(name)))
    task = _ask(run, f"eval {name} along", run.paths.along(name), model, seed, asked)
    count = len({step for chosen in wanted.values() for step in chosen})
    return replace(
        task,
        needs=(*task.needs, trained.name),
        note=f"{count} checkpoint(s), {task.note}",
        stages=tuple(stages),
        checkpoint=name,
        along=True,
    )


def _evaluation(run: RecipeRun, name: str, model: Model, seed: int, sets: Mapping[str, Task]) -> Task:
    asked = []
    for of, source in sets.items():
        evaluation = run.recipe.evaluate[of]
        for label, full in [(of, True), (unconstrained(of), False)][: 1 + evaluation.plain]:
            for mode in evaluation.modes:
                how = _how(label, mode, evaluation, full)
                asked.append(_asked(run, of, run.paths.evaluation(name, label, mode), how, source))
    task = _ask(run, f"eval {name}", run.paths.evaluated(name), model, seed, asked)
    return replace(task, checkpoint=name)


def _how(label: str, mode: str, sampling: Sampling, constraints: bool) -> dict[str, Any]:
    """All that decides a set's samples beside the model."""
    settings = {key: getattr(sampling, key) for key in Sampling.model_fields}
    return {"label": label, "mode": mode, "with_constraints": constraints, **settings}


def _asked(run: RecipeRun, name: str, folder: Path, how: Mapping[str, Any], source: Task) -> Asked:
    config = {"rows": str(run.paths.rows(name)), "out": str(folder), **how}
    samples: int = source.amount * how["samples"]
    return Asked(Part(folder, config, how, source.name), samples, samples * how["max_new_tokens"])


def _ask(run: RecipeRun, name: str, folder: Path, model: Model, seed: int, asked: Sequence[Asked]) -> Task:
    launch, preset = run.recipe.launch, run.recipe.preset
    common = {"seed": seed, "preset": preset, "engine": launch.engine, "threads": launch.threads}
    most = sum(each.tokens for each in asked)
    return Task(
        kind="evaluate",
        name=name,
        folder=folder,
        module="reins.eval.run",
        config={"model": model.location, **common, "world_size": 1},
        spec={**common, "base": model.hashed, "code": code(launch.engine)},
        needs=tuple(dict.fromkeys(each.part.needs for each in asked)),
        amount=most,
        judge=code("judge"),
        note=f"{sum(each.samples for each in asked):,} samples, at most {most:,} tokens",
        seed=seed,
        env=run.env,
        parts=tuple(each.part for each in asked),
    )
