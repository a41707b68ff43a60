"""A recipe as jobs of a Slurm cluster: a script for every stage and evaluation, each waiting for what it needs.

A script starts `reins` itself for its tasks, which decides by done.json what is left to do: so it may be requeued (and
requeues itself two minutes before its time is up), and submitting again submits only what is missing.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...eval.io.errors import InputError
from ...eval.io.files import write_text
from ..plan.task import BUILD, Task
from ..recipe.files import locate
from ..recipe.schema import Recipe, dump
from ..recipe.yaml_file import read_yaml

REPORT = "report"


@dataclass(frozen=True)
class Job:
    """Tasks that one allocation does, after the jobs in `needs`; `stage`: with all the GPUs of the recipe."""

    name: str
    tasks: tuple[str, ...]
    needs: tuple[str, ...]
    gpus: int
    stage: bool = False


def jobs(recipe: Recipe, tasks: Mapping[str, Task], done: Mapping[str, str]) -> list[Job]:
    """The jobs for what is not done, in an order in which they can be submitted.

    Sets that need no model share one job without a GPU; a set of a model's answers is built where they were sampled.
    """
    _check(recipe)
    left = [task for name, task in tasks.items() if name not in done]
    place: dict[str, str] = {}
    for task in left:
        before = [place[need] for need in task.needs if need in place]
        alone = task.module != BUILD or len(set(before) - {"data"}) > 1
        place[task.name] = (
            task.name.replace(" ", "-") if alone else (set(before) - {"data"} or {"data"}).pop()
        )
    found = []
    for name in dict.fromkeys(place.values()):
        own = [task for task in left if place[task.name] == name]
        needs = {place[need] for task in own for need in task.needs if need in place} - {name}
        stage = any(task.mixture is not None for task in own)
        gpus = (
            _gpus(recipe) if stage else int(any(task.module != BUILD for task in own) and _gpus(recipe) > 0)
        )
        found.append(Job(name, tuple(task.name for task in own), tuple(sorted(needs)), gpus, stage))
    if recipe.evaluate:
        evals = [job.name for job in found if job.tasks[0].startswith("eval ")]
        found.append(Job(REPORT, (REPORT,), tuple(evals), 0))
    return found


def scripts(recipe: Recipe, folder: Path, found: Sequence[Job]) -> dict[Path, str]:
    """Where each job's script goes, and its text."""
    return {folder / "slurm" / f"{job.name}.sh": _script(recipe, folder, job) for job in found}


def submit(recipe: Recipe, folder: Path, found: Sequence[Job]) -> None:
    """Write the scripts and submit them, each to start when those that it needs have ended well.

    Raises InputError where there is no sbatch, and with its words where it refuses a script.
    """
    if shutil.which("sbatch") is None:
        raise InputError(
            "--launch slurm",
            "no sbatch here",
            "give it on a cluster's login node, or --dry-run to see the scripts",
        )
    write_text(folder / "recipe.yaml", dump(recipe))
    numbers: dict[str, str] = {}
    for job, (file, text) in zip(found, scripts(recipe, folder, found).items(), strict=True):
        write_text(file, text)
        # A job of the same name that was submitted before and is still there goes first.
        after = ["singleton", *(f"afterok:{numbers[need]}" for need in job.needs)]
        command = ["sbatch", "--parsable", f"--dependency={','.join(after)}", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise InputError(file, f"sbatch refused it: {' '.join(done.stderr.split())}", "mend launch.slurm")
        numbers[job.name] = done.stdout.strip().partition(";")[0]
        print(f"{numbers[job.name]:<10} {job.name}", flush=True)


def _check(recipe: Recipe) -> None:
    file = locate(recipe.launch.accelerate)
    machines = read_yaml(file).get("num_machines", 1)
    if machines != recipe.launch.slurm.nodes:
        raise InputError(
            "launch.slurm.nodes",
            f"{recipe.launch.slurm.nodes}, but {file} is for {machines}",
            "give the same to both",
        )


def _gpus(recipe: Recipe) -> int:
    """GPUs of each node that a stage's job asks for."""
    if read_yaml(locate(recipe.launch.accelerate)).get("use_cpu"):
        return 0
    return recipe.launch.slurm.gpus or recipe.launch.processes // recipe.launch.slurm.nodes


def _script(recipe: Recipe, folder: Path, job: Job) -> str:
    slurm, launch = recipe.launch.slurm, recipe.launch
    nodes = slurm.nodes if job.stage else 1
    asked = {
        "job-name": f"{recipe.name}.{job.name}",
        "output": folder / "slurm" / f"{job.name}.out",
        "open-mode": "append",
        "partition": slurm.partition,
        "account": slurm.account,
        "time": slurm.time,
        "nodes": nodes,
        "ntasks-per-node": 1,
        "cpus-per-task": launch.threads * (launch.processes // nodes if job.stage else 1),
        "gpus-per-node": job.gpus or None,
        "kill-on-invalid-dep": "yes",
        "signal": "B:USR1@120",
    }
    options = [f"#SBATCH --{key}={value}" for key, value in asked.items() if value is not None]
    reins = [
        sys.executable,
        "-m",
        "reins.recipes.cli",
        "run",
        str(folder / "recipe.yaml"),
        "--out",
        str(folder),
    ]
    command = [*reins, *(part for name in job.tasks for part in ("--task", name))]
    rendezvous = [
        'export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)',
        "export MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))",
        "export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK",
    ]
    lines = [
        *("#!/bin/bash", *options, "#SBATCH --requeue"),
        f"cd {shlex.quote(os.getcwd())}",
        *([slurm.setup.strip()] if slurm.setup else []),
        *(rendezvous if nodes > 1 else []),
        "trap 'scontrol requeue \"$SLURM_JOB_ID\"' USR1",
        f"{shlex.join(command)} &",
        "wait $!",
    ]
    return "\n".join(lines) + "\n"
