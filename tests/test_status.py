"""`reins status` and `reins clean`: what is said of a run that was stopped, changed, damaged, and what it can do without."""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from small_tasks import CHILD, go, task, wait_for
from typer.testing import CliRunner

from reins.eval.io.files import write_json
from reins.eval.io.run_paths import RunPaths
from reins.recipes.cli import app
from reins.recipes.engine.clean import remove, spare
from reins.recipes.engine.execute import TaskFailed
from reins.recipes.engine.gone import checkpoints_gone
from reins.recipes.engine.status import status
from reins.recipes.plan.task import Part, Task
from reins.recipes.recipe.schema import Recipe, Stage

RECIPE = Recipe(name="k")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "child.py").write_text(CHILD)
    return tmp_path / "run"


def said(run: Path, *tasks: Task) -> str:
    return status(RECIPE, run, {one.name: one for one in tasks})


def test_status_tells_done_from_failed_and_what_waits(run: Path) -> None:
    first, second, third = task(run, "a"), task(run, "b", "a", crash="no room"), task(run, "c", "b")
    assert said(run, first, second, third).startswith(f"{run}: 0 of 3 tasks done; not at work")
    with pytest.raises(TaskFailed):
        go(run, first, second, third)
    lines = said(run, first, second, third).splitlines()
    assert lines[0].startswith(f"{run}: 1 of 3 tasks done, 1 failed, about ")
    assert lines[1].startswith("failed   b  RuntimeError: no room") and "output.txt" in lines[1]
    assert lines[-2].startswith("done     a 0:0") and lines[-1] == "to do    c"


def test_status_names_the_input_that_changed_and_what_waits_for_it(run: Path) -> None:
    first, second = task(run, "a", rate=1), task(run, "b", "a")
    go(run, first, second)
    changed = replace(first, spec={**first.spec, "rate": 2, "args": {"steps": 3}})
    lines = said(run, changed, second).splitlines()
    assert lines[0].startswith(f"{run}: 0 of 2 tasks done, 2 stale")
    assert lines[1] == "stale    a  rate: 1 → 2; args.steps: nothing → 3"
    assert lines[2] == "stale    b  waits for a"
    go(run, replace(first, config={"output": "other rows"}, spec={"other": 1}))
    assert "a gave something else" in said(run, replace(first, spec={"other": 1}), second)


def test_status_names_the_file_that_was_changed(run: Path) -> None:
    stage = task(run, "a")
    go(run, stage)
    (stage.folder / "final").mkdir()
    (stage.folder / "final" / "model.safetensors").write_text("weights")
    go(run, stage)  # which notes what is there of what is done
    (stage.folder / "final" / "model.safetensors").write_text("other")
    assert "model.safetensors is not what it was when it was done" in said(run, stage)


def test_a_task_is_running_while_its_child_is_alive_and_begun_once_that_is_killed(run: Path) -> None:
    stage = task(run, "a", sleep=60)
    code = "import sys; from pathlib import Path; from small_tasks import go, task; go(Path(sys.argv[1]), task(Path(sys.argv[1]), 'a', sleep=60))"
    engine = subprocess.Popen(
        [sys.executable, "-c", code, run], cwd=Path(__file__).parent, stdout=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: (stage.folder / "begun").read_text() or None)
        write_json(stage.folder / "progress.json", {"step": 3, "steps": 9})
        assert "running  a  3 of 9" in said(run, stage) and "1 running; at work" in said(run, stage)
    finally:
        engine.kill()
        engine.wait()
    wait_for(lambda: "begun    a  3 of 9" in said(run, stage) or None)


def test_a_terminal_shows_a_bar_for_each_running_task_and_one_for_all(run: Path) -> None:
    master, slave = os.openpty()
    code = "import sys; from pathlib import Path; from small_tasks import go, task; go(Path(sys.argv[1]), task(Path(sys.argv[1]), 'a', sleep=1))"
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    engine = subprocess.Popen(
        [sys.executable, "-c", code, run], cwd=Path(__file__).parent, stdout=slave, env=env
    )
    os.close(slave)
    said = b""
    with contextlib.suppress(OSError):  # what a terminal says once the other end is closed
        while part := os.read(master, 1 << 16):
            said += part
    os.close(master)
    assert engine.wait() == 0
    lines = said.decode().splitlines()
    assert any(line.startswith("all") and "0/1 tasks" in line for line in lines)
    assert any("[1/1]" in line and "a: done in" in line for line in lines)


def test_clean_spares_what_is_evaluated_and_what_is_not_done(run: Path) -> None:
    stage, cut_off = replace(task(run, "a"), checkpoint="a"), task(run, "b")
    along = replace(
        task(run, "c"), along=True, checkpoint="a", parts=(Part(run / "evals", {}, {}, "a", members=[2]),)
    )
    go(run, stage)
    for folder, steps in ((stage.folder, (2, 4)), (cut_off.folder, (2,))):
        for step in steps:
            place = folder / f"checkpoint-{step}"
            place.mkdir(parents=True)
            for file in ("model.safetensors", "optimizer.pt", "tokenizer.json", "whole.json"):
                (place / file).write_text("{}")
    (run / "old" / "stages").mkdir(parents=True)
    (run / "old" / "stages" / "weights").write_text("old")
    tasks = {one.name: one for one in (stage, cut_off, along)}
    spares = spare(run, tasks)
    places = {str(path.relative_to(run)) for each in spares for path in each.gone}
    assert places == {"old", "stages/a/checkpoint-2/optimizer.pt", "stages/a/checkpoint-4"}
    assert sum(each.size for each in spares) == 3 + 2 + 4 * 2
    remove(spares)
    assert not spare(run, tasks) and "1 of 3 tasks done" in said(run, *tasks.values())
    assert (cut_off.folder / "checkpoint-2" / "optimizer.pt").exists()


def test_a_checkpoint_that_is_asked_for_and_gone_is_named(run: Path) -> None:
    stage = replace(task(run, "a"), checkpoint="a", stages=("a",))
    asked = (Part(run / "evals/a@*/e.think", {}, {}, (), members=[5, 15]),)
    along = replace(task(run, "c", "a"), along=True, checkpoint="a", stages=("a",), parts=asked)
    go(run, stage)
    done = json.loads((stage.folder / "done.json").read_text())
    write_json(stage.folder / "done.json", done | {"steps": 20})
    (run / "evals/a@5/e.think").mkdir(parents=True)
    recipe = Recipe(name="k", stages={"a": Stage(trainer="sft", args={"save_steps": 5})})
    (line,) = checkpoints_gone(recipe, {each.name: each for each in (stage, along)}, RunPaths(run))
    assert line.startswith(f"c: checkpoint-15 of {stage.folder} is gone") and "train it again" in line
    (stage.folder / "checkpoint-15").mkdir()
    (stage.folder / "checkpoint-15/whole.json").write_text("{}")
    assert not [*checkpoints_gone(recipe, {each.name: each for each in (stage, along)}, RunPaths(run))]


def test_clean_asks_first_and_status_refuses_what_is_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("k.yaml").write_text("name: k\ndata: {x: {builder: micro.traces, rows: 4}}\n")
    Path("runs/k/old").mkdir(parents=True)
    Path("runs/k/old/rows").write_text("12345")
    assert "Remove 0.0 MiB?" in CliRunner().invoke(app, ["clean", "k"], input="n\n").output
    assert Path("runs/k/old").exists()
    assert "to do    data x" in CliRunner().invoke(app, ["status", "k.yaml"]).output
    Path("empty.yaml").write_text("name: t\n")
    nothing = CliRunner().invoke(app, ["status", "empty.yaml", "--out", "runs/k"])
    assert nothing.output == "runs/k: nothing to do, as t has neither arms, models nor data\n"
    CliRunner().invoke(app, ["clean", "k", "--yes"])
    assert not Path("runs/k/old").exists()
    Path("runs/k/recipe.yaml").write_text("name: k\narms: {base: []}\nbase: runs/other/final\n")
    assert "call it where the run was started" in str(CliRunner().invoke(app, ["status", "runs/k"]).exception)
    Path("runs/k/recipe.yaml").unlink()
    refused = CliRunner().invoke(app, ["status", "runs/k"]).exception
    assert "no run's folder: there is no recipe.yaml in it" in str(refused)
