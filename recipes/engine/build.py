"""Builds one set: `python -m reins.recipes.engine.build --config runs/<recipe>/data/<set>/config.yaml`.

The config holds the set as the recipe defines it, with other sets it is made from as paths to their rows.
Writes rows.jsonl, card.md and last, atomically, done.json beside it.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ...data_builders import BUILDERS
from ...data_builders.card import card
from ...data_builders.draw import Built
from ...data_builders.problems import read_problems
from ...eval.io.command import of_config
from ...eval.io.errors import InputError
from ...eval.io.files import write_json, write_text
from ...eval.io.jsonl import iter_jsonl, write_jsonl
from ...eval.verify.rows import Row, check_row, read_rows
from ..plan import fingerprint
from ..recipe.yaml_file import read_yaml


def build(config_file: Path) -> int:
    """Build the set that a config names and return its number of rows; raises InputError as the builder does."""
    config, out = read_yaml(config_file), config_file.parent
    name, given = config["set"], _rows(config)
    count = write_jsonl(out / "rows.jsonl", _checked(islice(given, config["rows"]), name))
    if not count:
        raise InputError(f"data.{name}", "no row came of it", "look at its arguments")
    about = card(
        (row for _, row in iter_jsonl(out / "rows.jsonl")),
        name=name,
        command=f"reins build {out.parent.parent}/recipe.yaml {name}",
        seed=config.get("seed"),
        tally=given.tally if isinstance(given, Built) else None,
    )
    write_text(out / "card.md", about)
    output = fingerprint.of_file(out / "rows.jsonl")
    write_json(out / "done.json", {"inputs": config["inputs"], "rows": count, "output": output})
    return count


def _rows(config: dict[str, Any]) -> Iterable[Row]:
    if "file" in config:
        return read_rows(config["file"])
    if "hub" in config:
        name, _, subset = config["hub"].partition(":")
        return read_problems(f"{name}:{subset}:{config['split']}")
    return BUILDERS[config["builder"]](rows=config["rows"], seed=config["seed"], **config["args"])


def _checked(rows: Iterable[Row], name: str) -> Iterator[Row]:
    seen = set()
    for index, row in enumerate(rows):
        check_row(row, f"data.{name}: row {index}")
        if row["row"] in seen:
            raise InputError(f"data.{name}", f"row {row['row']!r} comes twice", "give every row its own name")
        seen.add(row["row"])
        yield row


def main() -> int:
    return of_config(lambda config: print(f"{build(config)} rows"), "reins.recipes.engine.build", __doc__)


if __name__ == "__main__":
    sys.exit(main())
