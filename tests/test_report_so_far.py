"""The report of a run at work: there from the first evaluation on, saying what is missing, and stopping nothing."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from small_tasks import task
from synthetic_run import make_run

from reins.eval.io.run_paths import RunPaths
from reins.eval.report.report import Unfinished, report
from reins.recipes.engine.execute import execute
from reins.recipes.engine.processes import process_group
from reins.recipes.plan.task import Task

ARMS = {"base": [], "sft": ["sft"], "rl": ["rl"]}


@pytest.fixture
def made(run_dir: Path) -> Path:
    """The folder of a run, all of it there, so that tasks that only write a file may stand for its evaluations."""
    return make_run(run_dir, arms=ARMS, rows=20, samples=1, along=(50,))


def evaluation(run: Path, checkpoint: str, **config: object) -> Task:
    asked = task(run, f"eval {checkpoint}", **config)
    return replace(asked, kind="evaluate", checkpoint=checkpoint, folder=run / "asked" / checkpoint)


def go(run: Path, *tasks: Task) -> None:
    everything = {one.name: one for one in tasks}
    with process_group(run) as group:
        execute(everything, RunPaths(run), 1, group, reported=everything)


def test_only_what_is_done_is_in_it_and_the_page_says_what_is_missing(made: Path, tmp_path: Path) -> None:
    report(
        [made], tmp_path / "out", unfinished=Unfinished(frozenset({"base", "sft-s0"}), "2 of 3; missing: rl")
    )
    page = (tmp_path / "out/index.html").read_text()
    assert page.index("The run is at work.</b> 2 of 3; missing: rl") < page.index('class="answer"')
    text = re.sub(r"base64,[^\"]+", "", page)
    assert "sft lowers HAcc" in text and "rl lowers" not in text and "sft-s0@50" not in text
    assert "not evaluated yet: rl" in text
    assert not list((tmp_path / "out/figures").glob("*.pdf"))


def test_it_is_named_at_the_start_and_there_before_the_run_is_done(made: Path, capfd) -> None:
    """The second evaluation does not end before the report of the first is there."""
    page = made / "report/index.html"
    first, second = evaluation(made, "base"), evaluation(made, "sft-s0", wait_for=str(page))
    go(made, first, replace(second, needs=(first.name,)))
    said = capfd.readouterr().out.splitlines()
    assert "report/index.html: the report, from the first evaluation on" in said[0]
    assert "1 of 2 evaluations are in it; missing: sft-s0" in page.read_text()
    assert not (made / "so_far").exists()


def test_a_report_that_cannot_be_written_is_said_and_stops_nothing(made: Path, capfd) -> None:
    (made / "recipe.yaml").write_text("no: recipe\n")
    first = evaluation(made, "base")
    second = evaluation(made, "sft-s0", wait_for=str(made / "so_far/failure.0.json"))
    go(made, first, replace(second, needs=(first.name,)))
    assert "the report so far was not written: field" in capfd.readouterr().out
