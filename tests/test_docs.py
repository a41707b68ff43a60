"""README and docs: links lead somewhere, commands are commands, recipes are recipes, every check has its fix."""

import ast
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from reins import __version__
from reins.eval.verify.rows import read_rows
from reins.recipes.cli import app
from reins.recipes.recipe.schema import Arm, Evaluation, Launch, Recipe, Stage, load
from reins.recipes.recipe.sets import AnswersSet, FileSet, HubSet

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "recipes/README.md",
    ROOT / "recipes/micro/README.md",
    ROOT / "tests/bench/RESULTS.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@cache
def anchors(page):
    """The anchors of a page's headings, as GitHub and Python-Markdown make them."""
    headings = HEADING.findall(FENCED.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_to_a_file_and_to_a_heading_in_it(page):
    for link in LINK.findall(CODE.sub("", FENCED.sub("", page.read_text("utf-8")))):
        if link.startswith("http"):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{link}: no such file"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


def commands(page):
    """The `reins` commands of a page's blocks, without comments."""
    for _, block in FENCED.findall(page.read_text("utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.sub(r"\s#.*", "", line).split("&&"):
                if part.strip().startswith("reins "):
                    yield shlex.split(part)[1:]


@each_page
def test_commands_are_taken_by_the_command_line_and_name_recipes_that_are_there(page):
    known = get_command(app).commands
    for name, *arguments in commands(page):
        known[name].make_context(name, list(arguments))  # raises on an unknown option or a missing argument
        for recipe in (argument for argument in arguments if argument.startswith("recipes/")):
            assert (ROOT / recipe).exists(), recipe


def test_the_readme_shows_every_command():
    shown = {name for name, *_ in commands(ROOT / "README.md")}
    assert shown == set(get_command(app).commands)


@each_page
def test_recipes_and_parts_of_recipes_are_read(page, tmp_path):
    for language, block in FENCED.findall(page.read_text("utf-8")):
        if language == "yaml":
            file = tmp_path / "recipe.yaml"
            file.write_text(block if re.search(r"^name:", block, re.MULTILINE) else f"name: part\n{block}")
            load(file)


def test_every_check_has_its_trap_and_fix_in_troubleshooting():
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/troubleshooting.md").read_text("utf-8"), re.MULTILINE)
    named = set()
    for file in (ROOT / "recipes/preflight").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                named |= {arg.value for arg in node.args[1:2] if isinstance(arg, ast.Constant)}
    assert "prefill" in named
    assert named <= {*rows}, named - {*rows}
    assert len(rows) == len({*rows})


def test_the_readme_is_short_and_defines_its_words_before_the_results():
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) < 165
    assert text.index("## Five words") < text.index("## The arms") < text.index("## Results")


def test_no_sentence_of_the_readme_has_two_intervals():
    prose = "\n".join(
        line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if "|" not in line
    )
    for sentence in re.split(r"(?<=[.?!])\s", FENCED.sub("", prose)):
        assert len(re.findall(r"\[[−\d.]+, [−\d.]+\]", sentence)) <= 1, sentence


def test_the_citation_is_of_this_version_and_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert (citation["version"], citation["license"]) == (__version__, project["license"])


def test_every_page_is_in_the_index_and_on_the_site():
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    indexed = set(LINK.findall((ROOT / "docs/index.md").read_text("utf-8")))
    assert pages <= indexed
    assert all(f"docs/{page}\n" in (ROOT / "mkdocs.yml").read_text("utf-8") for page in pages)


def test_the_recipe_page_has_every_key_and_rows_that_are_read(tmp_path):
    page = (ROOT / "docs/recipe.md").read_text("utf-8")
    keyed = " ".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`(\w+)`", keyed))
    parts = (Recipe, Stage, Arm, Evaluation, AnswersSet, FileSet, HubSet, Launch)
    known = {key for part in parts for key in part.model_fields}
    assert named - {"extends", "cells"} <= known
    assert known - named <= {"server", "servers", "vllm"}  # of docs/engines.md
    (row,) = [block for language, block in FENCED.findall(page) if language == "json"]
    (tmp_path / "rows.jsonl").write_text(row)
    assert read_rows(tmp_path / "rows.jsonl")[0].response
