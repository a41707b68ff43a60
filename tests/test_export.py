"""Rows as tasks of other harnesses: what is written compiles, asks as we ask, and judges as `score` does.

That the tasks run in the harnesses themselves was tried by hand (docs/outputs.md); none of them is installed here, so
stand-ins hold the few names of Inspect and verifiers that the tasks use.
"""

import ast
import asyncio
import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from statistics import mean
from types import ModuleType, SimpleNamespace
from typing import Generic, TypeVar

import pytest
import yaml

from reins.eval.export.export import export
from reins.eval.export.judged import Judged, figures
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.score.responses import load_responses
from reins.eval.score.score import score_samples
from reins.eval.verify import render
from reins.eval.verify.rows import read_rows

DATA = Path(__file__).parent / "data/outputs"
ROWS = read_rows(DATA / "rows.jsonl")
HARNESSES = ("lm-eval", "inspect", "verifiers")


@pytest.fixture
def legs(tmp_path):
    """The rows in a file whose name becomes the task's."""
    write_jsonl(tmp_path / "Legs & sides.jsonl", [row.line() for row in ROWS])
    return tmp_path / "Legs & sides.jsonl"


def loaded(file):
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_harness_gets_files_that_it_can_read(legs, tmp_path):
    written = export(legs, {harness: tmp_path / harness for harness in HARNESSES})
    names = [str(file.relative_to(tmp_path)) for file in written]
    assert names == sorted([
        "inspect/reins_legs_sides.py", "inspect/rows.jsonl",
        "lm-eval/reins_legs_sides.yaml", "lm-eval/utils.py", "lm-eval/rows.jsonl",
        "verifiers/pyproject.toml", "verifiers/reins_legs_sides/__init__.py",
        "verifiers/reins_legs_sides/taskset.py", "verifiers/reins_legs_sides/rows.jsonl",
    ])  # fmt: skip
    for file in written:
        if file.suffix == ".py":
            ast.parse(file.read_text())
        if file.name == "rows.jsonl":
            assert read_rows(file) == ROWS
    project = tomllib.loads((tmp_path / "verifiers/pyproject.toml").read_text())
    assert project["project"]["name"] == "reins-legs-sides"
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["reins_legs_sides"]


class FunctionLoader(yaml.SafeLoader):
    """YAML with lm-evaluation-harness's tag for functions of a file beside it."""


FunctionLoader.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))


def test_lm_evals_functions_ask_as_we_ask_and_judge_as_score_does(legs, tmp_path):
    export(legs, {"lm-eval": tmp_path / "task"})
    utils = loaded(tmp_path / "task/utils.py")
    task = yaml.load((tmp_path / "task/reins_legs_sides.yaml").read_text(), FunctionLoader)
    named = [
        task["custom_dataset"],
        task["process_results"],
        task["filter_list"][0]["filter"][0]["filter_fn"],
    ]
    assert all(callable(getattr(utils, name.removeprefix("utils."))) for name in named)
    assert [metric["metric"] for metric in task["metric_list"]] == ["hacc", "sacc", "correct"]
    documents = list(utils.documents(version=1)["test"])
    assert [document["prompt"] for document in documents] == [render(row) for row in ROWS]
    lines = read_jsonl(DATA / "lm_eval.jsonl")[:3]
    judged = [utils.process_results(each, line["resps"]) for each, line in zip(documents, lines, strict=True)]
    scores = score_samples(ROWS, load_responses(DATA / "lm_eval.jsonl", ROWS))
    for row, known in zip(ROWS, judged, strict=True):
        of_row = [figures(score) for score in scores if score.row == row.name]
        assert known == {name: mean(each[name] for each in of_row) for name in ("hacc", "sacc", "correct")}


def test_outputs_of_inspect_are_judged_as_score_judges_its_log():
    judged = Judged(DATA / "rows.jsonl")
    samples = json.loads((DATA / "inspect.json").read_text())["samples"]
    found = {
        (each["id"], each["epoch"] - 1): judged.score_output(each["id"], each["output"]) for each in samples
    }
    for score in score_samples(ROWS, load_responses(DATA / "inspect.json", ROWS)):
        one = found[score.row, score.sample]
        assert (one.verdicts, one.outcome, one.state, one.truncated) == (
            score.verdicts, score.outcome, score.state, score.truncated,
        )  # fmt: skip


def stands_in(monkeypatch, name, **names):
    module = ModuleType(name)
    vars(module).update(names)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def inspect_ai(monkeypatch):
    def scorer(metrics):
        return lambda made: made

    stands_in(monkeypatch, "inspect_ai", Task=SimpleNamespace, task=lambda made: made)
    stands_in(
        monkeypatch, "inspect_ai.dataset", MemoryDataset=lambda samples, name: samples, Sample=SimpleNamespace
    )
    names = {"Score": SimpleNamespace, "Scorer": object, "Target": object, "scorer": scorer}
    stands_in(monkeypatch, "inspect_ai.scorer", **names, mean=lambda: "mean", stderr=lambda cluster: cluster)
    stands_in(monkeypatch, "inspect_ai.solver", TaskState=object, generate=lambda: "generate")


@pytest.fixture
def verifiers(monkeypatch):
    kind = TypeVar("kind")

    class Task(Generic[kind]):
        def __init__(self, data, config):
            self.data = data

    class Taskset(Generic[kind]):
        config = SimpleNamespace(task=None)

    def as_it_is(method):
        return method

    stands_in(
        monkeypatch,
        "verifiers.v1",
        Task=Task,
        Taskset=Taskset,
        TaskData=SimpleNamespace,
        Trace=object,
        AssistantMessage=said,
        reward=as_it_is,
        metric=as_it_is,
    )
    stands_in(monkeypatch, "verifiers", v1=sys.modules["verifiers.v1"])


def said(content=None, reasoning_content=None):
    return SimpleNamespace(content=content, reasoning_content=reasoning_content)


GOOD = "it has \\boxed{8} legs"
ALL, NONE = {"hacc": 1.0, "sacc": 1.0, "correct": 1.0}, {"hacc": 0.0, "sacc": 0.0, "correct": 0.0}


def choice(content, stop_reason="stop"):
    return {"message": {"role": "assistant", "content": content}, "stop_reason": stop_reason}


@pytest.mark.parametrize(
    ("choices", "value", "cut"),
    [
        ([choice(GOOD)], ALL, False),
        ([choice("")], NONE, False),
        ([choice(GOOD, "max_tokens")], NONE, True),
        ([], NONE, True),  # a limit of Inspect's own ended it
    ],
)
def test_inspects_scorer_judges_what_a_sample_ended_in(choices, value, cut, legs, tmp_path, inspect_ai):
    export(legs, {"inspect": tmp_path / "task"})
    task = loaded(tmp_path / "task/reins_legs_sides.py").reins_legs_sides()
    assert [(one.id, one.input) for one in task.dataset] == [(row.name, render(row)) for row in ROWS]
    output = {"model": "m", "choices": choices, "usage": None}
    state = SimpleNamespace(
        sample_id="legs-0", output=SimpleNamespace(model_dump=lambda: output, completion="")
    )
    score = asyncio.run(task.scorer(state, None))
    assert (score.value, score.metadata["cut"]) == (value, cut)


@pytest.mark.parametrize(
    ("replies", "truncated", "value"),
    [
        ([said(GOOD)], False, ALL),
        ([said(GOOD, "well, 9")], False, ALL),
        ([said(None)], False, NONE),
        ([said(GOOD)], True, NONE),
        ([], True, NONE),  # a limit ended it before the first reply
    ],
)
def test_verifiers_rewards_judge_what_a_rollout_ended_in(
    replies, truncated, value, legs, tmp_path, verifiers
):
    export(legs, {"verifiers": tmp_path / "task"})
    taskset = loaded(tmp_path / "task/reins_legs_sides/taskset.py").ReinsTaskset()
    tasks = taskset.load()
    assert [(one.data.row, one.data.prompt) for one in tasks] == [(row.name, render(row)) for row in ROWS]
    trace = SimpleNamespace(assistant_messages=replies, is_truncated=truncated)
    assert asyncio.run(tasks[0].verdicts(trace)) | asyncio.run(tasks[0].shares(trace)) == value


def test_replies_with_a_thought_beside_them_are_judged_as_score_judges_them():
    judged = Judged(DATA / "rows.jsonl")
    responses = load_responses(DATA / "chat_completions.jsonl", ROWS)
    for response, score in zip(responses, score_samples(ROWS, responses), strict=True):
        one = judged.score(
            response.row, response.text, thought=response.thought, truncated=response.truncated
        )
        assert (one.verdicts, one.outcome, one.state) == (score.verdicts, score.outcome, score.state)


def test_a_template_that_opens_the_thought_is_said_once_for_all_files(legs, tmp_path):
    export(legs, {"lm-eval": tmp_path / "plain"})
    export(legs, {"lm-eval": tmp_path / "opened"}, opened=True)
    inside = {"row": "legs-0"}, [["eight legs \\boxed{8}"]]
    assert loaded(tmp_path / "plain/utils.py").process_results(*inside)["correct"] == 1
    assert loaded(tmp_path / "opened/utils.py").process_results(*inside)["correct"] == 0
    after = {"row": "legs-0"}, [["eight legs</think>it is \\boxed{8}"]]
    assert loaded(tmp_path / "opened/utils.py").process_results(*after)["correct"] == 1


def test_a_preset_reaches_prompts_and_verdicts(legs, tmp_path):
    export(legs, {"lm-eval": tmp_path / "task"}, preset="mathif")
    utils = loaded(tmp_path / "task/utils.py")
    assert utils.documents()["test"][0]["prompt"] == render(ROWS[0], preset="mathif")
    unclosed = {"row": "legs-0"}, [["<think>it is \\boxed{8}"]]
    assert utils.process_results(*unclosed)["hacc"] == 1  # judged as published


def test_a_figure_that_no_row_has_is_no_metric(tmp_path):
    write_jsonl(tmp_path / "poems.jsonl", [row.line() | {"answer": ""} for row in ROWS])
    export(tmp_path / "poems.jsonl", {"lm-eval": tmp_path / "task"})
    task = yaml.load((tmp_path / "task/reins_poems.yaml").read_text(), FunctionLoader)
    assert [metric["metric"] for metric in task["metric_list"]] == ["hacc", "sacc"]
    assert "correct" not in loaded(tmp_path / "task/utils.py").process_results({"row": "legs-0"}, [["so"]])


@pytest.mark.parametrize(
    ("file", "name"),
    [("set.v2/rows.jsonl", "reins_set_v2"), ("7.jsonl", "reins_7"), ("集合.jsonl", "reins_rows")],
)
def test_a_task_is_named_after_its_file_or_folder(file, name, tmp_path):
    write_jsonl(tmp_path / file, [row.line() for row in ROWS])
    assert tmp_path / f"task/{name}.py" in export(tmp_path / file, {"inspect": tmp_path / "task"})
    assert f"def {name}() -> Task:" in (tmp_path / f"task/{name}.py").read_text()


def test_nothing_is_written_over_and_nothing_at_all_where_one_file_is_there(legs, tmp_path):
    (tmp_path / "task").mkdir()
    (tmp_path / "task/utils.py").write_text("mine = 1\n")
    with pytest.raises(InputError, match=r"task/utils.py: is there already; name a new folder"):
        export(legs, {"lm-eval": tmp_path / "task", "inspect": tmp_path / "other"})
    assert [file.name for file in (tmp_path / "task").iterdir()] == ["utils.py"]
    assert not (tmp_path / "other").exists()
    with pytest.raises(InputError, match="unknown preset; did you mean 'mathif'"):
        export(legs, {"inspect": tmp_path / "other"}, preset="matif")
