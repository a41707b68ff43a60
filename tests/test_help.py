"""What `reins` says of itself: a day's work in its order, help that fits a screen, the nearest name for a typo."""

import shlex

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from reins.recipes.cli import app

COMMANDS = get_command(app).commands
SCREEN = 40, 80  # lines and columns


def said(*words: str) -> str:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": str(SCREEN[1])}).output


def test_without_arguments_a_days_work_is_shown_in_its_order() -> None:
    shown = said()
    places = [shown.index(f"  reins {name} ") for name in ("new", "check", "run", "status", "report")]
    assert places == sorted(places) and shown.count("\n  reins ") == 5
    listed = said("--help").partition("Commands:")[2].split("\n  ")
    assert [line.split()[0] for line in listed[1:6]] == ["new", "check", "run", "status", "report"]
    assert "--install-completion" in said("--help") and "..." not in "".join(listed)


def test_a_shell_completes_commands_options_and_names_of_recipes() -> None:
    for words, answer in {
        "reins st": "status",
        "reins run --dr": "--dry-run",
        "reins run micro/ab": "micro/ablation",
    }.items():
        asked = {"_REINS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        assert CliRunner().invoke(app, [], prog_name="reins", env=asked).output.split() == [answer]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_fits_a_screen_and_has_two_examples_of_options_that_exist(name: str) -> None:
    text, known = said(name, "--help"), {word for option in COMMANDS[name].params for word in option.opts}
    assert text.count("\n") <= SCREEN[0]
    examples = [
        shlex.split(line, comments=True) for line in text.splitlines() if line.startswith("    reins ")
    ]
    assert len(examples) == 2
    for example in examples:
        assert example[1] == name and {word for word in example if word.startswith("--")} <= known


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (["chek"], "Did you mean 'check'?"),
        (["run", "x", "--dryrun"], "--dry-run"),
        (["staus", "x"], "'status'"),
    ],
)
def test_a_typo_names_the_nearest(words: list[str], nearest: str) -> None:
    assert nearest in said(*words)
