"""Shares of thoughts that end, never end, or are not there: as planted, and adding up to one."""

import json

import pytest
from synthetic_run import make_run

from reins.eval.io.jsonl import read_jsonl
from reins.eval.report.report import report


def test_shares_are_those_of_the_samples_and_stand_on_the_page(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=40)
    report([run], tmp_path / "out")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    shares = {one["state"]: one for one in results["states"] if one["arm"] == "sft"}
    scores = read_jsonl(run / "evals" / "sft-s0" / "composite.think" / "scores.jsonl")
    for state, one in shares.items():
        counted = sum(score["state"] == state for score in scores)
        assert one["value"] == pytest.approx(counted / len(scores), abs=1e-6)
        assert one["low"] <= one["value"] <= one["high"]
        assert (one["n"], one["clusters"]) == (80, 20)
    assert shares["closed"]["value"] > 0.8
    assert 0 < shares["unclosed"]["value"] < 0.2
    assert sum(one["value"] for one in shares.values()) == pytest.approx(1, abs=2e-6)
    assert "Thoughts that end" in (tmp_path / "out" / "index.html").read_text()
    assert (tmp_path / "out" / "tables" / "states.csv").exists()
