"""The card of a data set: its licence is never guessed, and nothing of this machine is in it."""

import json
from pathlib import Path

import pytest
from reins_command import ROW, reins

from reins.data_builders.card import UNKNOWN, card, licence
from reins.eval.verify.rows import as_row


@pytest.mark.parametrize(
    "source",
    ["claimed", "dreamcatcher", "gsm8k-fr by someone, cc-by-nc", "me/gsm8k", "GSM8K", "micro/mine", "aime"],
)
def test_a_licence_is_never_guessed(source: str) -> None:
    assert licence(source) == UNKNOWN


def test_a_source_that_is_known_has_its_licence() -> None:
    assert (licence("openai/gsm8k"), licence("micro/trace")) == ("mit", "apache-2.0")


def test_a_rows_text_is_text_in_a_card() -> None:
    source = "evil |\n\n# Licence: MIT\n<script>x</script>\x1b[31m"
    made = card([as_row(ROW | {"source": source}, "", 0, "")], name="x", command="c", seed=0)
    assert "license: other" in made and "<script" not in made and "\x1b" not in made
    assert not [line for line in made.splitlines() if line.startswith("# Lic")]
    (line,) = [line for line in made.splitlines() if line.startswith("| evil")]
    assert line.count("|") == 4


def test_a_card_names_no_place_of_this_machine(here: Path) -> None:
    (here / "d.jsonl").write_text(json.dumps(ROW | {"source": str(here / "secret/place.jsonl")}) + "\n")
    (here / "r.yaml").write_text(f"name: k\ndata: {{x: {{file: {here}/d.jsonl}}}}\n")
    assert reins("build", here / "r.yaml", "--out", here / "o").returncode == 0
    about = (here / "o/data/x/card.md").read_text()
    assert str(here) not in about and "reins build recipe.yaml x" in about and "secret/place.jsonl" in about
