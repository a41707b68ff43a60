"""A report from a run with planted effects: what it says, what it refuses, and that it says it twice alike."""

import csv
import json
import re

import pytest
import yaml
from synthetic_run import ARMS, make_run

from reins.eval.analyse.analyse import analyse
from reins.eval.analyse.run_folder import RunFolder
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.draw import FIGURES
from reins.eval.report.report import report


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def reported(run):
    out = run / "report"
    terminal = report([run], out)
    return out, results_of(out), terminal


def results_of(out):
    def refuse(constant):
        raise AssertionError(f"{constant} in results.json")

    return json.loads((out / "results.json").read_text(), parse_constant=refuse)


def pick(entries, **wanted):
    return [entry for entry in entries if all(entry[key] == value for key, value in wanted.items())]


def one(entries, **wanted):
    (found,) = pick(entries, **wanted)
    return found


def test_the_file_says_what_was_evaluated_and_by_what(reported):
    _, results, _ = reported
    assert (results["recipe"], results["preset"]) == ("synthetic", "reins")
    assert "numpy" in results["versions"]


def test_planted_effects_come_back(reported):
    _, results, _ = reported
    whole = {"set": "composite", "mode": "think", "group": None}
    lost = one(results["contrasts"], **whole, arm="sft", against="base", metric="hacc")
    assert lost["high"] < -0.2
    assert lost["p"] < 0.01
    kept = one(results["contrasts"], **whole, arm="rl", against="base", metric="hacc")
    assert kept["low"] < 0 < kept["high"]
    assert 0.05 < kept["mdd"] < 0.2
    learnt = one(results["contrasts"], **whole, arm="sft", against="base", metric="correct")
    assert learnt["low"] > 0.2
    blind = one(results["figures"], **whole, arm="base", metric="blind_hacc")
    over = one(results["figures"], **whole, arm="base", metric="hacc_over_blind")
    hacc = one(results["figures"], **whole, arm="base", metric="hacc")
    assert over["value"] == pytest.approx(hacc["value"] - blind["value"], abs=2e-6)
    assert over["low"] > 0.2


def test_contrasts_are_those_that_mean_something_among_the_arms_there(reported):
    _, results, _ = reported
    pairs = {(entry["arm"], entry["against"]) for entry in results["contrasts"]}
    against_base = {(arm, "base") for arm in ARMS if arm != "base"}
    assert pairs == against_base | {("sft", "sft_direct"), ("sft_if", "sft")}


def test_arms_state_their_steps_and_tokens(reported):
    _, results, _ = reported
    assert one(results["arms"], arm="base")["steps"] == 0
    assert one(results["arms"], arm="sft_rl") == {
        "arm": "sft_rl",
        "role": "treatment",
        "seed": 0,
        "stages": ["sft", "rl"],
        "checkpoint": "sft.rl-s0",
        "steps": 200,
        "supervised_tokens": 100_000,
        "rows": 800,
        "cut_rows": 40,
    }


def test_bins_hold_every_finished_sample_once_and_no_cut_one(run, reported):
    _, results, _ = reported
    scores = read_jsonl(run / "evals" / "sft-s0" / "composite.think" / "scores.jsonl")
    bins = pick(results["bins"], arm="sft", metric="hacc")
    cut = one(bins, kind="cut")
    assert cut["n"] == sum(score["cut"] for score in scores) > 0
    assert cut["value"] is None
    judged = pick(bins, kind="equal_count")
    assert len(judged) == 6
    assert sum(entry["n"] for entry in judged) == sum(not score["cut"] for score in scores)
    for entry in judged:
        inside = [
            s
            for s in scores
            if not s["cut"] and entry["from_tokens"] <= s["reasoning_tokens"] <= entry["to_tokens"]
        ]
        assert entry["n"] == len(inside)
        assert entry["value"] == pytest.approx(sum(s["hacc"] for s in inside) / len(inside), abs=1e-6)
        assert entry["low"] < entry["value"] < entry["high"]


def test_samples_without_reasoning_are_the_bin_at_zero(reported):
    _, results, _ = reported
    first = pick(results["bins"], arm="base", metric="hacc", kind="equal_count")[0]
    assert (first["from_tokens"], first["to_tokens"]) == (0, 0)
    assert first["n"] > 150


# The run has one mode, two samples, no factors, no attention measured, trains no constraints, and has rows without steps.
NOT_DRAWN = ("modes", "policies", "calibration", "support", "effects", "exposure", "load")
DRAWN = sorted(name for name in FIGURES if name not in NOT_DRAWN and "attention" not in name)


def test_the_page_is_one_file_that_answers_first(reported):
    out, _, terminal = reported
    page = (out / "index.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert "url(" not in page
    pictures = re.findall(r'<figure><img alt="([^"]+)" src="data:image/png;base64,', page)
    assert len(pictures) == len(DRAWN)
    answer = page.index("sft lowers HAcc from")
    places = [page.index(title) for title in pictures]
    assert [answer, *places] == sorted([answer, *places])
    assert "rl shows no change of HAcc" in page
    assert "preset reins" in page
    assert "95 % intervals in brackets" in page
    assert "sft_direct" in terminal
    assert "sft lowers HAcc from" in terminal
    assert "equivalent" not in page + terminal  # the recipe states no margin
    assert "every trained arm has one seed, and nothing covers how another would have come out" in page


def shown(out):
    """The page's text; without pictures, generations and style. No figure is drawn of nothing."""
    page = (out / "index.html").read_text()
    text = re.sub(r"<script.*?</script>|<style.*?</style>|base64,[^\"]+", "", page, flags=re.DOTALL)
    assert not re.search(r"\b(nan|NaN|None|inf|undefined)\b", text)
    return text


def test_where_there_is_nothing_to_draw_the_page_says_why(reported, tmp_path):
    assert "No figure" not in shown(reported[0])
    report([make_run(tmp_path / "run", arms={"base": []}, rows=40)], tmp_path / "out")
    text = shown(tmp_path / "out")
    for reason in ("no arm but the base was evaluated", "no arm was compared", "no arm has two evaluated"):
        assert f"No figure: {reason}" in text
    drawn = {path.stem.split(".")[0] for path in (tmp_path / "out" / "figures").glob("*.png")}
    assert not drawn & {"arms", "types", "flips", "along", "controls", "attribution"}


def test_figures_and_tables_are_files_of_their_own(reported):
    out, results, _ = reported
    for kind in DRAWN:
        assert (out / "figures" / f"{kind}.composite.think.png").read_bytes().startswith(b"\x89PNG")
        assert (out / "figures" / f"{kind}.composite.think.pdf").read_bytes().startswith(b"%PDF")
    for kind in ("contrasts", "flips", "length", "attribution", "joint"):
        with open(out / "tables" / f"{kind}.csv", newline="") as file:
            lines = list(csv.DictReader(file))
        assert len(lines) == len(results[kind]) > 0
    latex = (out / "tables" / "contrasts.composite.think.tex").read_text()
    assert r"sft\_direct" in latex
    for file in (out / "tables").glob("*.tex"):
        text = file.read_text()
        assert text.isascii(), file
        assert len({line.count(" & ") for line in text.splitlines() if line.endswith(r"\\")}) == 1, file


def test_the_same_run_gives_the_same_bytes(run, reported, tmp_path):
    out, _, _ = reported
    report([run], tmp_path / "again")
    files = [path.relative_to(out) for path in sorted(out.rglob("*")) if path.is_file()]
    assert len(files) > 2 + 2 * len(DRAWN) + 10
    for path in files:
        assert (out / path).read_bytes() == (tmp_path / "again" / path).read_bytes(), path


def test_seeds_are_pooled_and_each_is_shown(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, seeds=(0, 1), rows=40)
    results = analyse([RunFolder(run)])
    sft = pick(results["figures"], arm="sft", metric="hacc", group=None)
    assert [(entry["seed"], entry["checkpoint"]) for entry in sft] == [
        (0, "sft-s0"),
        (1, "sft-s1"),
        (None, None),
    ]
    assert [entry["n"] for entry in sft] == [80, 80, 160]
    assert sft[2]["value"] == pytest.approx((sft[0]["value"] + sft[1]["value"]) / 2, abs=2e-6)


def test_runs_lie_side_by_side(run, tmp_path):
    other = make_run(tmp_path / "other", arms={"base": [], "sft": ["sft"]}, rows=40, seed=3)
    recipe = yaml.safe_load((other / "recipe.yaml").read_text())
    (other / "recipe.yaml").write_text(yaml.safe_dump(recipe | {"name": "second"}))
    results = analyse([RunFolder(run), RunFolder(other)])
    arms = {entry["arm"] for entry in results["figures"]}
    assert {"synthetic/sft", "second/sft", "second/base"} <= arms
    assert {entry["against"] for entry in pick(results["contrasts"], arm="second/sft")} == {"second/base"}


def test_a_run_half_done_is_reported_and_says_what_is_missing(tmp_path):
    arms = {"base": [], "sft": ["sft"], "rl": ["rl"]}
    run = make_run(tmp_path / "run", arms=arms, rows=40)
    for file in (run / "evals" / "rl-s0").rglob("*.jsonl"):
        file.unlink()
    report([run], tmp_path / "out")
    assert "not evaluated yet: rl" in shown(tmp_path / "out")
    assert {entry["arm"] for entry in results_of(tmp_path / "out")["arms"]} == {"base", "sft"}


def test_the_base_alone_makes_a_report(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": []}, rows=40)
    report([run], tmp_path / "out")
    assert "No arm was compared with the base" in shown(tmp_path / "out")


def rewrite(run, change):
    for file in run.rglob("scores.jsonl"):
        write_jsonl(file, [change(score) for score in read_jsonl(file)])


def test_a_set_of_one_problem_has_no_intervals_and_no_nan(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=2)
    report([run], tmp_path / "out")
    results = results_of(tmp_path / "out")
    assert {entry["low"] for entry in results["figures"]} == {None}
    assert {entry["p"] for entry in results["contrasts"]} == {None}
    assert "too few problems for an interval" in shown(tmp_path / "out")


def test_when_all_samples_are_cut_there_is_no_bin_and_no_picture_of_them(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=40)
    rewrite(run, lambda score: score | {"cut": True, "state": "unclosed"})
    report([run], tmp_path / "out")
    assert {entry["kind"] for entry in results_of(tmp_path / "out")["bins"]} == {"cut"}
    assert not (tmp_path / "out" / "figures" / "lengths.composite.think.png").exists()
    assert "No figure: no arm has two bins" in shown(tmp_path / "out")


def test_sets_without_answers_or_without_constraints_show_what_they_have(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=40)
    rewrite(run, lambda score: score | {"correct": None, "outcome": None})
    report([run], tmp_path / "writing")
    assert "No figure: the set has no constraints or no answers" in shown(tmp_path / "writing")
    assert not pick(results_of(tmp_path / "writing")["figures"], metric="correct", group=None)
    rewrite(run, lambda score: score | {"verdicts": [], "hacc": None, "sacc": None, "outcome": "right"})
    rows = read_jsonl(run / "data" / "composite" / "rows.jsonl")
    plain = [row | {"constraint_name": [], "constraint_args": [], "constraint_desc": []} for row in rows]
    write_jsonl(run / "data" / "composite" / "rows.jsonl", plain)
    report([run], tmp_path / "math")
    results = results_of(tmp_path / "math")
    assert not pick(results["figures"], metric="hacc")
    assert not results["floors"]
    assert "no row has constraints" in shown(tmp_path / "math")
    assert one(results["figures"], arm="sft", metric="correct", group=None)["value"] == 1


def test_bad_input_is_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match=r"recipe.yaml: not there"):
        report([tmp_path], tmp_path / "out")
    run = make_run(tmp_path / "run", arms={"base": []}, rows=10)
    scores = run / "evals" / "base" / "composite.think" / "scores.jsonl"
    write_jsonl(scores, read_jsonl(scores)[:-2])
    with pytest.raises(InputError, match=r"scores.jsonl: not the rows of data/composite"):
        report([run], tmp_path / "out")
    for file in (run / "evals").rglob("*.jsonl"):
        file.unlink()
    with pytest.raises(InputError, match="no scores; run the recipe first"):
        report([run], tmp_path / "out")


def test_truncation_is_said_before_the_change_that_it_may_explain(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "rl": ["rl"]})
    scores = run / "evals" / "rl-s0" / "composite.think" / "scores.jsonl"
    lines = read_jsonl(scores)
    for line in lines[::3]:
        line |= {"cut": True, "hacc": 0, "sacc": 0.0, "verdicts": [False] * len(line["verdicts"])}
    write_jsonl(scores, lines)
    terminal = report([run], run / "report")
    assert re.search(r"truncation first: \d\d% of rl's samples are cut or unclosed \(base: \d%\)", terminal)
    assert re.search(
        r"HAcc on what both finish changes by .0\.0\d .*; over all, rl lowers HAcc from", terminal
    )
