"""A recipe as jobs of a Slurm cluster: a script for every stage and evaluation, each waiting for what it needs.

A script starts `reins` itself for its tasks, which decides by done.json what is left to do: so it may be requeued, and
submitting again submits only what is missing. Two minutes before its time is up it ends its tasks and requeues itself,
unless they kept nothing since it started: then it would begin at the same place for ever, and it ends as failed.
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
from ...eval.io.run_paths import RunPaths
from ..plan.task import Task
from ..recipe.files import locate
from ..recipe.schema import Recipe, dump
from ..recipe.slurm import NOTICE
from ..recipe.yaml_file import read_yaml
from .places import refuse_foreign

REPORT = "report"
# What a task that is ended goes on from: a whole checkpoint, samples made so far, attention measured so far, a part that is
# done. No log is among them, which every start writes anew.
KEPT = ("done.json", "whole.json", "responses*.jsonl", "measured.*.jsonl")
ROWS = "data"  # the job of all rows that need no model
RENDEZVOUS = (
    'export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)',
    "export MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))",
    "export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK",
)


@dataclass(frozen=True)
class Job:
    """Tasks that one allocation does, after the jobs in `needs`; `stage`: with all the GPUs of the recipe.

    `folders`, which may have a `*`, are where the tasks keep what they made.
    """

    name: str
    tasks: tuple[str, ...]
    needs: tuple[str, ...]
    folders: tuple[Path, ...]
    gpus: int
    stage: bool = False


def jobs(recipe: Recipe, tasks: Mapping[str, Task], done: Mapping[str, str]) -> list[Job]:
    """The jobs for what is not done, in an order in which they can be submitted.

    Rows that need no model share one job without a GPU; those made of a model's answers are made where it answered.
    """
    _check(recipe)
    left = {name: task for name, task in tasks.items() if name not in done}
    job_of = _assigned(left)
    # Tasks stand after those that they need; so do jobs, once the rows are first: what joins a job may need them too.
    names = sorted(dict.fromkeys(job_of.values()), key=lambda name: name != ROWS)
    needed = [_job(recipe, job, left, job_of) for job in names]
    if recipe.evaluate:
        evaluations = [job_of[name] for name, task in left.items() if task.kind in ("evaluate", "attend")]
        needed.append(Job(REPORT, (REPORT,), tuple(evaluations), (), 0))
    return needed


def _assigned(left: Mapping[str, Task]) -> dict[str, str]:
    """The name of the job of every task."""
    job_of: dict[str, str] = {}
    for task in left.values():
        with_model = {job_of[need] for need in task.needs if need in job_of} - {ROWS}
        if task.needs_model or len(with_model) > 1:
            job_of[task.name] = task.name.replace(" ", "-")
        else:
            job_of[task.name] = next(iter(with_model), ROWS)
    return job_of


def _job(recipe: Recipe, name: str, left: Mapping[str, Task], job_of: Mapping[str, str]) -> Job:
    tasks = [task for task in left.values() if job_of[task.name] == name]
    needs = {job_of[need] for task in tasks for need in task.needs if need in job_of} - {name}
    stage = any(task.kind == "train" for task in tasks)
    asking = max((task.processes for task in tasks if task.needs_model), default=0)
    gpus = _gpus(recipe) if asking else 0
    return Job(
        name,
        tuple(task.name for task in tasks),
        tuple(sorted(needs)),
        tuple(folder for task in tasks for folder in (task.folder, *(part.folder for part in task.parts))),
        gpus if stage or not gpus else asking,
        stage,
    )


def scripts(recipe: Recipe, folder: Path, waiting: Sequence[Job]) -> dict[Path, str]:
    """Where each job's script goes, and its text."""
    run = RunPaths(folder)
    return {run.job(job.name, "sh"): _script(recipe, run, job, _behind(job.name, waiting)) for job in waiting}


def _behind(name: str, waiting: Sequence[Job]) -> list[str]:
    """The jobs that wait for this one, directly or through others."""
    behind = [name]
    for job in waiting:  # each stands after those that it needs
        if set(job.needs) & set(behind):
            behind.append(job.name)
    return behind[1:]


def submit(recipe: Recipe, folder: Path, waiting: Sequence[Job]) -> None:
    """Write the scripts and submit them, each to start when those that it needs have ended well.

    Raises InputError where there is no sbatch, and with its words where it refuses a script.
    """
    if shutil.which("sbatch") is None:
        raise InputError(
            "--launch slurm",
            "no sbatch here",
            "give it on a cluster's login node, or --dry-run to see the scripts",
        )
    refuse_foreign({}, RunPaths(folder))
    write_text(RunPaths(folder).recipe, dump(recipe))
    numbers: dict[str, str] = {}
    for job, (file, text) in zip(waiting, scripts(recipe, folder, waiting).items(), strict=True):
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


def _script(recipe: Recipe, run: RunPaths, job: Job, behind: Sequence[str]) -> str:
    slurm = recipe.launch.slurm
    several = job.stage and slurm.nodes > 1
    lines = [
        "#!/bin/bash",
        *(
            f"#SBATCH --{key}={value}"
            for key, value in _options(recipe, run, job).items()
            if value is not None
        ),
        "#SBATCH --requeue",
        f"cd {shlex.quote(os.getcwd())}",
        *([slurm.setup.strip()] if slurm.setup else []),
        *(RENDEZVOUS if several else []),
        *_work(recipe, run, job),
        # 143 is SIGTERM: cancelled, or requeued by somebody else
        *([f"case $ended in 0 | 143) ;; *) {_say(_ends_with(behind))} ;; esac"] if behind else []),
        'exit "$ended"',
    ]
    return "\n".join(lines) + "\n"


def _work(recipe: Recipe, run: RunPaths, job: Job) -> list[str]:
    """Do the tasks; told that time is up, end them, and requeue the job if they kept anything."""
    started = shlex.quote(str(run.job(job.name, "started")))
    return [
        "told= ended=0",
        "trap told=yes USR1",
        f"touch {started}",
        f"{shlex.join(_command(run, job))} &",
        "wait $! || ended=$?",
        'if [ -n "$told" ]; then',
        "    kill $! 2> /dev/null && wait $!",
        "    ended=3",
        f'    if [ -n "$({_newer(started, run, job)})" ]; then',
        '        scontrol requeue "$SLURM_JOB_ID" && exit 0',
        "    else",
        f"        {_say(_no_further(recipe, job))}",
        "    fi",
        "fi",
    ]


def _newer(file: str, run: RunPaths, job: Job) -> str:
    """What prints what the job's tasks kept since this file was written."""
    folders = [str(folder) for folder in job.folders] or [str(run.report)]
    places = " ".join("*".join(map(shlex.quote, folder.split("*"))) for folder in folders)
    names = " -o ".join(f"-name '{name}'" for name in KEPT)
    return f"find {places} -newer {file} \\( {names} \\) 2> /dev/null"


def _say(text: str) -> str:
    return f"echo {shlex.quote(f'reins: {text}')} >&2"


def _no_further(recipe: Recipe, job: Job) -> str:
    fix = f"raise launch.slurm.time ({recipe.launch.slurm.time or 'not said'})"
    if job.stage:
        stage, fix = job.tasks[-1], f"lower its save_steps, or {fix}"
        return (
            f"{stage}: no checkpoint since this job started, so a requeue would begin at the same step; {fix}"
        )
    return f"{job.name}: nothing was kept since this job started, so a requeue would begin at the same place; {fix}"


def _ends_with(behind: Sequence[str]) -> str:
    return f"what waits for this job ends with it: {', '.join(behind)}; mend it and submit again"


def _options(recipe: Recipe, run: RunPaths, job: Job) -> dict[str, object]:
    """Of sbatch; None is left out."""
    slurm, launch = recipe.launch.slurm, recipe.launch
    nodes = slurm.nodes if job.stage else 1
    return {
        "job-name": f"{recipe.name}.{job.name}",
        "output": f'"{run.job(job.name, "out")}"',  # a folder may have a space in its name
        "open-mode": "append",
        "partition": slurm.partition,
        "account": slurm.account,
        "qos": slurm.qos,
        "constraint": slurm.constraint,
        "mem": slurm.mem,
        "time": slurm.time,
        "nodes": nodes,
        "ntasks-per-node": 1,
        "cpus-per-task": launch.threads * (launch.processes // nodes if job.stage else 1),
        "gres": slurm.gres if job.stage or not slurm.gpus_by_gres else None,
        "gpus-per-node": None if job.stage and slurm.gpus_by_gres else job.gpus or None,
        "kill-on-invalid-dep": "yes",
        "signal": f"B:USR1@{NOTICE}",
    }


def _command(run: RunPaths, job: Job) -> list[str]:
    """`reins` itself, for the tasks of a job."""
    reins = [sys.executable, "-m", "reins.recipes.cli", "run", str(run.recipe), "--out", str(run.root)]
    return [*reins, *(part for name in job.tasks for part in ("--task", name))]
