"""A task that fails, is refused or is killed: what the engine says, and that it leaves no orphan."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from small_tasks import alive, begun, done, go, task, wait_for

from reins.eval.io.errors import InputError
from reins.eval.io.failure import forget_failures, read_failure, write_failure
from reins.recipes.engine.execute import TaskFailed
from reins.recipes.engine.processes import process_group
from reins.recipes.plan.task import Task


def test_a_failure_names_task_and_log_lets_the_others_end_and_starts_no_more(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = {"wait_for": str(run_dir / "stages/a/begun"), "sleep": 2}
    tasks = [task(run_dir, "a", fail=3), task(run_dir, "b", fail=4, **later), task(run_dir, "c", **later)]
    with pytest.raises(TaskFailed) as error:
        go(run_dir, *tasks, task(run_dir, "d", "c"), slots=3)
    assert str(error.value).splitlines() == [
        f"a failed (exit status 3); its log is {run_dir}/stages/a/output.txt, which ends",
        "a line of the log",
    ]
    assert (run_dir / "stages/c/done.json").exists() and not (run_dir / "stages/d").exists()
    said = capsys.readouterr().out
    assert "let end: b, c; nothing more is started" in said and "b failed (exit status 4)" in said


def test_a_child_that_refuses_its_input_is_bad_input(run_dir: Path) -> None:
    said = ["rows.jsonl:3", "no prompt; or two", "write one"]
    with pytest.raises(InputError) as refused:
        go(run_dir, task(run_dir, "a", refuse=said))
    error = refused.value
    assert [error.where, error.what, error.fix] == ["a: rows.jsonl:3", *said[1:]]
    with pytest.raises(TaskFailed, match=r"^a failed \(exit status 1\)"):
        go(run_dir, task(run_dir, "a", fail=1))  # and an earlier refusal is not said again


def test_tasks_that_wait_for_each_other_end_the_run(run_dir: Path) -> None:
    with pytest.raises(TaskFailed, match="b, c: each waits for another of them"):
        go(run_dir, task(run_dir, "a"), task(run_dir, "b", "a", "c"), task(run_dir, "c", "b"))
    assert done(run_dir, "a")


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
from small_tasks import go, task
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
