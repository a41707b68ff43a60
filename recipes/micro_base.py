"""Makes the micro base from nothing: `python -m reins.recipes.micro_base recipes/micro/base.yaml --out DIR`.

Draws the corpus of the micro world from the recipe's seed and trains one pass over it. Deterministic on CPU; not
part of an ablation, which starts from the base that is committed.
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from ..data_builders.micro import corpus
from ..eval.io.files import write_text
from ..eval.verify import TYPES, Row, render
from ..train.pretrain import Pretraining, pretrain

TEMPLATE = Path(__file__).parent / "templates" / "chatml.jinja"

CARD = """---
license: apache-2.0
library_name: transformers
tags: [reins, micro]
---
# The micro base

A chat model of about a million parameters that knows one small world: arithmetic stories of one to six steps, short
writing tasks, and twelve kinds of verifiable constraint on either. Made by `reins` from nothing, so that a whole
ablation runs where no weights can be downloaded. It is an instrument; it knows no English beyond its world, and its
figures say nothing about large models.

Made by `make base` from `recipes/micro/base.yaml` (the seed is there; the same bytes on the same CPU, code and versions).
What it scores, and how that was measured, is in `recipes/micro/README.md`.

{rows:,} examples, once through (sha256 of the first {opening:,}: `{sha256}`); answers to
stories carry a `<think>` thought in {think_share:.0%} of cases. On plain problems {long_share:.0%} of the thoughts are a teacher's long
ones and {teacher_share:.0%} of the answers in a teacher's words; under constraints none.
How often each constraint type was seen, uneven on purpose:

| constraint type | category | scope | weight | examples |
|---|---|---|---|---|
{types}
"""


OPENING = 2_000


def corpus_hash(pairs: Iterable[tuple[str, str]]) -> str:
    """sha256 of the first examples: while it stands, today's code draws the corpus that the base was trained on."""
    drawn = hashlib.sha256()
    for prompt, response in islice(pairs, OPENING):
        drawn.update(f"{prompt}\0{response}\0".encode())
    return drawn.hexdigest()


def card(recipe: dict[str, Any], rows: Sequence[Row]) -> str:
    """The model card: what the base was trained on, by constraint type."""
    seen = Counter(constraint.id for row in rows for constraint in row.constraints)
    lines = [
        f"| `{name}` | {TYPES[name].category} | {TYPES[name].scope} | {weight:g} | {seen[name]:,} |"
        for name, weight in recipe["corpus"]["weights"].items()
    ]
    sha256 = corpus_hash((render(row), row.response or "") for row in rows)
    return CARD.format(**recipe["corpus"], types="\n".join(lines), opening=OPENING, sha256=sha256)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    recipe = yaml.safe_load(given.recipe.read_text())
    rows = list(corpus(**recipe["corpus"]))
    pairs = [(render(row), row.response or "") for row in rows]
    pretrain(pairs, Pretraining(**recipe["pretraining"]), TEMPLATE.read_text(), given.out)
    write_text(given.out / "README.md", card(recipe, rows))


if __name__ == "__main__":
    main()
