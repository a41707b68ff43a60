"""The engine runs what is missing, once, side by side, and leaves no orphan: with children that only write files."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from small_tasks import begun, go, task

from reins.eval.io.run_paths import RunPaths
from reins.recipes.engine.places import put_aside_unasked
from reins.recipes.plan.task import Part, Task


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


def evaluation(
    run_dir: Path, name: str = "a", members: str | list[int] | None = None, **sets: object
) -> Task:
    """A task with a part for each set, of which the child reads only its own keys."""
    folders = [run_dir / "evals" / name / label for label in sets]
    parts = tuple(
        Part(folder, {"label": folder.name, "out": str(folder)}, {"how": how}, ("rows",), members)
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


def test_what_a_plan_no_longer_asks_of_its_checkpoints_is_put_aside_and_comes_back(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without constraints, and on the way; what somebody put there stays."""
    needed = [replace(task(run_dir, "a"), checkpoint="a"), task(run_dir, "rows")]
    both = replace(evaluation(run_dir, think=1, plain=1), name="both", folder=run_dir / "evals/a")
    along = replace(evaluation(run_dir, "a@*", "all", think=1), config={"steps": [5]})
    go(run_dir, *needed, both, along)
    for folder in ("a/think", "a/plain", "a@5/think"):
        (run_dir / "evals" / folder / "scores.jsonl").touch()
    (run_dir / "evals/a/mine").mkdir()
    less = [*needed, replace(evaluation(run_dir, think=1), name="both", folder=run_dir / "evals/a")]
    put_aside_unasked({each.name: each for each in less}, RunPaths(run_dir))
    assert "no longer asked: 2 evaluation(s), which are now in" in capsys.readouterr().out
    there = sorted(str(file.relative_to(run_dir)) for file in run_dir.rglob("scores.jsonl"))
    assert there == [
        "evals/a/think/scores.jsonl",
        "old/evals/a/plain/scores.jsonl",
        "old/evals/a@5/think/scores.jsonl",
    ]
    assert (run_dir / "evals/a/mine").exists()
    go(run_dir, *less)
    go(run_dir, *needed, both, along)
    there = sorted(str(file.relative_to(run_dir)) for file in run_dir.rglob("scores.jsonl"))
    assert there == [f"evals/{folder}/scores.jsonl" for folder in ("a/plain", "a/think", "a@5/think")]


def test_steps_that_are_no_longer_asked_are_put_aside_and_come_back(run_dir: Path) -> None:
    needed = [replace(task(run_dir, "a"), checkpoint="a"), task(run_dir, "rows")]
    both, first = (
        replace(
            evaluation(run_dir, "a@*", steps, think=1), along=True, checkpoint="a", config={"steps": steps}
        )
        for steps in ([5, 10], [5])
    )
    go(run_dir, *needed, both)
    for step in (5, 10):
        (run_dir / f"evals/a@{step}/think/scores.jsonl").touch()
    put_aside_unasked({each.name: each for each in (*needed, first)}, RunPaths(run_dir))
    assert not (run_dir / "evals/a@10").exists()
    go(run_dir, *needed, first)
    there = {str(file.relative_to(run_dir)) for file in run_dir.rglob("scores.jsonl")}
    assert there == {"evals/a@5/think/scores.jsonl", "old/evals/a@10/think/scores.jsonl"}
    go(run_dir, *needed, both)
    there = {str(file.relative_to(run_dir)) for file in run_dir.rglob("scores.jsonl")}
    assert there == {f"evals/a@{step}/think/scores.jsonl" for step in (5, 10)}


def test_a_task_can_be_run_again_by_hand(run_dir: Path) -> None:
    go(run_dir, task(run_dir, "a"))
    (run_dir / "stages" / "a" / "done.json").unlink()
    subprocess.run(["sh", run_dir / "stages" / "a" / "command"], check=True)
    assert len(begun(run_dir, "a")) == 2
    go(run_dir, task(run_dir, "a"))
    assert len(begun(run_dir, "a")) == 2
