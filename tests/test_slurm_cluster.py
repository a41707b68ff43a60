"""Jobs through the real sbatch, on a cluster of one node that is brought up for it (`slurm_cluster.py`)."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slurm_cluster import cluster, missing

RECIPE = """
name: {name}
base: base
data:
  traces: {{builder: micro.traces, rows: 24}}
  composite: {{builder: micro.composites, rows: 6}}
stages:
  sft: {{trainer: sft, data: {{traces: 1.0}}, args: {{
    per_device_train_batch_size: 4, max_steps: {steps}, save_steps: {save_steps}, save_total_limit: 2,
    learning_rate: 1e-4, lr_scheduler_type: constant}}}}
arms: {{base: [], sft: [sft]}}
evaluate:
  composite: {{samples: 2, max_new_tokens: 24, checkpoints: last}}
launch: {{accelerate: recipes/accelerate/cpu.yaml, slurm: {{partition: main, time: '1:00:00', mem: 1G}}}}
"""
ENDLESS = 1_000_000  # steps
LIMIT = 300  # seconds for anything to come about
pytestmark = [pytest.mark.slow, pytest.mark.skipif(missing() is not None, reason=missing() or "")]


@pytest.fixture(scope="module", autouse=True)
def slurm() -> Iterator[None]:
    with cluster() as found_by, pytest.MonkeyPatch.context() as patch:
        for name, value in {**found_by, "OMP_NUM_THREADS": "1"}.items():
            patch.setenv(name, value)
        yield


def run(*arguments: str) -> None:
    command = [sys.executable, "-m", "reins.recipes.cli", "run", "recipe.yaml", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def asked(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def jobs(recipe: str) -> dict[str, dict[str, str]]:
    """What Slurm says of each job of a recipe, by its name; of jobs of one name, the one submitted last."""
    lines = [
        line for line in asked("scontrol", "show", "job", "--oneliner").splitlines() if "JobName=" in line
    ]
    said = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]
    mine = sorted(
        (job for job in said if job["JobName"].startswith(f"{recipe}.")), key=lambda j: int(j["JobId"])
    )
    return {job["JobName"].removeprefix(f"{recipe}."): job for job in mine}


def wait(recipe: str, what: Callable[[], object]) -> None:
    until = time.monotonic() + LIMIT
    while not what():
        if time.monotonic() > until:
            outputs = [file.read_text() for file in Path("runs", recipe, "slurm").glob("*.out")]
            raise TimeoutError("\n".join([str(jobs(recipe)), *outputs]))
        time.sleep(0.2)


def submit(recipe: str, steps: int, save_steps: int, *more: str) -> None:
    Path("recipe.yaml").write_text(RECIPE.format(name=recipe, steps=steps, save_steps=save_steps))
    run("--launch", "slurm", *more)


def ended(recipe: str) -> dict[str, str]:
    """Wait until no job of a recipe is in the queue; their states."""
    wait(
        recipe,
        lambda: not {"PENDING", "RUNNING", "COMPLETING"} & {job["JobState"] for job in jobs(recipe).values()},
    )
    return {name: job["JobState"] for name, job in jobs(recipe).items()}


def whole_checkpoints(recipe: str) -> list[Path]:
    return list(Path("runs", recipe, "stages/sft-s0").glob("checkpoint-*/whole.json"))


def said_by_the_stage(recipe: str) -> str:
    file = Path("runs", recipe, "stages/sft-s0/output.txt")
    return file.read_text() if file.exists() else ""


def set_minutes(recipe: str, left: int) -> None:
    """Change the time limit of the stage's job, so that it has at most these minutes from now, and at least one less."""
    job = jobs(recipe)["stage-sft-s0"]
    hours, minutes, _ = map(int, job["RunTime"].split(":"))
    asked("scontrol", "update", f"JobId={job['JobId']}", f"TimeLimit={60 * hours + minutes + left}")


def processes_of(recipe: str) -> list[str]:
    return [line for line in asked("ps", "-eo", "args").splitlines() if f"runs/{recipe}/" in line]


def test_requeued_in_mid_training_it_ends_in_the_results_of_a_plain_run(world: Path) -> None:
    submit("chained", 60, 10)
    wait("chained", lambda: whole_checkpoints("chained"))
    asked("scontrol", "requeue", jobs("chained")["stage-sft-s0"]["JobId"])
    assert not Path("runs/chained/stages/sft-s0/done.json").exists()
    run("--out", "runs/plain")
    names = ("data", "eval-base", "stage-sft-s0", "eval-sft-s0", "report")
    assert ended("chained") == dict.fromkeys(names, "COMPLETED")
    assert jobs("chained")["stage-sft-s0"]["Restarts"] == "1"
    assert "reins: what waits" not in Path("runs/chained/slurm/stage-sft-s0.out").read_text()
    assert "goes on from runs/chained/stages/sft-s0/checkpoint-" in said_by_the_stage("chained")
    results = [Path("runs", run, "report/results.json").read_bytes() for run in ("chained", "plain")]
    assert results[0] == results[1]


def test_told_that_time_is_up_a_job_goes_on_if_it_got_further_and_else_ends_with_those_behind(
    world: Path,
) -> None:
    """One stage saves in its time and one does not; in the end the first is cancelled, and leaves nothing behind."""
    submit("saving", ENDLESS, 20, "--arm", "sft")
    submit("unsaved", ENDLESS, ENDLESS, "--arm", "sft")
    wait("saving", lambda: whole_checkpoints("saving"))
    wait("unsaved", lambda: "'loss'" in said_by_the_stage("unsaved"))
    for recipe in ("saving", "unsaved"):
        set_minutes(recipe, 2)
    wait("saving", lambda: jobs("saving")["stage-sft-s0"]["Restarts"] == "1")
    set_minutes("saving", 60)
    wait(
        "saving", lambda: "goes on from runs/saving/stages/sft-s0/checkpoint-" in said_by_the_stage("saving")
    )
    assert "reins: what waits" not in Path("runs/saving/slurm/stage-sft-s0.out").read_text()
    asked("scancel", jobs("saving")["stage-sft-s0"]["JobId"])
    behind = {"data": "COMPLETED", "eval-sft-s0": "CANCELLED", "report": "CANCELLED"}
    assert ended("saving") == {**behind, "stage-sft-s0": "CANCELLED"}
    assert ended("unsaved") == {**behind, "stage-sft-s0": "FAILED"}
    assert jobs("unsaved")["stage-sft-s0"]["ExitCode"] == "3:0"
    lines = Path("runs/unsaved/slurm/stage-sft-s0.out").read_text().splitlines()
    assert lines[-2].startswith("reins: stage sft-s0: no checkpoint since this job started")
    assert lines[-1].startswith("reins: what waits for this job ends with it: eval-sft-s0, report;")
    wait("saving", lambda: not processes_of("saving") + processes_of("unsaved"))
