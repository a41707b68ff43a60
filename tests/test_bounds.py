"""What a slip makes huge is refused or stays cheap; what hangs is given up, each with its reason."""

from pathlib import Path

import psutil
import pytest

from reins.eval.io.errors import InputError
from reins.eval.verify.answers import grader
from reins.recipes.plan.plan import plan_data
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import load

SETS = 60  # each made from the two before it: looked at path by path, 2^60 of them


def recipe_file(folder: Path, text: str) -> Path:
    file = folder / "recipe.yaml"
    file.write_text(text)
    return file


def test_seeds_beyond_any_study_are_refused(tmp_path: Path) -> None:
    file = recipe_file(tmp_path, f"name: many\nseeds: {list(range(10_000))}\n")
    with pytest.raises(InputError, match=r"recipe\.yaml: seeds: .*100"):
        load(file)


def test_sets_that_fan_out_are_looked_at_once_each(tmp_path: Path) -> None:
    lines = ["  s0: {builder: micro.problems, rows: 1}", "  s1: {builder: micro.problems, rows: 1}"]
    lines += [
        f"  s{i}: {{builder: own_answers, rows: 1, source_rows: {{set: s{i - 1}}}, responses: {{set: s{i - 2}}}}}"
        for i in range(2, SETS)
    ]
    recipe = load(recipe_file(tmp_path, "name: fan\ndata:\n" + "\n".join(lines) + "\n"))
    recipe = check(recipe, tmp_path / "recipe.yaml")
    assert len(plan_data(recipe, tmp_path / "run", [])) == SETS


def test_a_grading_worker_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(psutil.Process().children())
    worker = grader.Worker(deadline=3.0)
    question = (r"\frac{1}{3}", r"\frac{2}{6}", True)
    try:
        assert worker.ask(question) == "right"
        monkeypatch.setattr(grader, "LAST_CLOCK", 0.1)
        (process,) = set(psutil.Process().children()) - before
        process.suspend()
        assert worker.ask(question) == "timeout"
        monkeypatch.undo()
        assert worker.ask(question) == "right"  # by a worker that took its place
    finally:
        worker.stop()
