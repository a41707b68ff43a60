"""The tasks that ask a model: the base's answers to a set, checkpoints evaluated, and models as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...eval.io.run_paths import ANY_STEP, checkpoint_name, name_on_the_way, unconstrained
from ...eval.sample.vllm_arguments import VllmArguments
from ...eval.verify.decision import DIRECT
from ..recipe.sets import AnswersSet
from .asking import SizedPart, evaluated_part, sample_settings, sized_part
from .estimate import saved, steps
from .outcome import code
from .recipe_run import Model, RecipeRun
from .task import Task


def answers(run: RecipeRun, name: str, source: Task) -> Task:
    """The base's own answers to the set that `name` is made `of`, which `source` builds: in its mode, or in two."""
    dataset = run.recipe.data[name]
    assert isinstance(dataset, AnswersSet)
    folder = run.paths.answers(name)
    folders = {dataset.mode: folder}
    if dataset.compares:
        folders = {mode: run.paths.answers(name, mode) for mode in (dataset.mode, DIRECT)}
    parts = [
        sized_part(
            run, dataset.of, place, sample_settings(dataset.of, mode, dataset, dataset.constraints), source
        )
        for mode, place in folders.items()
    ]
    return replace(_task(run, f"answers {name}", folder, run.base, dataset.seed, parts), kind="answers")


def last(
    run: RecipeRun,
    stages: Sequence[str],
    seed: int,
    sets: Mapping[str, Task],
    trained: Task | None,
    modes: Sequence[str] = (),
) -> Task:
    """These sets, in all their modes or only in `modes`, also without constraints, asked of the checkpoint after `stages`."""
    name = checkpoint_name(stages, seed)
    model = replace(run.base, location=str(run.paths.final(name))) if stages else run.base
    task = _evaluation(run, name, model, seed, sets, modes)
    needs = (*task.needs, *([trained.name] if trained else []))
    return replace(task, needs=needs, stages=tuple(stages))


def as_it_is(run: RecipeRun, name: str, sets: Mapping[str, Task]) -> Task:
    """The same of one of the recipe's `models`."""
    model, server = run.recipe.models[name], run.recipe.launch.server_of(name)
    task = _evaluation(run, name, Model.opened(model, server), run.recipe.seeds[0], sets)
    if server is None:
        return task
    if server.tokenizer:
        server = server.model_copy(update={"tokenizer": str(Model.opened(server.tokenizer).location)})
    cost = f", at most {server.price.of_replies(task.amount)} and the prompts" if server.price else ""
    config = {**task.config, "server": server.model_dump(mode="json")}
    return replace(task, config=config, note=task.note + cost)


def wanted_steps(run: RecipeRun, stage: str, row_tokens: float | None) -> dict[str, list[int]]:
    """By set the steps of a stage whose checkpoints it is asked of, before the stage's last; sets of none left out."""
    settings = run.recipe.stages[stage]
    on_the_way = saved(settings, steps(settings, run.recipe.launch.processes, row_tokens))
    wanted = {
        name: _chosen_steps(on_the_way, evaluation.checkpoints)
        for name, evaluation in run.recipe.evaluate.items()
    }
    return {name: chosen for name, chosen in wanted.items() if chosen}


def _chosen_steps(on_the_way: list[int], checkpoints: str | list[int]) -> list[int]:
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
    parts = []
    for set_name, source in sets.items():
        mode, members = evaluate[set_name].modes[0], evaluate[set_name].checkpoints
        folder = run.paths.evaluation(name_on_the_way(name, ANY_STEP), set_name, mode)
        sized = evaluated_part(run, set_name, mode, name, folder, seed, source, plain=False)
        if sized is None:
            continue
        part = replace(sized.part, config={**sized.part.config, "checkpoints": members}, members=members)
        parts.append(
            SizedPart(part, len(wanted[set_name]) * sized.samples, len(wanted[set_name]) * sized.tokens)
        )
    model = replace(run.base, location=str(run.paths.stage(name)))
    task = _task(run, f"eval {name} along", run.paths.along(name), model, seed, parts)
    count = len({step for chosen in wanted.values() for step in chosen})
    return replace(
        task,
        needs=(*task.needs, trained.name),
        note=f"{count} checkpoint(s), {task.note}",
        stages=tuple(stages),
        checkpoint=name,
        along=True,
    )


def _evaluation(
    run: RecipeRun,
    name: str,
    model: Model,
    seed: int,
    sets: Mapping[str, Task],
    modes: Sequence[str] = (),
) -> Task:
    parts = []
    for set_name, source in sets.items():
        evaluation = run.recipe.evaluate[set_name]
        for plain in (False, True)[: 1 + evaluation.plain]:
            label = unconstrained(set_name) if plain else set_name
            for mode in modes or evaluation.modes:
                folder = run.paths.evaluation(name, label, mode)
                parts.append(evaluated_part(run, set_name, mode, name, folder, seed, source, plain=plain))
    asked = [part for part in parts if part is not None]
    task = _task(run, f"eval {name}", run.paths.evaluated(name), model, seed, asked)
    return replace(task, checkpoint=name)


def _task(
    run: RecipeRun, name: str, folder: Path, model: Model, seed: int, parts: Sequence[SizedPart]
) -> Task:
    launch, preset = run.recipe.launch, run.recipe.preset
    common = {"seed": seed, "preset": preset, "engine": launch.engine, "threads": launch.threads}
    vllm = launch.vllm if launch.engine == "vllm" else VllmArguments()
    most = sum(sized.tokens for sized in parts)
    return Task(
        kind="evaluate",
        name=name,
        folder=folder,
        module="reins.eval.run",
        config={"model": model.location, **common, "vllm": vllm.stated, "world_size": launch.engines},
        spec={**common, **vllm.deciding, "base": model.hashed, "code": code(launch.engine)},
        needs=tuple(dict.fromkeys(name for sized in parts for name in sized.part.needs)),
        amount=most,
        judge=code("judge"),
        note=f"{sum(sized.samples for sized in parts):,} samples, at most {most:,} tokens",
        seed=seed,
        launch=_several(launch.engines),
        env=run.env,
        processes=launch.asking,
        parts=tuple(sized.part for sized in parts),
    )


def _several(processes: int) -> tuple[str, ...]:
    """How so many processes are started that share a task; they meet on a port that is free."""
    each = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes))
    return each if processes > 1 else ()
