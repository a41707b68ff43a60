"""The task that trains a stage."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...eval.io.files import sha256
from ...eval.io.run_paths import checkpoint_name
from ..recipe.files import locate
from ..recipe.launch_files import wrapper
from ..recipe.schema import Recipe, Stage
from ..recipe.yaml_file import read_yaml
from .estimate import added_rows, bytes_left, steps, tokens
from .outcome import code
from .recipe_run import RecipeRun
from .task import Task

CHANGES = ("lora", "architecture")  # of the model that is trained
OF_ITS_ROWS = ("data", "add", "rows")  # what decides a stage only by the rows that are mixed for it


def stage(
    run: RecipeRun,
    stages: Sequence[str],
    seed: int,
    row_tokens: float | None,
    mixture: Task,
    parent: Task | None,
    teacher: Task | None = None,
) -> Task:
    """The last of these stages, trained from what `parent` leaves on a `mixture` of rows of about `row_tokens` tokens.

    `parent` and `teacher` are None where the base takes their place.
    """
    settings, launch = run.recipe.stages[stages[-1]], run.recipe.launch
    name, file = checkpoint_name(stages, seed), locate(launch.accelerate)
    accelerate = read_yaml(file)
    machines = accelerate.get("num_machines", 1)
    updates = steps(settings, launch.processes, row_tokens)
    count, how = tokens(settings, launch.processes, row_tokens)
    return Task(
        kind="train",
        name=f"stage {name}",
        folder=run.paths.stage(name),
        module=f"reins.train.{settings.trainer}",
        config=_config(run, stages, seed, mixture) | _judge(run, settings) | _teacher(run, settings, teacher),
        spec=_spec(run, settings, seed),
        needs=tuple(dict.fromkeys(task.name for task in (parent, teacher, mixture) if task)),
        amount=count,
        note=f"{(settings.rows or 0) + added_rows(settings)} rows, {updates} steps, {how} {count:,} tokens",
        stages=tuple(stages),
        seed=seed,
        checkpoint=name,
        disk=bytes_left(settings, run.parameters(stages), updates),
        launch=("-m", "accelerate.commands.launch", *_accelerate(file, launch.processes, machines)),
        processes=launch.processes,
        machines=machines,
        env={**run.env, **({"ACCELERATE_USE_CPU": "true"} if accelerate.get("use_cpu") else {})},
    )


def between(run: RecipeRun, stages: Sequence[str], seed: int, parent: Task) -> Task:
    """The weights between the base's and those that `parent` leaves."""
    settings, name = run.recipe.stages[stages[-1]], checkpoint_name(stages, seed)
    config = {"trainer": settings.trainer, "base": run.base.location, "share": settings.share}
    before = str(run.paths.final(checkpoint_name(stages[:-1], seed)))
    spec = {"share": settings.share, "base": run.base.hashed, "code": code(settings.trainer)}
    return Task(
        kind="train",
        name=f"stage {name}",
        folder=run.paths.stage(name),
        module=f"reins.train.{settings.trainer}",
        config={**config, "model": before, "out": str(run.paths.stage(name))},
        spec=spec,
        needs=(parent.name,),
        amount=0,
        note=f"{settings.share:g} of the weights of {checkpoint_name(stages[:-1], seed)}, the rest the base's",
        stages=tuple(stages),
        seed=seed,
        checkpoint=name,
        disk=bytes_left(settings, run.parameters(stages), 0),
        env=run.env,
    )


def _spec(run: RecipeRun, settings: Stage, seed: int) -> dict[str, Any]:
    launch, judge = run.recipe.launch, _judge(run, settings)
    # Left out where it is the default: stages were hashed so before there was a choice
    judge = {} if judge.get("preset") == "reins" else judge
    return {
        "stage": _decides(settings),
        "seed": seed,
        "base": run.base.hashed,
        "launch": [sha256(locate(launch.accelerate)), launch.processes, launch.threads],
        "code": code(settings.trainer),
        **judge,
    }


def _judge(run: RecipeRun, settings: Stage) -> dict[str, str]:
    """What the rewards of a `grpo` stage judge by: the preset that its evaluation is scored by."""
    return {"preset": run.recipe.preset} if settings.trainer == "grpo" else {}


def _config(run: RecipeRun, stages: Sequence[str], seed: int, mixture: Task) -> dict[str, Any]:
    settings, launch = run.recipe.stages[stages[-1]], run.recipe.launch
    folder = str(run.paths.stage(checkpoint_name(stages, seed)))
    before = run.paths.final(checkpoint_name(stages[:-1], seed)) if stages[:-1] else run.base.location
    ours = {"output_dir": folder, "seed": seed, "data_seed": seed}
    return {
        "trainer": settings.trainer,
        "model": str(before),
        "rows": str(mixture.folder / "rows.jsonl"),
        "out": folder,
        "rewards": settings.rewards,
        **{key: value for key in CHANGES if (value := getattr(settings, key)) is not None},
        "args": {**settings.args, **_template(settings), **ours},
        "world_size": launch.processes,
        "wrapper": wrapper(locate(launch.accelerate)),
        "threads": launch.threads,
        "track": _track(run.recipe, stages, seed),
    }


def _teacher(run: RecipeRun, settings: Stage, teacher: Task | None) -> dict[str, Any]:
    """The model that a `distill` stage learns from."""
    place = run.paths.final(teacher.checkpoint) if teacher else run.base.location
    return {"teacher": str(place)} if settings.trainer == "distill" else {}


def _track(recipe: Recipe, stages: Sequence[str], seed: int) -> dict[str, Any]:
    return {
        **recipe.track.model_dump(),
        "group": recipe.name,
        "job_type": recipe.stages[stages[-1]].trainer,
        "name": f"{recipe.name}-{checkpoint_name(stages, seed)}",
        "tags": [".".join(stages), f"s{seed}"],
    }


def _template(settings: Stage) -> dict[str, str]:
    """Where the template that a stage's `args` may name is: it can be one that ships with the package."""
    named = settings.args.get("chat_template_path")
    return {"chat_template_path": str(locate(named))} if named else {}


def _decides(settings: Stage) -> dict[str, Any]:
    """What a stage's weights depend on beside its rows: of a template its contents, wherever it is."""
    said = settings.model_dump(mode="json", exclude=set(OF_ITS_ROWS))
    content = {key: value for key, value in said.items() if value is not None}
    contents = {key: sha256(Path(path)) for key, path in _template(settings).items()}
    return {**content, "args": {**content["args"], **contents}}


def _accelerate(file: Path, processes: int, machines: int) -> list[str]:
    """Two launches side by side must not meet on one port, so several processes take a free one."""
    port = ["--main_process_port", "0"] if processes > 1 else []
    if machines > 1:
        port = ["--machine_rank", "$SLURM_NODEID", "--main_process_ip", "$MASTER_ADDR"]
        port += ["--main_process_port", "$MASTER_PORT"]
    return ["--config_file", str(file), "--num_processes", str(processes), *port]
