"""Mixtures keep shares, order and problems comparable between arms."""

import json

import pytest

from reins.data_builders import BUILDERS
from reins.data_builders.mixture import mix
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl


def write_rows(path, rows):
    write_jsonl(path, (row.line() for row in rows))


@pytest.fixture
def sets(tmp_path):
    traces, composites = tmp_path / "traces.jsonl", tmp_path / "composites.jsonl"
    write_rows(traces, BUILDERS["micro.traces"](rows=40, seed=0))
    write_rows(composites, BUILDERS["micro.composites"](rows=40, seed=1, split="train", thought="long"))
    return {"traces": traces, "composites": composites}


def mixed(tmp_path, sets, shares, add=None, trainer="sft", rows=20):
    out = tmp_path / "rows.jsonl"
    used = {name: sets[name] for name in [*shares, *(add or {})]}
    given = mix(trainer, used, shares, add or {}, rows, 0, out)
    return given, read_jsonl(out)


def test_shares_replace_and_what_stays_keeps_its_place(tmp_path, sets):
    _, alone = mixed(tmp_path, sets, {"traces": 1.0})
    given, both = mixed(tmp_path, sets, {"traces": 0.7, "composites": 0.3})
    assert given == {"traces": 14, "composites": 6}
    assert sum(a == b for a, b in zip(alone, both, strict=True)) == 14


def test_added_rows_come_beside_all_the_others(tmp_path, sets):
    _, alone = mixed(tmp_path, sets, {"traces": 1.0})
    given, more = mixed(tmp_path, sets, {"traces": 1.0}, add={"composites": 0.3})
    assert given == {"traces": 20, "composites": 6}
    assert [row for row in more if row in alone] == alone


def test_grpo_rows_carry_what_the_rewards_read(tmp_path, sets):
    _, rows = mixed(tmp_path, sets, {"composites": 1.0}, trainer="grpo")
    for row in rows:
        assert row["prompt"][0]["role"] == "user" and row["solution"]
        assert len(json.loads(row["constraint_args"])) == len(row["constraint_name"])


def test_bad_mixtures_are_refused(tmp_path, sets):
    with pytest.raises(InputError, match="add to 0.9"):
        mixed(tmp_path, sets, {"traces": 0.6, "composites": 0.3})
    with pytest.raises(InputError, match="40 rows, the mixture wants more"):
        mixed(tmp_path, sets, {"traces": 1.0}, rows=41)
    problems = tmp_path / "problems.jsonl"
    write_rows(problems, BUILDERS["micro.problems"](rows=5, seed=0))
    with pytest.raises(InputError, match="no 'response'"):
        mixed(tmp_path, {"problems": problems}, {"problems": 1.0}, rows=5)
