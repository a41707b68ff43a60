"""The command line: what it prints, what it leaves, and its exit status; the whole of it once, slowly."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import kills
import pytest
from tiny import make_tiny
from typer.testing import CliRunner

from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.recipes.cli import app

RECIPE = """
name: small
base: base
data:
  traces: {builder: micro.traces, rows: 24}
  if_traces: {builder: micro.composites, rows: 12, split: train, pool: train, thought: long}
  problems: {builder: micro.problems, rows: 16}
  own: {builder: own_answers, of: problems, rows: 6, samples: 2, max_new_tokens: 48}
  composite: {builder: micro.composites, rows: 6}
stages:
  sft: {trainer: sft, data: {traces: 0.75, if_traces: 0.25}, args: &sft {
    per_device_train_batch_size: 4, max_steps: 2, save_steps: 1, learning_rate: 1e-3}}
  self: {trainer: sft, data: {own: 1.0}, add: {if_traces: 0.5}, args: *sft}
  rl: {trainer: grpo, data: {problems: 1.0}, rewards: {correct: 1.0, random: 1.0}, args: {
    max_steps: 2, save_steps: 1, per_device_train_batch_size: 8, num_generations: 4, max_completion_length: 24}}
arms:
  base: []
  sft: [sft]
  sft_rl: [sft, rl]
  self: [self]
evaluate:
  composite: {samples: 2, max_new_tokens: 24}
launch: {accelerate: recipes/accelerate/cpu.yaml, side_by_side: 2}
"""


def reins(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reins.recipes.cli", *map(str, arguments)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a base that looks like one and a recipe."""
    monkeypatch.chdir(tmp_path)
    Path("base").mkdir()
    for file in ("config.json", "model.safetensors", "tokenizer_config.json", "chat_template.jinja"):
        Path("base", file).write_text("{}")
    Path("recipe.yaml").write_text(RECIPE)
    return tmp_path


def test_a_dry_run_prints_the_plan_and_starts_nothing(world: Path) -> None:
    done = reins("run", "recipe.yaml", "--dry-run", "--arm", "sft_rl")
    assert done.returncode == 0, done.stderr
    assert "stage sft.rl-s0" in done.stdout and "stage self-s0" not in done.stdout
    assert "-m reins.train.grpo --config runs/small/stages/sft.rl-s0/config.yaml" in done.stdout
    assert not Path("runs").exists()


def test_a_dry_run_of_one_task_prints_it_alone_and_starts_nothing(world: Path) -> None:
    done = reins("run", "recipe.yaml", "--task", "data traces", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "to do  data traces" in done.stdout and "data problems" not in done.stdout
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ["--task", "data traces", "--launch", "slurm"],
        ["--task", "data traces", "--arm", "sft"],
        ["--task", "data traces", "--seed", "0"],
        ["--rehearse", "--launch", "slurm"],
        ["--rehearse", "--task", "data traces"],
        ["--rehearse", "--dry-run"],
    ],
)
def test_flags_of_which_one_would_be_left_unheeded_are_refused(world: Path, flags: list[str]) -> None:
    done = reins("run", "recipe.yaml", *flags)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith(f"reins: {flags[0]} with --"), done.stderr
    assert not Path("runs").exists()


@pytest.mark.parametrize("command", [["run"], ["run", "--dry-run"], ["run", "--rehearse"], ["build"]])
def test_bad_input_is_one_line_on_stderr_and_status_2_and_leaves_nothing(
    world: Path, command: list[str]
) -> None:
    Path("recipe.yaml").write_text(RECIPE.replace("{traces: 0.75,", "{traces: 0.5,"))
    done = reins(*command, "recipe.yaml")
    assert done.returncode == 2
    assert done.stderr == (
        "reins: recipe.yaml: stages.sft.data: shares add to 0.75, not 1; rows that come on top belong in `add`\n"
    )
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "no.yaml"], "no.yaml: No such file or directory"),
        (["run", "recipe.yaml", "--arm", "stf"], "--arm stf: no such arm in small; did you mean 'sft'?"),
        (["build", "recipe.yaml", "trace"], "trace: no such set in small; did you mean 'traces'?"),
        (["report", "runs/none", "--out", "report"], "runs/none"),
        (["export", "--data", "rows.jsonl"], "no harness named; give --lm-eval, --inspect or --verifiers"),
        (["export", "--data", "rows.jsonl", "--inspect", "task"], "rows.jsonl: No such file or directory"),
    ],
)
def test_what_is_not_there_is_named(world: Path, arguments: list[str], message: str) -> None:
    done = reins(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert message in done.stderr


def test_check_prints_a_line_for_each_thing_looked_at_and_fails_with_any(world: Path) -> None:
    shutil.rmtree("base")
    make_tiny("base")
    done = reins("check", "recipe.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"keys", "batch", "overlap", "disk"} <= {line.split()[1] for line in done.stdout.splitlines()}
    Path("recipe.yaml").write_text(RECIPE.replace("num_generations: 4", "num_generations: 16"))
    failed = reins("check", "recipe.yaml")
    assert (failed.returncode, failed.stderr) == (
        2,
        "reins: recipe.yaml: 1 of 1 checks failed; mend what the FAIL lines name\n",
    )
    assert failed.stdout.startswith("FAIL  batch")
    assert reins("check", "recipe.yaml", "--processes", "2").stdout.startswith("ok    keys")
    assert not Path("runs").exists()


def test_build_makes_the_set_asked_for_and_nothing_twice(world: Path) -> None:
    first = reins("build", "recipe.yaml", "composite")
    assert first.returncode == 0, first.stderr
    assert [folder.name for folder in Path("runs/small/data").iterdir()] == ["composite"]
    folder = Path("runs/small/data/composite")
    assert len(read_jsonl(folder / "rows.jsonl")) == 6
    assert "composite" in (folder / "card.md").read_text()
    assert "data composite: started" not in reins("build", "recipe.yaml", "composite").stdout


def test_build_reads_a_file_as_a_set(world: Path) -> None:
    reins("build", "recipe.yaml", "composite")
    Path("file.yaml").write_text(
        "name: file\ndata: {copy: {file: runs/small/data/composite/rows.jsonl, rows: 4}}\n"
    )
    done = reins("build", "file.yaml", "--out", "elsewhere")
    assert done.returncode == 0, done.stderr
    assert (
        read_jsonl("elsewhere/data/copy/rows.jsonl") == read_jsonl("runs/small/data/composite/rows.jsonl")[:4]
    )


def test_a_builder_that_refuses_is_bad_input(world: Path) -> None:
    Path("file.yaml").write_text(
        "name: file\ndata: {traces: {builder: long_traces, rows: 4, source: rows.jsonl}}\n"
    )
    write_jsonl("rows.jsonl", [{"no": "trace"}])
    done = reins("build", "file.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith("reins: data traces: ") and "rows.jsonl:1: " in done.stderr
    assert not Path("runs/file/data/traces/rows.jsonl").exists()


def test_score_judges_responses_to_a_set(world: Path) -> None:
    reins("build", "recipe.yaml", "composite")
    rows = read_jsonl("runs/small/data/composite/rows.jsonl")
    write_jsonl("responses.jsonl", [{"output": [row["witness"], "no"]} for row in rows])
    data = ["--data", "runs/small/data/composite/rows.jsonl"]
    done = reins("score", *data, "--responses", "responses.jsonl", "--out", "scores")
    assert done.returncode == 0, done.stderr
    assert [one["hacc"] for one in read_jsonl("scores/scores.jsonl") if one["sample"] == 0] == [True] * len(
        rows
    )
    write_jsonl("responses.jsonl", [{"output": ["no"]}])
    done = reins("score", *data, "--responses", "responses.jsonl", "--out", "scores")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "responses.jsonl" in done.stderr


def test_score_reads_several_sets_each_with_its_responses_and_compare_pairs_two_scorings(world: Path) -> None:
    reins("build", "recipe.yaml", "composite", "if_traces")
    several, half = [], []
    for name in ("composite", "if_traces"):
        data = f"runs/small/data/{name}/rows.jsonl"
        answers = [{"output": [row["witness"] or "no"]} for row in read_jsonl(data)]
        write_jsonl(f"{name}.jsonl", answers)
        write_jsonl(f"{name}-no.jsonl", [{"output": ["no"]} for _ in answers])
        several += ["--data", data, "--responses", f"{name}.jsonl"]
        half += ["--data", data, "--responses", f"{name}-no.jsonl"]
    done = reins("score", *several, "--out", "a")
    assert done.returncode == 0, done.stderr
    assert len(read_jsonl("a/scores.jsonl")) == 6 + 12
    reins("score", *half, "--out", "b")
    compared = reins("compare", "a", "b")
    assert compared.returncode == 0, compared.stderr
    assert "McNemar" in compared.stdout
    refused = reins("compare", "a", "b", "--metric", "hac")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ([], {"with_constraints": True, "examples": None, "replies": None}),
        (["--plain"], {"with_constraints": False}),
        (["--examples", "worked.jsonl", "--mode", "few_shot-2"], {"examples": Path("worked.jsonl"), "mode": "few_shot-2"}),
        (["--replies", "theirs.jsonl", "--mode", "reflect_other"], {"replies": Path("theirs.jsonl")}),
    ],
)  # fmt: skip
def test_what_generate_is_told_reaches_the_sampling(
    given: list[str], taken: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(
        "reins.eval.sample.generate.generate", lambda *places, **told: calls.append((places, told)) or "out"
    )
    done = CliRunner().invoke(
        app, ["generate", "--model", "M", "--data", "rows.jsonl", "--out", "out", *given]
    )
    assert (done.exit_code, done.output) == (0, "out\n")
    ((places, told),) = calls
    assert places == ("M", Path("rows.jsonl"), Path("out"))
    assert taken.items() <= told.items()


@pytest.mark.parametrize("opened", [False, True])
def test_what_export_is_told_reaches_the_writing(opened: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(
        "reins.eval.export.export.export", lambda *places, **told: calls.append((places, told)) or []
    )
    asked = ["export", "--data", "rows.jsonl", "--inspect", "task", *["--opened"] * opened]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert calls == [((Path("rows.jsonl"), {"inspect": Path("task")}), {"preset": "reins", "opened": opened})]


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_in_the_bytes_of_an_untouched_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_tiny("base")
    Path("recipe.yaml").write_text(RECIPE)
    untouched = reins("run", "recipe.yaml", "--out", "runs/untouched")
    assert untouched.returncode == 0, untouched.stdout + untouched.stderr
    _run_and_kill("stages/sft-s0/checkpoint-1")
    _run_and_kill("stages/sft.rl-s0/checkpoint-1")
    _run_and_kill("evals/sft-s0/composite.think/responses.jsonl")
    killed = reins("run", "recipe.yaml", "--out", "runs/killed")
    assert killed.returncode == 0, killed.stdout + killed.stderr
    results = [Path("runs", name, "report", "results.json").read_bytes() for name in ("untouched", "killed")]
    assert results[0] == results[1]
    assert {one["arm"] for one in json.loads(results[0])["figures"]} == {"base", "sft", "sft_rl", "self"}

    assert {one["step"] for one in json.loads(results[0])["along"] if one["arm"] == "sft_rl"} == {0, 1, 2}

    again = reins("run", "recipe.yaml", "--out", "runs/killed")
    assert again.returncode == 0 and "started" not in again.stdout
    assert Path("runs/killed/report/results.json").read_bytes() == results[0]

    Path("recipe.yaml").write_text(RECIPE.replace("{own: 1.0}, add: {if_traces: 0.5}", "{own: 1.0}"))
    part = reins("run", "recipe.yaml", "--out", "runs/killed")
    assert part.returncode == 0, part.stdout + part.stderr
    assert {line.split("  ")[-1] for line in part.stdout.splitlines() if line.endswith("started")} == {
        "rows self-s0: started",
        "stage self-s0: started",
        "eval self-s0: started",
        "eval self-s0 along: started",
    }
    before = _times("runs/killed/evals/*/*.think/responses.jsonl")
    Path("recipe.yaml").write_text(
        Path("recipe.yaml").read_text().replace("{samples: 2", "{modes: [think, direct], samples: 2")
    )
    more = reins("run", "recipe.yaml", "--out", "runs/killed")
    assert more.returncode == 0, more.stdout + more.stderr
    assert _times("runs/killed/evals/*/*.think/responses.jsonl") == before
    assert len(_times("runs/killed/evals/*/composite.direct/scores.jsonl")) == 4
    stage = Path("runs/killed/stages/self-s0")
    (stage / "done.json").unlink()
    shutil.rmtree(stage / "final")
    subprocess.run(["sh", stage / "command"], check=True, capture_output=True)
    assert (stage / "final" / "model.safetensors").exists()


def _times(pattern: str) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in Path().glob(pattern)}


@pytest.mark.slow
def test_kills_at_random_moments_leave_no_trace_in_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_tiny("base")
    Path("recipe.yaml").write_text(RECIPE)
    begun = time.monotonic()
    subprocess.run(kills.command(Path("recipe.yaml"), Path("runs/untouched")), check=True)
    waits = kills.gaps(6, time.monotonic() - begun, seed=1)
    assert all(wait > 0 for wait in waits), "six moments, not one"
    assert kills.killed(Path("recipe.yaml"), Path("runs/killed"), waits) >= 4
    results = [Path("runs", name, kills.RESULTS).read_bytes() for name in ("untouched", "killed")]
    assert results[0] == results[1]


def _run_and_kill(sign: str) -> None:
    """Start a run, and kill it at work: once this file is in its folder, or after five minutes without."""
    parent = subprocess.Popen(
        [sys.executable, "-m", "reins.recipes.cli", "run", "recipe.yaml", "--out", "runs/killed"],
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 300
    while not Path("runs/killed", sign).exists() and parent.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    parent.send_signal(signal.SIGKILL)
    assert parent.wait() == -signal.SIGKILL, "it had ended by itself"
