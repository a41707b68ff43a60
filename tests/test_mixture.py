"""Mixtures keep shares, order and problems comparable between arms."""

import json
import subprocess
import sys

import pytest
import yaml

from reins.data_builders import BUILDERS
from reins.data_builders.mixture import mix
from reins.eval.io.errors import InputError
from reins.eval.io.files import sha256
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
    assert len(rows) == 20
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


def process(config, **content):
    config.parent.mkdir(exist_ok=True)
    config.write_text(yaml.safe_dump(content, sort_keys=False))  # the first set fills every place
    command = [sys.executable, "-m", "reins.data_builders.mixture", "--config", str(config)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_as_a_process_it_leaves_rows_and_says_what_they_hash_to(tmp_path, sets):
    mixed(tmp_path, sets, {"traces": 0.7, "composites": 0.3})
    files = {name: str(file) for name, file in sets.items()}
    how = {"trainer": "sft", "shares": {"traces": 0.7, "composites": 0.3}, "add": {}, "rows": 20, "seed": 0}
    config = tmp_path / "mixtures" / "config.yaml"
    ended = process(config, **how, preset="reins", sets=files, inputs="x")
    assert ended.returncode == 0, ended.stderr
    rows = config.with_name("rows.jsonl")
    assert rows.read_bytes() == (tmp_path / "rows.jsonl").read_bytes()
    done = json.loads(config.with_name("done.json").read_text())
    assert done == {"inputs": "x", "output": sha256(rows), "rows": {"traces": 14, "composites": 6}}
    refused = process(config, **how | {"rows": 90}, preset="reins", sets=files, inputs="y")
    assert refused.returncode == 2 and "40 rows, the mixture wants more" in refused.stderr
