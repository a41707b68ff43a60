"""The files that GitHub and pre-commit read: they run what we run, at the versions that we pin."""

import re
from pathlib import Path

import yaml

from reins import __version__

ROOT = Path(__file__).parent.parent


def test_ci_runs_the_script_that_is_there():
    (job,) = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"].values()
    (command,) = [step["run"] for step in job["steps"] if "run" in step]
    assert (ROOT / command).stat().st_mode & 0o111


def test_pre_commit_has_the_ruff_that_is_pinned():
    (ruff,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert f"ruff=={ruff['rev'][1:]}\n" in (ROOT / "constraints.txt").read_text("utf-8")
    assert [hook["id"] for hook in ruff["hooks"]] == ["ruff-check", "ruff-format"]


def test_every_issue_form_asks_something_that_must_be_answered():
    forms = [file for file in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if file.stem != "config"]
    assert {file.stem for file in forms} == {"bug", "question"}
    for file in forms:
        form = yaml.safe_load(file.read_text("utf-8"))
        assert {"name", "description", "body"} <= form.keys()
        assert any(field.get("validations", {}).get("required") for field in form["body"])
        assert len({field["id"] for field in form["body"]}) == len(form["body"])


def test_the_changelog_has_this_version():
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert versions[:2] == ["Unreleased", __version__]
