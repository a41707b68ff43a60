"""The engine runs side by side what does not wait, in slots that share the GPUs, and says how far it is."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_tasks import done, go, task

from reins.eval.io.errors import InputError


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


def test_rows_that_wait_for_no_model_are_made_before_a_model_is_trained(run_dir: Path) -> None:
    rows = replace(task(run_dir, "rows"), kind="build")
    go(run_dir, replace(task(run_dir, "long"), amount=50), rows, slots=1)
    assert done(run_dir, "rows")["to"] <= done(run_dir, "long")["from"]


def test_each_slot_has_its_share_of_the_gpus(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,5")
    go(run_dir, *(replace(task(run_dir, name, sleep=0.5), kind="evaluate") for name in "ab"))
    assert [cards(run_dir, name) for name in "ab"] == ["0,1", "2,5"]


def cards(run_dir: Path, name: str) -> str | None:
    """The GPUs that a task's command names; None where it names none."""
    words = (run_dir / "stages" / name / "command").read_text().split()
    named = [word.partition("=")[2] for word in words if word.startswith("CUDA_VISIBLE_DEVICES=")]
    return named[0] if named else None


@pytest.mark.parametrize(
    ("listed", "slots", "seen"),
    [
        ("0,1,2,5", 2, ["0", "2"]),
        ("4,5", 1, ["4", "4"]),
        ("4,5", 3, ["4", "5"]),
        ("7", 2, ["7", "7"]),
        ("", 2, [None, None]),
    ],
)
def test_a_trainer_alone_sees_one_gpu(
    listed: str, slots: int, seen: list[str | None], run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: it would spread its model over all. None where they are hidden."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    go(run_dir, task(run_dir, "a", sleep=0.5), task(run_dir, "b", sleep=0.5), slots=slots)
    assert [cards(run_dir, name) for name in "ab"] == seen


def test_a_task_that_takes_more_than_there_is_is_refused_before_any_starts(run_dir: Path) -> None:
    wide = replace(task(run_dir, "wide"), processes=3)
    with pytest.raises(
        InputError, match="wide: takes 3 processes, and 2 run at once; raise launch.processes"
    ):
        go(run_dir, task(run_dir, "a"), wide)
    assert not (run_dir / "stages/a").exists()


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
    assert [cards(run_dir, name) for name in ("wide", "b", "c", "d")] == [None, "0", "1", "2"]


def test_every_start_and_end_is_said_with_the_time_left(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    go(run_dir, task(run_dir, "a"), task(run_dir, "b", "a"))
    said = [line.split("  ", 1) for line in capsys.readouterr().out.splitlines()]
    assert [head.split()[0] for head, _ in said] == ["[0/2]", "[1/2]", "[1/2]", "[2/2]"]
    assert [text.split(" in ")[0] for _, text in said] == ["a: started", "a: done", "b: started", "b: done"]
    assert "left" in said[1][1] and "left" not in said[3][1]
