"""A rehearsal: a recipe run whole on a CPU, on a tiny random model, before anything is paid for.

Every stage takes two steps on two processes, is stopped after the first save and resumed, and must end in the same
weights as without the stop; everything is evaluated and reported. What differs from the recipe is printed first: model,
lengths, batches, rows, device. Where the hub cannot be reached, stand-in rows with its columns take its sets' place.
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...eval.io.errors import InputError
from ...eval.io.files import sha256_of
from ...eval.io.run_paths import DONE, LOCK, PROGRESS, RunPaths, saved_checkpoints
from ...eval.sample.modes.few_shot import EXAMPLES
from ...eval.sample.modes.names import parse_mode
from ..engine.execute import TaskFailed, execute
from ..engine.places import is_run
from ..engine.run import report, working_in
from ..plan.plan import plan
from ..plan.task import Task
from ..recipe.files import locate
from ..recipe.resolve import check
from ..recipe.schema import Recipe
from . import stand_ins, tiny_model

PROCESSES = 2
EVALUATED = 4  # rows
# A model of random weights is right on nothing, so what is kept, or labelled, for that reason is kept for being answered at all.
OF_GOOD_ANSWERS, OF_ANSWERS = ("undecided", "worth_thinking"), "own_answers"
BOTH = {
    "max_steps": 2,
    "save_strategy": "steps",
    "save_steps": 1,
    "logging_steps": 1,
    "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 1,
}
ARGS: dict[str, dict[str, Any]] = {
    "sft": {**BOTH, "max_length": 512},
    "pretrain": {**BOTH, "max_length": 512},
    "grpo": {**BOTH, "num_generations": 2, "max_completion_length": 24},
    "distill": {**BOTH, "max_completion_length": 24},
}
# What stays out of a rehearsal because it needs a GPU, or because it belongs to a batch of another size.
LEFT_OUT = (
    *("use_vllm", "vllm_", "use_transformers_", "use_liger", "torch_compile", "deepspeed", "fsdp"),
    *("bf16", "fp16", "tf32", "padding_free", "steps_per_generation", "generation_batch_size"),
)
MODEL_LEFT_OUT = ("attn_implementation", "dtype")
ANSWERS = {"samples": 8, "max_new_tokens": 32, "batch_size": 16}  # many, since random text is seldom whole
SAMPLING = {"samples": 2, "max_new_tokens": 24, "batch_size": 16}
LAUNCH = {
    "accelerate": "recipes/accelerate/cpu_ddp.yaml",
    "processes": PROCESSES,
    "side_by_side": max(1, min(4, (os.cpu_count() or 1) // (2 * PROCESSES))),
    "threads": 1,
    "engine": "transformers",
}


def rehearse(
    recipe: Recipe, source: Path, folder: Path, arms: Sequence[str] = (), seeds: Sequence[int] = ()
) -> None:
    """Rehearse a checked recipe, or the part of these arms and seeds, in a folder of its own, emptied first.

    Raises InputError where something in the recipe is refused, TaskFailed where a step of it fails.
    """
    if recipe.launch.engine == "openai":
        raise InputError(
            "launch.engine", "openai: nothing stands in for a server", "`reins check` asks it what it has"
        )
    online = tiny_model.hub_answers()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if not online:
        os.environ["HF_HUB_OFFLINE"] = "1"
    if folder.exists() and not is_run(folder):
        raise InputError(
            folder, "not made by a rehearsal, which would empty it", "move it away, or give another --out"
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / LOCK).touch()  # from here on it is a run's
    for model, place in _models(recipe, folder).items():
        tiny_model.make(str(locate(model)), place)
    small = check(reduced(recipe, folder, online), source)
    print("\n".join(["rehearsal: what differs from the recipe", *differences(recipe, small), ""]), flush=True)
    tasks = plan(small, folder, arms, seeds)
    with working_in(folder, small, tasks) as group:
        trained = _train_twice(tasks, RunPaths(folder), small.launch.slots, group)
        execute(tasks, RunPaths(folder), small.launch.slots, group)
        if small.evaluate:
            report(small, folder, tasks)
    evaluations = sum(bool(task.parts) for task in tasks.values())
    resumed = f"{trained} stages trained by {PROCESSES} processes, each resumed to the same weights; "
    print(f"rehearsal of {recipe.name}: {resumed * bool(trained)}{evaluations} evaluations; all went well")


def _train_twice(tasks: Mapping[str, Task], run: RunPaths, slots: int, group: int) -> int:
    """Train every stage whole, and again from its first save; return how many there are."""
    stages = {name: task for name, task in tasks.items() if task.kind == "train" and task.amount}
    needed = _with_needed(tasks, stages)
    execute(needed, run, slots, group)
    before = {name: _weights(run, task) for name, task in stages.items()}
    for task in stages.values():
        _forget_the_end(run, task)
    execute(needed, run, slots, group)
    for name, task in stages.items():
        if _weights(run, task) != before[name]:
            raise TaskFailed(f"{name}: resumed, it ends in other weights than without a stop")
    return len(stages)


def reduced(recipe: Recipe, folder: Path, online: bool) -> Recipe:
    """The recipe as it is rehearsed in this folder."""
    content = recipe.model_dump(mode="json")
    rows = _rows(recipe)
    models = {model: str(place) for model, place in _models(recipe, folder).items()}
    content["name"] = f"{recipe.name}.rehearsal"
    content["base"] = models.get(recipe.base, "")
    content["models"] = {name: models[model] for name, model in recipe.models.items()}
    for name in recipe.data:
        content["data"][name] = _set(recipe, name, rows, models, None if online else folder / "stand_ins")
    for name, stage in content["stages"].items():
        if not recipe.stages[name].trains:
            continue
        stage["rows"] = rows
        stage["architecture"] = None  # it need not fit the tiny model's other numbers
        stage["args"] = _args(recipe.stages[name].trainer, stage["args"])
    for evaluation in content["evaluate"].values():
        evaluation |= {key: min(value, evaluation[key]) for key, value in SAMPLING.items()}
        if evaluation["checkpoints"] != "last":
            evaluation["checkpoints"] = "all"
    content["launch"] |= LAUNCH
    content["track"]["mode"] = "disabled" if recipe.track.mode == "disabled" else "offline"
    return Recipe.model_validate(content)


def differences(recipe: Recipe, other: Recipe) -> list[str]:
    """`key (of these): old → new`, a line for every value that differs, alike ones together."""
    old, new = dict(_flat(recipe.model_dump(mode="json"))), dict(_flat(other.model_dump(mode="json")))
    alike: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for key in [*old, *(key for key in new if key not in old)]:
        old_value, new_value = (str(side.get(key, "—")) for side in (old, new))
        if old_value != new_value:
            kind, _, within = key.partition(".")
            name, _, leaf = within.partition(".")
            grouped = kind in ("data", "stages", "evaluate") and leaf
            alike[f"{kind}.*.{leaf}" if grouped else key, old_value, new_value].append(
                name if grouped else ""
            )
    return [
        f"  {key}{f' ({_listed(names)})' if names[0] else ''}: {old_value} → {new_value}"
        for (key, old_value, new_value), names in alike.items()
    ]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _models(recipe: Recipe, folder: Path) -> dict[str, Path]:
    """The models of a recipe, and where the tiny ones in their place are."""
    named = dict.fromkeys([recipe.base, *recipe.models.values()])
    return {model: folder / "models" / model.rstrip("/").split("/")[-1] for model in named if model}


def _rows(recipe: Recipe) -> int:
    """Rows of a stage, so many that the smallest share of a set in any stage is one."""
    shares = [
        share
        for stage in recipe.stages.values()
        for share in (*stage.data.values(), *stage.add.values())
        if share
    ]
    return max(8, *(round(1 / share + 0.5) for share in shares)) if shares else EVALUATED


def _set(
    recipe: Recipe, name: str, rows: int, models: Mapping[str, str], local: Path | None
) -> dict[str, Any]:
    """A set with fewer rows; builders that read the hub's get stand-ins in the folder `local`."""
    dataset = recipe.data[name].model_dump(mode="json")
    if dataset.get("builder") in OF_GOOD_ANSWERS:
        dataset["builder"] = OF_ANSWERS
    for key in ("keep", "ties"):
        dataset.pop(key, None)
    trains = any(name in (*stage.data, *stage.add) for stage in recipe.stages.values())
    answered = any(name == other.model_dump().get("of") for other in recipe.data.values())
    wanted = 2 * rows if answered else rows if trains or name not in recipe.evaluate else EVALUATED
    wanted = max(wanted, _most_shown(recipe, name))
    dataset["rows"] = min(wanted, dataset["rows"] or wanted)
    if "of" in dataset:
        dataset |= ANSWERS
    if "tokenizer" in dataset:
        dataset["tokenizer"] = models.get(dataset["tokenizer"], models.get(recipe.base, dataset["tokenizer"]))
    return stand_ins.offline(dataset, local, 8 * max(rows, EVALUATED), 0) if local else dataset


def _most_shown(recipe: Recipe, name: str) -> int:
    """How many rows of a set of examples a few-shot mode shows at once, at most."""
    texts = [text for each in recipe.evaluate.values() if each.examples == name for text in each.modes]
    modes = [mode for mode in map(parse_mode, texts) if mode.needs == "examples"]
    return max((mode.number or EXAMPLES for mode in modes), default=0)


def _args(trainer: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's arguments for two steps on a CPU, every save at the end of what was generated together."""
    kept = {key: value for key, value in args.items() if not key.startswith(LEFT_OUT)}
    changed = dict(ARGS[trainer])
    if iterations := kept.get("num_iterations"):
        changed |= {"save_steps": iterations, "max_steps": 2 * iterations}
    if "model_init_kwargs" in kept:
        wanted = kept["model_init_kwargs"] or {}
        changed["model_init_kwargs"] = {
            key: value for key, value in wanted.items() if key not in MODEL_LEFT_OUT
        }
    if kept.get("save_total_limit"):
        changed["save_total_limit"] = max(2, kept["save_total_limit"])
    if "8bit" in str(kept.get("optim")) or "paged" in str(kept.get("optim")):
        changed["optim"] = "adamw_torch"
    return {**kept, **changed}


def _with_needed(tasks: Mapping[str, Task], wanted: Mapping[str, Task]) -> dict[str, Task]:
    """These tasks and all that they need, in the order of the plan."""
    needed_names = set(wanted)
    for name in reversed(list(tasks)):
        if name in needed_names:
            needed_names |= set(tasks[name].needs)
    return {name: task for name, task in tasks.items() if name in needed_names}


def _weights(run: RunPaths, stage: Task) -> str:
    return sha256_of(sorted(run.final(stage.checkpoint).glob("*.safetensors")))


def _forget_the_end(run: RunPaths, stage: Task) -> None:
    """Leave a stage as one that was killed after its first save."""
    if not saved_checkpoints(stage.folder):
        raise TaskFailed(f"{stage.name}: saved no checkpoint to resume from")
    for file in (DONE, PROGRESS):
        (stage.folder / file).unlink()
    shutil.rmtree(run.final(stage.checkpoint))
