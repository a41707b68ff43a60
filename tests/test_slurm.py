"""Jobs of a cluster: scripts that resume, chained by what they need, submitted by an sbatch that is not one.

`test_slurm_cluster.py` submits them to one that is.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reins_command import refused
from reins_command import reins as asked
from tiny import make_tiny

from reins.eval.io.errors import InputError
from reins.recipes.engine import run
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import load

RECIPE = """
name: small
base: base
data:
  traces: {builder: micro.traces, rows: 24}
  problems: {builder: micro.problems, rows: 16}
  own: {builder: own_answers, of: problems, rows: 6, samples: 2, max_new_tokens: 48}
  composite: {builder: micro.composites, rows: 6}
stages:
  sft: {trainer: sft, data: {traces: 1.0}, args: &sft {
    per_device_train_batch_size: 4, max_steps: 2, save_steps: 1, learning_rate: 1e-3}}
  self: {trainer: sft, data: {own: 1.0}, args: *sft}
  rl: {trainer: grpo, data: {problems: 1.0}, rewards: {correct: 1.0, random: 1.0}, args: {
    max_steps: 2, save_steps: 1, per_device_train_batch_size: 8, num_generations: 4, max_completion_length: 24}}
arms: {base: [], sft_rl: [sft, rl], self: [self]}
evaluate:
  composite: {samples: 2, max_new_tokens: 24}
launch: {accelerate: recipes/accelerate/cpu.yaml, slurm: {partition: gpu, time: '1:00:00', setup: module load cuda}}
"""
ACCEPTS = """#!{python}
import json, os, subprocess, sys
calls = json.load(open("calls.json")) if os.path.exists("calls.json") else []
calls.append(sys.argv[1:])
json.dump(calls, open("calls.json", "w"))
if {runs}:
    subprocess.run(["bash", sys.argv[-1]], check=True, env=os.environ | {{"SLURM_JOB_ID": str(len(calls))}})
print(f"{{100 + len(calls)}};cluster")
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_tiny("base")
    Path("recipe.yaml").write_text(RECIPE)
    return tmp_path


def sbatch(monkeypatch: pytest.MonkeyPatch, *, runs: bool) -> None:
    """Put an sbatch on the PATH that notes how it was called, and, if it `runs`, does the job at once."""
    on_the_path(monkeypatch, "sbatch", ACCEPTS.format(python=sys.executable, runs=runs))


def on_the_path(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """A command of this name, with this script."""
    file = Path("bin", name).absolute()
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{file.parent}:{os.environ['PATH']}")


def reins(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reins.recipes.cli", "run", "recipe.yaml", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def submitted() -> dict[str, tuple[str, set[str]]]:
    """Job name to its number and the names of the jobs that it waits for."""
    calls = json.loads(Path("calls.json").read_text())
    names = [Path(call[-1]).stem for call in calls]
    found = {}
    for number, (name, call) in enumerate(zip(names, calls, strict=True), 101):
        (option,) = [part for part in call if part.startswith("--dependency=")]
        kinds = option.removeprefix("--dependency=").split(",")
        assert kinds[0] == "singleton"
        found[name] = str(number), {names[int(one.removeprefix("afterok:")) - 101] for one in kinds[1:]}
    return found


def test_each_job_waits_for_those_that_it_needs(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sbatch(monkeypatch, runs=False)
    done = reins("--launch", "slurm")
    assert done.returncode == 0, done.stderr
    waits = {name: needs for name, (_, needs) in submitted().items()}
    assert waits == {
        "data": set(),
        "eval-base": {"data"},
        "stage-sft-s0": {"data"},
        "eval-sft-s0-along": {"data", "stage-sft-s0"},
        "stage-sft.rl-s0": {"data", "stage-sft-s0"},
        "eval-sft.rl-s0-along": {"data", "stage-sft.rl-s0"},
        "eval-sft.rl-s0": {"data", "stage-sft.rl-s0"},
        "answers-own": {"data"},
        "stage-self-s0": {"answers-own"},
        "eval-self-s0-along": {"data", "stage-self-s0"},
        "eval-self-s0": {"data", "stage-self-s0"},
        "report": {name for name in waits if name.startswith("eval-")},
    }
    script = Path("runs/small/slurm/answers-own.sh").read_text()
    assert "#SBATCH --partition=gpu\n#SBATCH --time=1:00:00\n" in script and "\nmodule load cuda\n" in script
    assert "#SBATCH --requeue" in script and "--task 'answers own' --task 'data own'" in script
    assert all(
        subprocess.run(["bash", "-n", file], check=False).returncode == 0
        for file in Path("runs/small/slurm").glob("*.sh")
    )


def test_rows_that_join_the_job_of_answers_wait_for_the_job_of_all_rows(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What both are made of is done, and the set that they still need comes after the answers."""
    text = RECIPE.replace(
        "  composite: {b", "  writing: {builder: micro.traces, rows: 24, seed: 4}\n  composite: {b"
    )
    text = text.replace("{own: 1.0}", "{own: 0.5, writing: 0.5}, rows: 6")
    text = text.replace("arms: {base: [], sft_rl: [sft, rl], ", "arms: {base: [], ")
    Path("recipe.yaml").write_text(text)
    built = asked("build", "recipe.yaml", "problems", "composite", "--out", "runs/small")
    assert built.returncode == 0, built.stderr
    sbatch(monkeypatch, runs=False)
    done = reins("--launch", "slurm")
    assert done.returncode == 0, done.stderr
    waits = {name: needs for name, (_, needs) in submitted().items()}
    assert next(iter(waits)) == "data" and waits["answers-own"] == {"data"}
    assert "--task 'rows self-s0'" in Path("runs/small/slurm/answers-own.sh").read_text()


def test_a_job_has_the_cards_that_its_tasks_take(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    several = "recipes/accelerate/ddp.yaml, processes: 4, side_by_side: 2, engine: vllm, vllm: {data_parallel_size: 8}"
    text = RECIPE.replace("recipes/accelerate/cpu.yaml", several)
    text = text.replace(
        "{samples: 2, max_new_tokens: 24}", "{samples: 2, max_new_tokens: 24, attention: true}"
    )
    Path("recipe.yaml").write_text(text)
    done = reins("--launch", "slurm", "--dry-run", "--arm", "sft_rl")
    scripts = dict(part.split("\n", 1) for part in done.stdout.split("# runs/small/slurm/")[1:])
    asks = {"stage-sft-s0.sh": 4, "eval-sft.rl-s0.sh": 8, "attend-sft.rl-s0.sh": 1}
    for file, gpus in asks.items():
        assert f"#SBATCH --gpus-per-node={gpus}\n" in scripts[file]
    slots: list[int] = []
    monkeypatch.setattr(run, "execute", lambda tasks, paths, places, *rest: slots.append(places))
    recipe = check(load("recipe.yaml"), Path("recipe.yaml"))
    for name in ("stage sft-s0", "eval sft.rl-s0"):
        run.part(recipe, Path("runs/small"), [name])
    assert slots == [4, 8]


def test_a_dry_run_prints_the_scripts_and_a_machine_without_sbatch_is_one_line(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(world))
    done = reins("--launch", "slurm", "--dry-run")
    assert done.returncode == 0 and "# runs/small/slurm/stage-sft.rl-s0.sh\n#!/bin/bash\n" in done.stdout
    refused(reins("--launch", "slurm"), "no sbatch here")
    assert not Path("runs").exists()


def test_on_several_machines_every_node_is_told_who_it_is(world: Path) -> None:
    several = "accelerate: recipes/accelerate/two_node.yaml, processes: 16, threads: 2"
    text = RECIPE.replace("accelerate: recipes/accelerate/cpu.yaml", several)
    text = text.replace("per_device_train_batch_size: 8, num", "per_device_train_batch_size: 1, num")
    Path("recipe.yaml").write_text(text)
    assert "launch.slurm.nodes: 1, but" in reins("--launch", "slurm", "--dry-run").stderr
    Path("recipe.yaml").write_text(text.replace("{partition", "{nodes: 2, partition"))
    done = reins("--launch", "slurm", "--dry-run", "--arm", "sft_rl")
    scripts = dict(part.split("\n", 1) for part in done.stdout.split("# runs/small/slurm/")[1:])
    stage = scripts["stage-sft-s0.sh"]
    assert "--nodes=2\n" in stage and "--gpus-per-node=8\n" in stage and "--cpus-per-task=16\n" in stage
    assert "export MASTER_ADDR=" in stage and "MASTER_ADDR" not in scripts["eval-sft.rl-s0.sh"]
    plan = reins("--dry-run", "--arm", "sft_rl").stdout
    (command,) = [line for line in plan.splitlines() if "stages/sft-s0/config.yaml" in line]
    assert "srun --ntasks-per-node=1 bash -c" in command
    assert "--machine_rank $SLURM_NODEID --main_process_ip $MASTER_ADDR" in command
    assert "give --launch slurm" in reins("--arm", "sft_rl").stderr


def test_a_task_whose_needs_are_not_done_is_refused(world: Path) -> None:
    done = reins("--task", "stage sft.rl-s0")
    assert done.returncode == 2
    assert done.stderr == "reins: stage sft.rl-s0: needs stage sft-s0, rows rl-s0, not done; run that first\n"
    assert "did you mean 'stage sft-s0'" in reins("--task", "stage sft").stderr


def told_that_time_is_up(job: str, kept: str = "") -> subprocess.CompletedProcess[str]:
    """Do a job, which keeps this file meanwhile, and tell it at once."""
    script, started = (Path(f"runs/small/slurm/{job}.{suffix}") for suffix in ("sh", "started"))
    said = subprocess.PIPE
    child = subprocess.Popen(
        ["bash", str(script)], env=os.environ | {"SLURM_JOB_ID": "7"}, stderr=said, stdout=said, text=True
    )
    while not started.exists():
        time.sleep(0.01)
    if kept:
        Path(kept).parent.mkdir(parents=True, exist_ok=True)
        Path(kept).write_text("{}")
    child.send_signal(signal.SIGUSR1)
    out, errors = child.communicate()
    return subprocess.CompletedProcess(script, child.returncode, out, errors)


def test_a_job_whose_time_is_up_is_requeued_if_that_gets_it_further(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sbatch(monkeypatch, runs=False)
    Path("recipe.yaml").write_text(
        RECIPE.replace("max_new_tokens: 24}\nl", "max_new_tokens: 24, attention: true}\nl")
    )
    assert reins("--launch", "slurm", "--arm", "sft_rl").returncode == 0
    on_the_path(monkeypatch, "scontrol", '#!/bin/bash\necho "scontrol $*"\n')
    for job, kept in (
        ("stage-sft-s0", "runs/small/stages/sft-s0/checkpoint-1/whole.json"),
        ("eval-sft-s0-along", "runs/small/evals/sft-s0@1/composite.think/responses.partial-0.jsonl"),
        ("attend-sft.rl-s0", "runs/small/attention/sft.rl-s0/measured.composite.think.jsonl"),
    ):
        done = told_that_time_is_up(job, kept)
        assert (done.returncode, done.stdout) == (
            0,
            "scontrol requeue 7\n",
        ) and "ends with it" not in done.stderr
        Path(f"runs/small/slurm/{job}.started").unlink()
        stopped = told_that_time_is_up(job)
        assert (stopped.returncode, stopped.stdout) == (3, "")
        said = [line for line in stopped.stderr.splitlines() if line.startswith("reins: ")]
        no_further, ends = said[-2:]
        assert "since this job started, so a requeue would begin at the same" in no_further
        assert no_further.endswith("raise launch.slurm.time (1:00:00)")
        assert ("lower its save_steps" in no_further) == job.startswith("stage")
        assert ends.endswith("report; mend it and submit again")


@pytest.mark.parametrize(
    ("time", "what"),
    [
        ("'4'", "give 5 minutes at least"),
        ("'4:59'", "give 5 minutes at least"),
        ("0:02:00", "give 5 minutes at least"),
        ("0-0:04", "give 5 minutes at least"),
        ("tomorrow", "give minutes, hours:minutes:seconds or days-hours"),
        ("1:00:00:00", "give minutes, hours:minutes:seconds or days-hours"),
        ("-1", "valid string"),
    ],
)
def test_a_time_that_ends_as_it_starts_is_refused(tmp_path: Path, time: str, what: str) -> None:
    (tmp_path / "r.yaml").write_text(f"name: k\nlaunch: {{slurm: {{time: {time}}}}}\n")
    with pytest.raises(InputError, match=f"launch.slurm.time: got .*{what}"):
        load(tmp_path / "r.yaml")


def test_such_a_time_is_one_line_of_check_and_of_the_run(world: Path) -> None:
    Path("recipe.yaml").write_text(RECIPE.replace("'1:00:00'", "0:02:00"))
    for command in (["run", "recipe.yaml", "--launch", "slurm"], ["check", "recipe.yaml"]):
        refused(asked(*command), "recipe.yaml: launch.slurm.time: got '0:02:00'; give 5 minutes at least")


@pytest.mark.parametrize("time", ["'5'", "'5:00'", "0:05:00", "0-1", "1-0:0", "1-0:0:0", "'0'", "UNLIMITED"])
def test_every_form_of_a_time_that_sbatch_reads_is_taken(tmp_path: Path, time: str) -> None:
    (tmp_path / "r.yaml").write_text(f"name: k\nlaunch: {{slurm: {{time: {time}}}}}\n")
    assert load(tmp_path / "r.yaml").launch.slurm.time == time.strip("'")


def test_what_a_cluster_asks_for_is_passed_on_as_it_is(world: Path) -> None:
    asks = "{mem: 64G, qos: high, constraint: 'a100&nvlink', gres: 'tmp:20G', partition"
    Path("recipe.yaml").write_text(RECIPE.replace("{partition", asks))
    done = reins("--launch", "slurm", "--dry-run", "--arm", "sft_rl")
    scripts = dict(part.split("\n", 1) for part in done.stdout.split("# runs/small/slurm/")[1:])
    for text in scripts.values():
        for line in ("qos=high", "constraint=a100&nvlink", "mem=64G", "gres=tmp:20G"):
            assert f"#SBATCH --{line}\n" in text
    Path("recipe.yaml").write_text(RECIPE.replace("{partition", "{memory: 64G, partition"))
    refused(asked("check", "recipe.yaml"), "launch.slurm.memory: unknown key")
    Path("recipe.yaml").write_text(RECIPE.replace("{partition", "{qos: high --exclusive, partition"))
    refused(asked("check", "recipe.yaml"), "launch.slurm.qos: got 'high --exclusive'")


def test_gpus_asked_for_by_gres_are_not_asked_for_twice(world: Path) -> None:
    text = RECIPE.replace("recipes/accelerate/cpu.yaml", "recipes/accelerate/ddp.yaml, processes: 8")
    text = text.replace("per_device_train_batch_size: 8, num", "per_device_train_batch_size: 1, num")
    Path("recipe.yaml").write_text(text.replace("{partition", "{gres: 'gpu:a100:8', partition"))
    done = reins("--launch", "slurm", "--dry-run", "--arm", "sft_rl")
    scripts = dict(part.split("\n", 1) for part in done.stdout.split("# runs/small/slurm/")[1:])
    stage, evaluation = scripts["stage-sft-s0.sh"], scripts["eval-sft.rl-s0.sh"]
    assert "#SBATCH --gres=gpu:a100:8\n" in stage and "gpus-per-node" not in stage
    assert "#SBATCH --gpus-per-node=1\n" in evaluation and "--gres" not in evaluation
    assert "--gres" not in scripts["data.sh"] and "--gpus" not in scripts["data.sh"]
    Path("recipe.yaml").write_text(text.replace("{partition", "{gpus: 8, gres: 'gpu:8', partition"))
    refused(asked("check", "recipe.yaml"), "ask for GPUs by gpus or by gres, not by both")


@pytest.mark.slow
def test_the_jobs_end_in_the_report_of_a_run_without_them(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = reins("--out", "runs/here")
    assert here.returncode == 0, here.stdout + here.stderr
    sbatch(monkeypatch, runs=True)
    done = reins("--launch", "slurm", "--out", "runs/small")
    assert done.returncode == 0, done.stdout + done.stderr
    reports = [Path("runs", name, "report/results.json").read_bytes() for name in ("here", "small")]
    assert reports[0] == reports[1]
    Path("calls.json").unlink()
    assert reins("--launch", "slurm").returncode == 0
    assert set(submitted()) == {"report"}
