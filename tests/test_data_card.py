"""The card of a data set: its licence is never guessed, and nothing of this machine is in it."""

import json
from pathlib import Path

import pytest
from reins_command import ROW, reins

from reins.data_builders.card import UNKNOWN, card, licence
from reins.data_builders.draw import problems
from reins.eval.io.jsonl import write_jsonl
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


def test_a_card_counts_the_problems_that_overlap_and_not_the_rows_that_ask_them(tmp_path: Path) -> None:
    """One problem thrice in an evaluation set is one, and two of sources whose files have one name are two."""
    asked = "How many apples has Tom after {} days, if he buys three of them every day of May?"
    held = [{"question": asked.format("five"), "answer": "15"}] * 3 + [{"question": "1 + 1?", "answer": "2"}]
    write_jsonl(tmp_path / "exam.jsonl", held)
    sources = []
    for name, problem in (("a", asked.format("five")), ("b", asked.format("five") + " Say it!")):
        write_jsonl(
            tmp_path / name / "train.jsonl",
            [{"problem": problem, "answer": "15"}, {"problem": f"{name}?", "answer": "1"}],
        )
        sources.append(str(tmp_path / name / "train.jsonl"))
    built = problems(2, 0, source=sources, test_share=0.0, against=[str(tmp_path / "exam.jsonl")])
    about = card(list(built), name="x", command="c", seed=0, tally=built.tally)
    assert "exam.jsonl: 2 problems, listed below" in about
    rules = [
        line.split("|")[2:4]
        for line in about.split("## Overlap by evaluation set")[1].splitlines()
        if "/exam |" in line
    ]
    assert [[cell.strip() for cell in cells] for cells in rules[:2]] == [["8-gram", "1"], ["exact", "1"]]
