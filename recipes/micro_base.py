"""Makes the micro base from nothing: `python -m reins.recipes.micro_base recipes/micro/base.yaml --out DIR`.

Draws the corpus of the micro world from the recipe's seed and trains one pass over it. Deterministic on CPU; not
part of an ablation, which starts from the base that is committed.
"""

import argparse
from pathlib import Path

import yaml

from ..data_builders.micro import corpus
from ..eval.verify import render
from ..train.pretrain import Pretraining, pretrain

TEMPLATE = Path(__file__).parent / "templates" / "chatml.jinja"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    recipe = yaml.safe_load(given.recipe.read_text())
    pairs = [(render(row), row["response"]) for row in corpus(**recipe["corpus"])]
    pretrain(pairs, Pretraining(**recipe["pretraining"]), TEMPLATE.read_text(), given.out)


if __name__ == "__main__":
    main()
