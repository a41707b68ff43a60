"""The diffs of docs/extending.md: each is under twenty lines, applies to this code, and does what the text beside it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/extending.md"
DIFFS = re.findall(r"^```diff\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the package with every diff applied, and what runs Python in it."""
    place = tmp_path_factory.mktemp("extended")
    skipped = shutil.ignore_patterns(".*", "runs", "tests", "docs", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, place / "reins", ignore=skipped)
    for diff in DIFFS:
        subprocess.run(["git", "apply", "-"], input=diff, text=True, check=True, cwd=place / "reins")

    def python(*arguments):
        env = os.environ | {"PYTHONPATH": str(place)}
        ended = subprocess.run(
            [sys.executable, *arguments],
            check=False,
            cwd=place / "reins",
            env=env,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return python


def test_there_are_five_short_diffs():
    assert len(DIFFS) == 5
    for diff in DIFFS:
        changed = [line for line in diff.splitlines() if re.match(r"[+-](?![+-]{2} )", line)]
        assert 0 < len(changed) < 20


def test_the_added_constraint_is_described_judged_and_satisfied(extended):
    said = extended(
        "-c",
        "import random; from reins.eval.verify import check, describe, witness\n"
        "name = 'punctuation:no_exclamation'\n"
        "print(describe(name, None), check(name, None, 'So it is!'), check(name, None, 'It is $3!$.'))\n"
        "print(witness('So it is!', [name], [None], random.Random(0)))",
    )
    assert said.splitlines() == ["Do not use any exclamation mark. False True", "So it is."]


def test_the_added_source_is_built(extended, tmp_path):
    recipe = tmp_path / "sums.yaml"
    recipe.write_text("name: sums\ndata: {sums: {builder: sums, rows: 5, seed: 1, largest: 9}}\n")
    extended("-m", "reins.recipes.cli", "build", str(recipe), "--out", str(tmp_path / "run"))
    assert (tmp_path / "run/data/sums/rows.jsonl").read_text().count('"answer"') == 5


def test_the_added_reward_pays_short_answers(extended):
    said = extended(
        "-c",
        "from reins.eval.verify import split_reasoning\n"
        "from reins.train.rewards import RULES, Judged\n"
        "for words in (50, 51):\n"
        "    reply = split_reasoning('<think>' + 'so ' * 90 + '</think>' + 'word ' * words)\n"
        "    print(RULES['brief'](Judged(reply, [], None)))",
    )
    assert said.split() == ["1.0", "0.0"]


def test_a_recipe_may_ask_for_the_added_reward(extended, tmp_path):
    recipe = tmp_path / "brief.yaml"
    recipe.write_text(
        "extends: recipes/micro/ablation.yaml\nname: brief\nstages: {rl: {rewards: {correct: 1.0, brief: 0.1}}}\n"
    )
    said = extended("-m", "reins.recipes.cli", "run", str(recipe), "--dry-run")
    assert "13 arms" in said


def test_the_added_arm_is_planned(extended):
    said = extended("-m", "reins.recipes.cli", "run", "recipes/micro/ablation.yaml", "--dry-run")
    assert "13 arms" in said and "for rl_strict" in said


def test_the_added_model_is_planned(extended):
    said = extended("-m", "reins.recipes.cli", "run", "recipes/qwen/qwen2.5-3b.yaml", "--dry-run")
    assert "Qwen/Qwen2.5-3B" in said
