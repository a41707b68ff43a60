"""The engine runs what is missing, once, side by side, and leaves no orphan: with children that only write files."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from reins.eval.io.errors import InputError
from reins.eval.io.failure import forget_failures, read_failure, write_failure
from reins.eval.io.run_paths import RunPaths
from reins.recipes.engine.execute import TaskFailed, execute
from reins.recipes.engine.processes import process_group
from reins.recipes.plan.task import Part, Task

CHILD = """
import json, os, pathlib, sys, time, yaml
from reins.eval.io.command import of_config
from reins.eval.io.errors import InputError, Stopped

def work(file):
    config, started = yaml.safe_load(file.read_text()), time.time()
    with open(file.parent / "begun", "a") as begun:
        begun.write(f"{os.getpid()}\\n")
    print(config.get("say", "a line of the log"), flush=True)
    time.sleep(config.get("sleep", 0))
    if "refuse" in config:
        raise InputError(*config["refuse"])
    if "stop" in config:
        raise Stopped(config["stop"])
    if "crash" in config:
        raise RuntimeError(f"{config['crash']} of rank {os.environ.get('RANK')}")
    if "fail" in config:
        sys.exit(config["fail"])
    for part in config.get("parts", []):
        for step in config.get("steps", [""]):
            out = pathlib.Path(part["out"].replace("*", str(step)))
            out.mkdir(parents=True, exist_ok=True)
            (out / "origin").write_text(part["origin"])
    done = {"inputs": config["inputs"], "from": started, "to": time.time()}
    if "output" in config:
        done["output"] = config["output"]
    partial = file.parent / "partial"
    partial.write_text(json.dumps(done))
    partial.rename(file.parent / "done.json")

sys.exit(of_config(work, "child", None))
"""


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "child.py").write_text(CHILD)
    return tmp_path / "run"


def task(run_dir: Path, name: str, *needs: str, **config: object) -> Task:
    return Task(
        kind="train",
        name=name,
        folder=run_dir / "stages" / name,
        module="child",
        config=config,
        spec={"name": name, **config},
        needs=needs,
        amount=1,
        note="",
        env={"PYTHONPATH": str(run_dir.parent)},
    )


def go(run_dir: Path, *tasks: Task, slots: int = 2) -> dict[str, str]:
    with process_group(run_dir) as group:
        return execute({one.name: one for one in tasks}, RunPaths(run_dir), slots, group)


def begun(run_dir: Path, name: str) -> list[int]:
    """The process ids that the task had, one for every time it was started."""
    return [int(line) for line in (run_dir / "stages" / name / "begun").read_text().split()]


def done(run_dir: Path, name: str) -> dict[str, float]:
    return json.loads((run_dir / "stages" / name / "done.json").read_text())


def test_what_is_done_is_not_done_again_and_a_change_redoes_only_what_depends_on_it(run_dir: Path) -> None:
    tasks = [task(run_dir, "a"), task(run_dir, "b", "a"), task(run_dir, "c")]
    first = go(run_dir, *tasks)
    assert go(run_dir, *tasks) == first
    changed = go(run_dir, task(run_dir, "a", learning_rate=2), *tasks[1:])
    assert changed["c"] == first["c"] and changed["a"] != first["a"] and changed["b"] != first["b"]
    assert [len(begun(run_dir, name)) for name in "abc"] == [1, 1, 1]
    assert (run_dir / "old" / "stages" / "a" / "done.json").exists()
    assert not (run_dir / "old" / "stages" / "c").exists()


def test_what_was_put_aside_comes_back_when_the_change_is_taken_back(run_dir: Path) -> None:
    go(run_dir, task(run_dir, "a"))
    (before,) = begun(run_dir, "a")
    go(run_dir, task(run_dir, "a", learning_rate=2))
    go(run_dir, task(run_dir, "a"))
    assert begun(run_dir, "a") == [before]


def test_the_same_output_from_other_inputs_redoes_nothing_downstream(run_dir: Path) -> None:
    go(run_dir, task(run_dir, "a", output="rows"), task(run_dir, "b", "a"))
    (before,) = begun(run_dir, "b")
    go(run_dir, task(run_dir, "a", output="rows", wording="new"), task(run_dir, "b", "a"))
    assert begun(run_dir, "b") == [before]


def test_another_judge_goes_over_the_samples_that_are_there(run_dir: Path) -> None:
    go(run_dir, task(run_dir, "a"), task(run_dir, "b", "a"))
    go(run_dir, replace(task(run_dir, "a"), judge="new"), task(run_dir, "b", "a"))
    assert [len(begun(run_dir, name)) for name in "ab"] == [2, 1]


def evaluation(run_dir: Path, name: str = "a", members: str | None = None, **sets: object) -> Task:
    """A task with a part for each set, of which the child reads only its own keys."""
    folders = [run_dir / "evals" / name / label for label in sets]
    parts = tuple(
        Part(folder, {"label": folder.name, "out": str(folder)}, {"how": how}, "rows", members)
        for folder, how in zip(folders, sets.values(), strict=True)
    )
    return replace(task(run_dir, "eval", "a", "rows"), folder=run_dir / "along" / "a", config={}, parts=parts)


def asked(task: Task) -> dict[str, str]:
    """What went into each part, by its folder."""
    parts = yaml.safe_load((task.folder / "config.yaml").read_text())["parts"]
    return {str(Path(part["out"]).relative_to(task.folder.parent.parent)): part["inputs"] for part in parts}


def test_of_an_evaluation_only_the_sets_that_changed_are_redone(run_dir: Path) -> None:
    needed = [task(run_dir, "a"), task(run_dir, "rows")]
    go(run_dir, *needed, first := evaluation(run_dir, think=1, direct=1))
    before = asked(first)
    for name in ("think", "direct"):
        (run_dir / "evals/a" / name / "scores.jsonl").touch()
    go(run_dir, *needed, evaluation(run_dir, think=1, direct=2, budget=1))
    after = asked(first)
    assert before["evals/a/think"] == after["evals/a/think"]
    assert before["evals/a/direct"] != after["evals/a/direct"]
    there = sorted(str(one.relative_to(run_dir)) for one in run_dir.rglob("scores.jsonl"))
    assert there == ["evals/a/think/scores.jsonl", "old/evals/a/direct/scores.jsonl"]
    go(run_dir, *needed, first)
    assert asked(first) == before and (run_dir / "evals/a/direct/scores.jsonl").exists()


def test_the_folders_that_a_part_finds_itself_are_put_away_with_its_inputs_and_come_back(
    run_dir: Path,
) -> None:
    needed = [task(run_dir, "a"), task(run_dir, "rows")]
    along = replace(evaluation(run_dir, "a@*", "all", think=1), config={"steps": [5, 10]})
    go(run_dir, *needed, along)
    for step in (5, 10):
        (run_dir / f"evals/a@{step}/think/scores.jsonl").touch()
    changed = task(run_dir, "a", learning_rate=2)
    go(run_dir, changed, needed[1], replace(along, config={"steps": [7]}))
    there = {str(file.relative_to(run_dir)) for file in run_dir.rglob("scores.jsonl")}
    assert there == {f"old/evals/a@{step}/think/scores.jsonl" for step in (5, 10)}
    assert (run_dir / "evals/a@7/think").exists()
    go(run_dir, *needed, along)
    there = {str(file.relative_to(run_dir)) for file in run_dir.rglob("scores.jsonl")}
    assert there == {f"evals/a@{step}/think/scores.jsonl" for step in (5, 10)}
    assert not (run_dir / "evals/a@7/think").exists()


def test_other_steps_wanted_are_another_evaluation_but_leave_what_is_there(run_dir: Path) -> None:
    needed = [task(run_dir, "a"), task(run_dir, "rows")]
    go(run_dir, *needed, replace(evaluation(run_dir, "a@*", "all", think=1), config={"steps": [5]}))
    (run_dir / "evals/a@5/think/scores.jsonl").touch()
    go(run_dir, *needed, replace(evaluation(run_dir, "a@*", "10", think=1), config={"steps": [10]}))
    assert (run_dir / "evals/a@5/think/scores.jsonl").exists() and (run_dir / "evals/a@10/think").exists()


def test_tasks_that_do_not_wait_for_each_other_run_side_by_side(run_dir: Path) -> None:
    tasks = [task(run_dir, "a", sleep=0.5), task(run_dir, "b", sleep=0.5), task(run_dir, "c", "a", "b")]
    go(run_dir, *tasks)
    a, b, c = (done(run_dir, name) for name in "abc")
    assert max(a["from"], b["from"]) < min(a["to"], b["to"])
    assert c["from"] >= max(a["to"], b["to"])


def test_one_slot_takes_the_longest_chain_first(run_dir: Path) -> None:
    tasks = [task(run_dir, "short"), task(run_dir, "long"), replace(task(run_dir, "after", "long"), amount=5)]
    go(run_dir, *tasks, slots=1)
    assert done(run_dir, "long")["to"] <= done(run_dir, "short")["from"]


def test_each_slot_has_its_share_of_the_gpus(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,5")
    go(run_dir, task(run_dir, "a", sleep=0.5), task(run_dir, "b", sleep=0.5))
    commands = [(run_dir / "stages" / name / "command").read_text() for name in "ab"]
    assert "CUDA_VISIBLE_DEVICES=0,1 " in commands[0] and "CUDA_VISIBLE_DEVICES=2,5 " in commands[1]


def test_a_stage_of_several_processes_takes_as_many_slots_and_is_not_kept_waiting(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    wide = replace(task(run_dir, "wide", "a"), processes=3, amount=9)
    evals = [task(run_dir, name, "a", sleep=2) for name in ("b", "c", "d")]
    go(run_dir, task(run_dir, "a"), *evals, wide, slots=3)
    assert done(run_dir, "wide")["to"] <= min(done(run_dir, name)["from"] for name in "bcd")
    assert max(done(run_dir, name)["from"] for name in "bcd") < min(
        done(run_dir, name)["to"] for name in "bcd"
    )
    commands = [(run_dir / "stages" / name / "command").read_text() for name in ("wide", "b", "c", "d")]
    assert "CUDA_VISIBLE_DEVICES" not in commands[0]
    assert all(f"CUDA_VISIBLE_DEVICES={number} " in command for number, command in enumerate(commands[1:]))


def test_every_start_and_end_is_said_with_the_time_left(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    go(run_dir, task(run_dir, "a"), task(run_dir, "b", "a"))
    said = [line.split("  ", 1) for line in capsys.readouterr().out.splitlines()]
    assert [head.split()[0] for head, _ in said] == ["[0/2]", "[1/2]", "[1/2]", "[2/2]"]
    assert [text.split(" in ")[0] for _, text in said] == ["a: started", "a: done", "b: started", "b: done"]
    assert "left" in said[1][1] and "left" not in said[3][1]


def test_a_task_can_be_run_again_by_hand(run_dir: Path) -> None:
    go(run_dir, task(run_dir, "a"))
    (run_dir / "stages" / "a" / "done.json").unlink()
    subprocess.run(["sh", run_dir / "stages" / "a" / "command"], check=True)
    assert len(begun(run_dir, "a")) == 2
    go(run_dir, task(run_dir, "a"))
    assert len(begun(run_dir, "a")) == 2


def test_a_failure_names_task_and_log_and_ends_the_others(run_dir: Path) -> None:
    with pytest.raises(TaskFailed) as error:
        go(run_dir, task(run_dir, "a", sleep=1.5, fail=3), task(run_dir, "b", sleep=60))
    assert str(error.value).splitlines() == [
        f"a failed (exit status 3); its log is {run_dir}/stages/a/output.txt, which ends",
        "a line of the log",
    ]
    assert not alive(begun(run_dir, "b")[0])


def test_a_child_that_refuses_its_input_is_bad_input(run_dir: Path) -> None:
    said = ["rows.jsonl:3", "no prompt; or two", "write one"]
    with pytest.raises(InputError) as refused:
        go(run_dir, task(run_dir, "a", refuse=said))
    error = refused.value
    assert [error.where, error.what, error.fix] == ["a: rows.jsonl:3", *said[1:]]
    with pytest.raises(TaskFailed, match=r"^a failed \(exit status 1\)"):
        go(run_dir, task(run_dir, "a", fail=1))  # and an earlier refusal is not said again


def test_a_stage_that_a_guard_stopped_says_why(run_dir: Path) -> None:
    why = "loss is nan; last good checkpoint: checkpoint-5"
    with pytest.raises(TaskFailed, match=f"^a stopped: {why}; its log is") as stopped:
        go(run_dir, task(run_dir, "a", stop=why))
    assert stopped.value.status == 3


def test_a_process_that_refuses_says_more_than_one_that_crashes_of_it(tmp_path: Path, monkeypatch) -> None:
    for rank, error in (("0", RuntimeError("connection closed")), ("1", InputError("rows", "none", "build"))):
        monkeypatch.setenv("RANK", rank)
        write_failure(tmp_path, error)
    failure = read_failure(tmp_path)
    assert failure and (failure.kind, failure.rank, failure.where) == ("refused", 1, "rows")
    forget_failures(tmp_path)
    assert read_failure(tmp_path) is None


def test_of_several_processes_the_lowest_rank_says_what_went_wrong(run_dir: Path) -> None:
    two = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    with pytest.raises(TaskFailed) as failed:
        go(run_dir, replace(task(run_dir, "a", crash="no memory"), launch=two))
    first, *rest = str(failed.value).splitlines()
    assert "RuntimeError: no memory of rank 0; its log is" in first
    assert rest[-1] == "RuntimeError: no memory of rank 0"
    assert "Root Cause" in (run_dir / "stages/a/output.txt").read_text()


def test_a_begun_task_goes_on_in_its_folder_unless_its_inputs_changed(run_dir: Path) -> None:
    with pytest.raises(TaskFailed):
        go(run_dir, task(run_dir, "a", fail=1))
    (run_dir / "stages" / "a" / "checkpoint-1").touch()
    with pytest.raises(TaskFailed):
        go(run_dir, task(run_dir, "a", fail=1))
    assert (run_dir / "stages" / "a" / "checkpoint-1").exists()
    go(run_dir, task(run_dir, "a"))
    assert not (run_dir / "stages" / "a" / "checkpoint-1").exists()


def test_one_run_at_a_time(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reins.recipes.engine.processes.PATIENCE", 0.2)
    with process_group(run_dir), pytest.raises(InputError, match="another run is at work here"):
        go(run_dir, task(run_dir, "a"))


DRIVER = """
import signal, sys, pathlib
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
sys.path.insert(0, {tests!r})
from test_engine import go, task
run_dir = pathlib.Path({run_dir!r})
go(run_dir, task(run_dir, "a", sleep={sleep}), task(run_dir, "b", sleep={sleep}))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_children_die_with_the_run_whatever_kills_it_and_the_next_run_goes_on(
    run_dir: Path, how: signal.Signals
) -> None:
    script = DRIVER.format(tests=str(Path(__file__).parent), run_dir=str(run_dir), sleep=60)
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    children = wait_for(lambda: [begun(run_dir, name)[0] for name in "ab"])
    parent.send_signal(how)
    parent.communicate(timeout=10)
    wait_for(lambda: not any(alive(child) for child in children) or None)
    tasks = {name: task(run_dir, name, sleep=60) for name in "ab"}
    for one in tasks.values():
        (one.folder / "checkpoint-1").touch()
    quick: Mapping[str, Task] = {name: replace(one, config={}) for name, one in tasks.items()}
    go(run_dir, *quick.values())
    assert all((one.folder / "checkpoint-1").exists() for one in tasks.values())


def wait_for(found):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if (value := found()) is not None:
                return value
        except (FileNotFoundError, IndexError):
            pass
        time.sleep(0.05)
    raise AssertionError("waited too long")


def alive(process: int) -> bool:
    """Whether a process runs; a zombie that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
