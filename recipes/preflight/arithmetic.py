"""Numbers that must fit each other before anything starts: batches, processes, steps, checkpoints, disk."""

import shutil
from collections.abc import Iterator

from ..plan.estimate import bytes_left, bytes_under, generation_batch, saved, update_size
from ..recipe.files import locate
from ..recipe.launch_files import processes, wrapper
from ..recipe.resolve import SPARE
from ..recipe.schema import Stage
from ..recipe.yaml_file import read_yaml
from .finding import Finding
from .material import Material

FEW = 10  # updates that teach nothing
MANY = 10  # epochs: a rule of thumb; published SFT on long traces takes 3 to 5
LOGGED = 10  # updates from one line of the log to the next, where nothing is said: TRL's default


def batch(material: Material) -> Iterator[Finding]:
    """What one update is made of, on this number of processes."""
    for name, stage in material.stages.items():
        yield (_rl_batch if stage.trainer == "grpo" else _plain_batch)(material, name, stage)


def _plain_batch(material: Material, name: str, stage: Stage) -> Finding:
    args, rows = material.args(stage), sum(material.taken(stage).values())
    update, product = _update(material, stage)
    summary = f"{name}: {update} {'bins' if args['packing'] else 'rows'} an update ({product})"
    if not args["packing"] and update > rows:
        return Finding("FAIL", "batch", f"{summary}, but only {rows} rows", "lower the batch or add rows")
    return Finding("ok", "batch", summary)


def _rl_batch(material: Material, name: str, stage: Stage) -> Finding:
    args = material.args(stage)
    update, product = _update(material, stage)
    generated = generation_batch(args, material.recipe.launch.processes)
    groups, size = generated // args["num_generations"], args["num_generations"]
    summary = f"{name}: {groups} prompts x {size} a generation, {generated / update:g} update(s) of {update} on it ({product})"
    if groups > (stage.rows or 0):
        return Finding("FAIL", "batch", f"{summary}, but only {stage.rows} rows", "lower it or add rows")
    if size == 1:
        return Finding("FAIL", "batch", f"{summary}: a group of one has no advantage", "2 or more")
    if generated % update and update % generated:
        fix = "make steps_per_generation a multiple of gradient_accumulation_steps, or the other way"
        return Finding("warn", "batch", f"{summary}: updates mix old rollouts with new ones", fix)
    return Finding("ok", "batch", summary)


def _update(material: Material, stage: Stage) -> tuple[int, str]:
    """Rows of one update, and the product that gives them."""
    args, count = material.args(stage), material.recipe.launch.processes
    size, accumulated = args["per_device_train_batch_size"], args["gradient_accumulation_steps"]
    return update_size(args, count), f"{size} x {count} process(es) x {accumulated}"


def launch(material: Material) -> Iterator[Finding]:
    """The processes and the wrapper that the launch file promises."""
    wanted, file = material.recipe.launch.processes, locate(material.recipe.launch.accelerate)
    wrapped, promised = wrapper(file), processes(file)
    summary = f"{file.name}: {wrapped}, {promised} process(es); the recipe asks for {wanted}"
    if wrapped == "none" and wanted > 1:
        yield Finding(
            "FAIL", "launch", f"{summary}; without a wrapper each would train alone", "ddp.yaml, or 1 process"
        )
    elif wrapped != "none" and wanted == 1:
        yield Finding("warn", "launch", f"{summary}; nothing to wrap", "single_gpu.yaml or cpu.yaml")
    elif promised not in (None, wanted):
        yield Finding("warn", "launch", f"{summary}, which wins", "make them agree")
    else:
        yield Finding("ok", "launch", summary)
    slurm, machines = material.recipe.launch.slurm, read_yaml(file).get("num_machines", 1)
    gpus = slurm.gpus or slurm.gpus_by_gres
    if gpus and slurm.nodes * gpus != wanted:
        text = f"slurm: {slurm.nodes} node(s) of {gpus} GPUs for {wanted} process(es)"
        yield Finding("FAIL", "launch", text, "as many GPUs as processes")
    elif slurm.model_fields_set and slurm.nodes != machines:
        text = f"slurm: {slurm.nodes} node(s), {file.name} is for {machines}"
        yield Finding("FAIL", "launch", text, f"launch.slurm.nodes: {machines}, or another file")


def updates(material: Material) -> Iterator[Finding]:
    """Enough of them, and a schedule that fits in."""
    for name, stage in material.stages.items():
        args, count = material.args(stage), material.steps(stage)
        warmup = args.get("warmup_steps", 0)
        if count < FEW:
            yield Finding("warn", "steps", f"{name}: {count} updates", "more rows, or a smaller batch")
        elif warmup >= count:
            yield Finding(
                "FAIL", "steps", f"{name}: warmup_steps {warmup} of {count} updates", "a share, as 0.1"
            )
        elif args.get("learning_rate") == 0:
            yield Finding("warn", "steps", f"{name}: learning_rate 0: nothing is learned", "a rate above 0")
        elif epochs(material, stage) > MANY:
            times = f"{epochs(material, stage):.0f} times"
            yield Finding(
                "warn", "steps", f"{name}: every row is seen {times} in {count} updates", "more rows"
            )
        else:
            yield Finding("ok", "steps", f"{name}: {count} updates, {epochs(material, stage):.2g} epoch(s)")


def logged(material: Material) -> Iterator[Finding]:
    """Guards see what is logged and nothing else: a stage that logs at its saves alone runs unseen in between."""
    for name, stage in material.stages.items():
        strategy, every = stage.args.get("logging_strategy", "steps"), stage.args.get("logging_steps", LOGGED)
        if strategy == "no" or (strategy == "steps" and every > max(material.steps(stage), LOGGED)):
            text = f"{name}: logs at its saves alone, and guards look at nothing but the log"
            yield Finding("warn", "log", text, "logging_steps: 10, or fewer")


def epochs(material: Material, stage: Stage) -> float:
    """How often a row is trained on."""
    args = material.args(stage)
    if args["max_steps"] <= 0:
        return args["num_train_epochs"]
    free = stage.model_copy(update={"args": stage.args | {"max_steps": -1, "num_train_epochs": 1.0}})
    return args["max_steps"] / max(material.steps(free), 1)


def kept(material: Material) -> Iterator[Finding]:
    """Checkpoints that evaluation asks for must be saved, and not deleted again."""
    checkpoints_of = {
        name: evaluation.checkpoints
        for name, evaluation in material.recipe.evaluate.items()
        if evaluation.checkpoints != "last"
    }
    for name, stage in material.stages.items():
        unlimited = {key: value for key, value in stage.args.items() if key != "save_total_limit"}
        all_saved = saved(stage.model_copy(update={"args": unlimited}), material.steps(stage))
        remaining = saved(stage, material.steps(stage))
        for set_name, members in checkpoints_of.items():
            steps = all_saved if members == "all" else list(members)
            if lost := sorted({*steps} & {*all_saved} - {*remaining}):
                text = f"{name}: {set_name} asks for {len(lost)} checkpoint(s) that save_total_limit deletes, {lost[0]} first"
                fix = f"take the limit out, or evaluate.{set_name}.checkpoints: last"
                yield Finding("FAIL", "checkpoints", text, fix)
            elif steps and not {*steps} & {*all_saved}:
                text = f"{name}: saves none of the steps {steps} that {set_name} asks for"
                yield Finding("warn", "checkpoints", text, "name multiples of save_steps")
            else:
                yield Finding(
                    "ok",
                    "checkpoints",
                    f"{name}: {len({*steps} & {*remaining})} along the way for {set_name}",
                )


def disk(material: Material) -> Iterator[Finding]:
    """Room for weights, and for the optimizer's state beside them, of every checkpoint that stays and is not there yet."""
    if material.shape is None:
        return
    needed = 0
    for task in material.tasks.values():
        if task.kind == "train":
            stage = material.recipe.stages[task.stages[-1]]
            shape = material.shape_after(task.stages) or material.shape
            whole = bytes_left(stage, shape.parameters, material.steps(stage))
            needed += max(whole - bytes_under(task.folder), 0)
    # The run folder may not be there yet: what counts is the disk of its nearest parent.
    existing = next(
        place for place in (material.folder, *material.folder.absolute().parents) if place.exists()
    )
    free = shutil.disk_usage(existing).free
    summary = f"about {needed / 2**30:,.1f} GiB of checkpoints to come, {free / 2**30:,.1f} free here"
    if needed + SPARE > free:
        yield Finding(
            "FAIL", "disk", summary, "save_total_limit: 2, fewer arms at a time, or --out elsewhere"
        )
    else:
        yield Finding("ok", "disk", summary)
