"""A run as data frames, and the notebook that opens one."""

import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import reins
from reins.eval.io.errors import InputError
from reins.eval.io.run_paths import RunPaths
from reins.eval.report.report import report
from tests.synthetic_run import make_run

NOTEBOOK = Path(__file__).parent.parent / "docs/notebook.ipynb"
ARMS = {"base": [], "sft": ["sft"], "sft_direct": {"stages": ["sft_direct"], "control_of": ["sft"]}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run where the notebook looks for one."""
    run = make_run(tmp_path_factory.mktemp("clone") / "runs/micro", arms=ARMS, rows=60, along=(50,))
    report([run], run / "report")
    return run


def test_the_frames_of_samples_and_verdicts_give_the_reports_figures(folder):
    run = reins.load_run(folder)
    figures = run.figures[run.figures.group_by.isna()].set_index(["arm", "metric"]).value
    asked = run.samples[run.samples.constrained]
    unasked = run.samples[~run.samples.constrained]
    for arm in ARMS:
        of_arm = asked[asked.arm == arm]
        for metric in ("hacc", "sacc", "correct", "cut", "reasoning_tokens"):
            assert of_arm[metric].mean() == pytest.approx(figures[arm, metric], abs=1e-6)
        assert unasked[unasked.arm == arm].hacc.mean() == pytest.approx(figures[arm, "blind_hacc"], abs=1e-6)
        held = run.verdicts[(run.verdicts.arm == arm) & run.verdicts.constrained].holds
        assert held.mean() == pytest.approx(figures[arm, "verdict"], abs=1e-6)


def test_frames_of_samples_go_together(folder):
    run = reins.load_run(folder)
    key = ["checkpoint", "set", "mode", "constrained", "row", "sample"]
    joined = run.samples.merge(run.responses, on=key, validate="one_to_one", how="left")
    assert joined.text.notna().all() and len(joined) == len(ARMS) * 60 * 2 * 2
    assert (run.samples.set_index(key).n_constraints.sort_index() == run.verdicts.groupby(key).size()).all()


def test_costs_and_the_first_of_two_passes_are_columns(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    file = RunPaths(tmp_path / "run").evaluation("base", "composite", "think") / "scores.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        line |= {"calls": 2, "first": {"verdicts": [False] * len(line["verdicts"]), "same": False}}
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    samples = reins.load_run(tmp_path / "run").samples
    twice = samples[samples.same.notna()]
    assert len(twice) == len(lines) and (twice.calls == 2).all() and not twice.same.any()
    assert not twice.first_hacc.any() and samples.first_hacc.isna().sum() == len(samples) - len(lines)


def test_every_list_of_the_results_is_a_table(folder):
    run = reins.load_run(folder)
    results = json.loads((folder / "report/results.json").read_text())
    for name, entries in results.items():
        if isinstance(entries, list):
            assert len(run.table(name)) == len(entries), name
    with pytest.raises(InputError, match="contrast: no list of results.json; .*contrasts"):
        run.table("contrast")


def test_a_run_without_report_has_samples(tmp_path):
    run = reins.load_run(make_run(tmp_path / "run", arms={"base": []}, rows=4))
    assert len(run.samples) == 16 and run.samples.seed.isna().all()
    with pytest.raises(InputError, match=r"results\.json.*finish the run"):
        _ = run.figures


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"recipe\.yaml"):
        reins.load_run(tmp_path)


def test_importing_reins_imports_nothing_large():
    code = "import sys, reins; print(sorted({'torch', 'pandas', 'numpy'} & {*sys.modules}))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_the_notebook_runs_from_its_first_cell_to_its_last(folder, monkeypatch):
    (folder.parent.parent / "docs").mkdir()
    monkeypatch.chdir(folder.parent.parent / "docs")
    plt.switch_backend("agg")
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    Path("notebook.py").write_text("\n\n".join(code))
    names = runpy.run_path("notebook.py")
    assert len(plt.get_fignums()) >= 2
    plt.close("all")
    answer = names["answer"]
    assert set(answer.index) == {*ARMS} and (answer.low <= answer["last less first"]).all()
