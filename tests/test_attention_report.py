"""What a run's report says of attention: planted effects come back, with their controls, and gaps in one line."""

import json

import numpy as np
import pytest
import yaml
from synthetic_run import make_run

from reins.eval.analyse import attention
from reins.eval.analyse.analyse import analyse
from reins.eval.analyse.attention_auc import auc_dots, auc_table
from reins.eval.analyse.attention_outcomes import outcome_layers, outcomes_table
from reins.eval.analyse.attention_trace import traces
from reins.eval.analyse.attention_types import by_training, types_table
from reins.eval.analyse.results import ReportData, SetMode
from reins.eval.analyse.run_folder import RunFolder
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.report import report

# Attention per token on the constraints in each context, and of random spans; a broken constraint has less.
PLANTED = {"nothing": 0.010, "thought": 0.006, "filler": 0.007, "other": 0.0065}
RANDOM = {"nothing": 0.008, "thought": 0.007, "filler": 0.007, "other": 0.007}
BROKEN = 0.7
PROMPT, SPAN = 60, 10


def a_line(row, score, after, rng):
    """A line of attention.jsonl for an answer of 40 tokens, of three layers."""
    names = [*range(len(score["verdicts"])), "all", "random"]
    levels = [
        PLANTED[after] * (1 if kept else BROKEN) * rng.uniform(0.9, 1.1, 3) for kept in score["verdicts"]
    ]
    levels += [np.full(3, PLANTED[after]), np.full(3, RANDOM[after])]
    of_prompt = np.full(3, {"nothing": 0.6, "thought": 0.3}.get(after, 0.35))
    spans = []
    for name, level in zip(names, levels, strict=True):
        share = level * SPAN / of_prompt
        values = {"per_token": level, "mass": level * SPAN, "share": share, "lift": share * PROMPT / SPAN}
        spans.append({"span": name} | {key: each.tolist() for key, each in values.items()})
    phase = {"prompt": of_prompt.tolist(), "sink": [0.1] * 3, "spans": spans}
    tenths = {"prompt": [0.5] * 10, "all": [PLANTED[after] * SPAN] * 10, "random": [0.07] * 9 + [None]}
    return {
        "row": row,
        "sample": score["sample"],
        "after": after,
        "free_tokens": 30,
        "prompt_tokens": PROMPT,
        "thought_tokens": 50 if after != "nothing" else 0,
        "answer_tokens": 40,
        "layers": [0, 1, 2],
        "spans": [{"span": name, "tokens": SPAN} for name in names],
        "phases": {"onset": phase, "rest": phase},
        "trace": {"answer": tenths} | ({"thought": tenths} if after == "thought" else {}),
    }


def attended(folder, **keywords):
    """A run with attention beside every evaluation with constraints."""
    run = make_run(folder, arms={"base": [], "sft": ["sft"]}, rows=60, modes=("think", "direct"), **keywords)
    for place in run.glob("evals/*/composite.*"):
        rng, lines = np.random.default_rng(3), []
        for score in read_jsonl(place / "scores.jsonl"):
            if place.suffix == ".think" and score["state"] != "closed":
                continue
            contexts = PLANTED if score["state"] == "closed" else ["nothing"]
            lines += [a_line(score["row"], score, after, rng) for after in contexts]
        write_jsonl(place / "attention.jsonl", lines)
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return attended(tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def results(run):
    return json.loads(json.dumps(analyse([RunFolder(run)])))


def pick(entries, **wanted):
    return [entry for entry in entries if all(entry[key] == value for key, value in wanted.items())]


def test_the_drop_and_its_parts_are_the_planted_ones(results):
    of_sft = {"arm": "sft", "mode": "think", "measure": "per_token", "layer": None}
    parts = {entry["part"]: entry for entry in pick(results["attention"], **of_sft)}
    wanted = {
        "before": 0.010,
        "drop": 0.004,
        "of position": 0.003,
        "beyond position": 0.001,
        "beyond another's thought": 0.0005,
        "of random spans": 0.001,
        "beyond random spans": 0.003,
    }
    assert {part: parts[part]["value"] for part in wanted} == pytest.approx(wanted, abs=1e-6)
    assert parts["as sampled"]["phase"] == "answer" and parts["as sampled"]["value"] > 0.002
    layers = pick(results["attention"], **of_sft | {"part": "drop"} | {"layer": 1})
    assert layers[0]["value"] == pytest.approx(0.004, abs=1e-6)
    assert not pick(results["attention"], mode="direct")


def test_broken_constraints_have_less_and_the_ranks_say_so(results):
    entries = pick(results["attention_followed"], arm="sft", mode="think", measure="per_token", scope=None)
    values = {(entry["followed"], entry["right"]): entry["value"] for entry in entries}
    assert all(values[False, right] < 0.85 * values[True, right] for right in (True, False))
    auc = {entry["predictor"]: entry for entry in pick(results["attention_auc"], arm="sft", mode="think")}
    assert auc["per_token"]["high"] < 0.5  # the lost ones have the lower number
    assert auc["per_token"]["new_low"] > 0.5  # what other types teach holds for a new one
    assert auc["number of constraints"]["low"] < 0.5 < auc["number of constraints"]["high"]
    assert auc["all of attention"]["auc"] is None
    assert 0 < auc["per_token"]["lost"] < auc["per_token"]["n"]


def test_each_type_has_its_attention_beside_the_rows_that_trained_it(tmp_path):
    run = attended(tmp_path / "run")
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["stages"] = {"sft": {"trainer": "sft", "rows": 50, "data": {"mixed": 1.0}}}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    kinds = sorted(
        {kind for row in read_jsonl(run / "data/composite/rows.jsonl") for kind in row["constraint_name"]}
    )
    counts = {kind: 10 * place for place, kind in enumerate(kinds)}
    rows = ({"constraint_name": [kind for kind in kinds if i < counts[kind]]} for i in range(100))
    write_jsonl(run / "data/mixed/rows.jsonl", rows)
    results = json.loads(json.dumps(analyse([RunFolder(run)])))
    entries = pick(results["attention_types"], mode="think", measure="per_token")
    of_sft = {entry["type"]: entry for entry in pick(entries, arm="sft")}
    assert {kind: entry["trained"] for kind, entry in of_sft.items()} == {
        kind: count // 2 for kind, count in counts.items()
    }
    assert all(entry["trained"] is None for entry in pick(entries, arm="base"))
    everything = pick(results["attention_followed"], arm="sft", mode="think", measure="per_token", scope=None)
    assert sum(entry["n"] for entry in of_sft.values()) == sum(entry["n"] for entry in everything)
    for entry in of_sft.values():
        planted = PLANTED["thought"] * (entry["followed"] + BROKEN * (1 - entry["followed"]))
        assert entry["low"] < entry["value"] < entry["high"]
        assert entry["value"] == pytest.approx(planted, rel=0.06)
    data = ReportData.of(results, SetMode("composite", "think"))
    assert by_training(data) is not None and len(types_table(data)) > len(kinds)


def test_outcomes_and_traces_are_there_layer_by_layer_and_tenth_by_tenth(results):
    of_sft = pick(results["attention_outcomes"], arm="sft", mode="think", measure="per_token")
    assert {entry["outcome"] for entry in of_sft} == {"win", "tie", "lose"}
    assert {entry["layer"] for entry in of_sft} == {None, 0, 1, 2}
    assert sum(entry["n"] for entry in pick(of_sft, layer=None)) <= 60
    trace = pick(results["attention_trace"], arm="sft", mode="think", measure="per_token")
    for phase in ("thought", "answer"):
        assert len(pick(trace, phase=phase, span="all")) == 10
        assert len(pick(trace, phase=phase, span="random")) == 9  # an empty tenth is none


def test_a_tenth_in_which_no_reply_looks_at_its_prompt_has_no_lift(tmp_path):
    run = attended(tmp_path / "run")
    for file in run.rglob("attention.jsonl"):
        lines = read_jsonl(file)
        for line in lines:
            if thought := line["trace"].get("thought"):
                line["trace"]["thought"] = {name: [*tenths[:9], 0.0] for name, tenths in thought.items()}
        write_jsonl(file, lines)
    report([run], tmp_path / "out")  # which refuses what is no number
    trace = json.loads((tmp_path / "out/results.json").read_text())["attention_trace"]
    of_last = pick(trace, arm="sft", mode="think", phase="thought", tenth=9, span="all")
    assert [(entry["measure"], entry["value"]) for entry in of_last] == [("per_token", 0)]


def test_the_page_says_which_part_survives_and_draws_it(results):
    data = ReportData.of(results, SetMode("composite", "think"))
    lines = [line for line in attention.survives(data) if line.startswith("sft, think")]
    assert len(lines) == 1
    assert "larger (10% of the attention) than that with neutral filler" in lines[0]
    assert "larger (30% of the attention) than that with other tokens" in lines[0]
    drawn = (attention.part_dots, traces, outcome_layers, auc_dots)
    assert all(draw(data) is not None for draw in drawn)
    tables = (attention.parts_table, attention.followed_table, outcomes_table, auc_table)
    assert all(len(table(data)) > 1 for table in tables)
    none = ReportData("composite", "think", {name: [] for name in data.lists})
    assert all(draw(none) is None for draw in drawn) and all(len(table(none)) == 1 for table in tables)


def test_replies_without_a_thought_and_cut_ones_are_left_out_and_counted(tmp_path):
    """In every second row sft answers without a thought and looks at the constraints a hundred times as much; every fourth
    reply behind a thought is cut and judged as no answer."""
    run = attended(tmp_path / "run")
    place = run / "evals" / "sft-s0" / "composite.think"
    before = json.loads(json.dumps(analyse([RunFolder(run)])))
    lines = [
        line
        for line in read_jsonl(place / "attention.jsonl")
        if not _is_odd(line) or line["after"] == "nothing"
    ]
    for line in filter(_is_odd, lines):
        for span in line["phases"]["onset"]["spans"] + line["phases"]["rest"]["spans"]:
            span |= {"per_token": [1.0] * 3, "mass": [1.0] * 3}
    write_jsonl(place / "attention.jsonl", lines)
    scores = read_jsonl(place / "scores.jsonl")
    for score in scores[::4]:
        score |= {"cut": True, "verdicts": [False] * len(score["verdicts"]), "hacc": False, "sacc": 0.0}
    write_jsonl(place / "scores.jsonl", scores)
    after = json.loads(json.dumps(analyse([RunFolder(run)])))
    sampled = {"arm": "sft", "mode": "think", "measure": "per_token", "part": "as sampled"}
    (was,), (now,) = (pick(results["attention"], **sampled) for results in (before, after))
    assert now["value"] == pytest.approx(was["value"], rel=0.1) and now["n"] < 0.6 * was["n"]
    broken = {"arm": "sft", "mode": "think", "measure": "lift", "scope": None, "followed": False}
    share = [
        sum(entry["n"] for entry in pick(results["attention_followed"], **broken))
        / sum(e["n"] for e in pick(results["attention_followed"], **broken | {"followed": True}))
        for results in (before, after)
    ]
    assert share[1] < 1.5 * share[0]  # cut replies would be broken ones
    (note,) = [note for note in after["notes"] if "leaves out replies" in note]
    assert "of sft (think)" in note


def _is_odd(line):
    return int(line["row"].rsplit("-", 1)[1]) % 2 == 1


def test_labels_all_alike_and_spans_that_are_missing_are_said_in_one_line(tmp_path):
    run = attended(tmp_path / "run")
    for place in run.glob("evals/*/composite.*"):
        scores = read_jsonl(place / "scores.jsonl")
        write_jsonl(
            place / "scores.jsonl", [line | {"verdicts": [True for _ in line["verdicts"]]} for line in scores]
        )
    rows = read_jsonl(run / "data" / "composite" / "rows.jsonl")
    rows[4]["constraint_desc"] = ["" for _ in rows[4]["constraint_desc"]]
    write_jsonl(run / "data" / "composite" / "rows.jsonl", rows)
    results = analyse([RunFolder(run)])
    notes = [note for note in results["notes"] if "attention" in note]
    assert any("no constraint is lost by thinking in base (think)" in note for note in notes), notes
    assert any("not found in their prompts" in note and "composite-000004" in note for note in notes), notes
    assert all(entry["auc"] is None for entry in results["attention_auc"])
