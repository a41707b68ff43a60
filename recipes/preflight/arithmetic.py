"""Numbers that must fit each other before anything starts: batches, processes, steps, checkpoints, disk."""

import shutil
from collections.abc import Iterator

from ..plan.estimate import checkpoints, saved
from ..recipe.files import locate
from ..recipe.launch_files import processes, wrapper
from ..recipe.resolve import SPARE
from ..recipe.schema import Stage
from ..recipe.yaml_file import read_yaml
from .finding import Finding
from .material import Material

FEW = 10  # updates that teach nothing


def batch(look: Material) -> Iterator[Finding]:
    """What one update is made of, on this number of processes."""
    count = look.recipe.launch.processes
    for name, stage in look.stages.items():
        args = look.args(stage)
        step = args["per_device_train_batch_size"] * count
        update = step * args["gradient_accumulation_steps"]
        how = f"{args['per_device_train_batch_size']} x {count} process(es) x {args['gradient_accumulation_steps']}"
        if stage.trainer == "sft":
            rows = sum(look.taken(stage).values())
            said = f"{name}: {update} {'bins' if args['packing'] else 'rows'} an update ({how})"
            if not args["packing"] and update > rows:
                yield Finding("FAIL", "batch", f"{said}, but only {rows} rows", "lower the batch or add rows")
                continue
        else:
            whole = args["generation_batch_size"] or step * (
                args["steps_per_generation"] or args["gradient_accumulation_steps"]
            )
            groups, size = whole // args["num_generations"], args["num_generations"]
            said = f"{name}: {groups} prompts x {size} a generation, {whole / update:g} update(s) of {update} on it ({how})"
            if groups > (stage.rows or 0):
                yield Finding("FAIL", "batch", f"{said}, but only {stage.rows} rows", "lower it or add rows")
                continue
            if size == 1:
                yield Finding("FAIL", "batch", f"{said}: a group of one has no advantage", "2 or more")
                continue
            if whole % update and update % whole:
                fix = "make steps_per_generation a multiple of gradient_accumulation_steps, or the other way"
                yield Finding("warn", "batch", f"{said}: updates mix old rollouts with new ones", fix)
                continue
        yield Finding("ok", "batch", said)


def launch(look: Material) -> Iterator[Finding]:
    """The processes and the wrapper that the launch file promises."""
    asked, file = look.recipe.launch.processes, locate(look.recipe.launch.accelerate)
    kind, promised = wrapper(file), processes(file)
    said = f"{file.name}: {kind}, {promised} process(es); the recipe asks for {asked}"
    if kind == "none" and asked > 1:
        yield Finding(
            "FAIL", "launch", f"{said}; without a wrapper each would train alone", "ddp.yaml, or 1 process"
        )
    elif kind != "none" and asked == 1:
        yield Finding("warn", "launch", f"{said}; nothing to wrap", "single_gpu.yaml or cpu.yaml")
    elif promised not in (None, asked):
        yield Finding("warn", "launch", f"{said}, which wins", "make them agree")
    else:
        yield Finding("ok", "launch", said)
    slurm, machines = look.recipe.launch.slurm, read_yaml(file).get("num_machines", 1)
    if slurm.gpus and slurm.nodes * slurm.gpus != asked:
        text = f"slurm: {slurm.nodes} node(s) of {slurm.gpus} GPUs for {asked} process(es)"
        yield Finding("FAIL", "launch", text, "as many GPUs as processes")
    elif slurm.model_fields_set and slurm.nodes != machines:
        text = f"slurm: {slurm.nodes} node(s), {file.name} is for {machines}"
        yield Finding("FAIL", "launch", text, f"launch.slurm.nodes: {machines}, or another file")


def updates(look: Material) -> Iterator[Finding]:
    """Enough of them, and a schedule that fits in."""
    for name, stage in look.stages.items():
        args, count = look.args(stage), look.steps(stage)
        warmup = args.get("warmup_steps", 0)
        if count < FEW:
            yield Finding("warn", "steps", f"{name}: {count} updates", "more rows, or a smaller batch")
        elif warmup >= count:
            yield Finding(
                "FAIL", "steps", f"{name}: warmup_steps {warmup} of {count} updates", "a share, as 0.1"
            )
        elif epochs(look, stage) > 10:
            seen = f"{epochs(look, stage):.0f} times"
            yield Finding(
                "warn", "steps", f"{name}: every row is seen {seen} in {count} updates", "more rows"
            )
        else:
            yield Finding("ok", "steps", f"{name}: {count} updates, {epochs(look, stage):.2g} epoch(s)")


def epochs(look: Material, stage: Stage) -> float:
    """How often a row is trained on."""
    args = look.args(stage)
    if args["max_steps"] <= 0:
        return args["num_train_epochs"]
    free = stage.model_copy(update={"args": stage.args | {"max_steps": -1, "num_train_epochs": 1.0}})
    return args["max_steps"] / max(look.steps(free), 1)


def kept(look: Material) -> Iterator[Finding]:
    """Checkpoints that evaluation asks for must be saved, and not deleted again."""
    wanted = {
        name: one.checkpoints for name, one in look.recipe.evaluate.items() if one.checkpoints != "last"
    }
    for name, stage in look.stages.items():
        unlimited = {key: value for key, value in stage.args.items() if key != "save_total_limit"}
        made = saved(stage.model_copy(update={"args": unlimited}), look.steps(stage))
        left = saved(stage, look.steps(stage))
        for of, which in wanted.items():
            asked = made if which == "all" else list(which)
            if lost := sorted({*asked} & {*made} - {*left}):
                text = f"{name}: {of} asks for {len(lost)} checkpoint(s) that save_total_limit deletes, {lost[0]} first"
                fix = f"take the limit out, or evaluate.{of}.checkpoints: last"
                yield Finding("FAIL", "checkpoints", text, fix)
            elif asked and not {*asked} & {*made}:
                text = f"{name}: saves none of the steps {asked} that {of} asks for"
                yield Finding("warn", "checkpoints", text, "name multiples of save_steps")
            else:
                yield Finding(
                    "ok", "checkpoints", f"{name}: {len({*asked} & {*left})} along the way for {of}"
                )


def disk(look: Material) -> Iterator[Finding]:
    """Room for weights, and for the optimizer's state beside them, of every checkpoint that stays."""
    if look.shape is None:
        return
    needed = 0.0
    for stages in dict.fromkeys(
        tuple(arm.stages[:n]) for arm in look.recipe.arms.values() for n in range(1, len(arm.stages) + 1)
    ):
        stage = look.recipe.stages[stages[-1]]
        trained = 0.02 if stage.lora is not None else 1.0
        each = 4 * look.shape.parameters * (1 + 2 * trained)
        needed += 4 * look.shape.parameters + each * checkpoints(stage, look.steps(stage))
    needed *= len(look.recipe.seeds)
    here = next(place for place in (look.folder, *look.folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(here).free
    said = f"about {needed / 2**30:,.1f} GiB of checkpoints, {free / 2**30:,.1f} free here"
    if needed + SPARE > free:
        yield Finding("FAIL", "disk", said, "save_total_limit: 2, fewer arms at a time, or --out elsewhere")
    else:
        yield Finding("ok", "disk", said)
