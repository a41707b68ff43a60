"""Builds one set: `python -m reins.data_builders.build --config runs/<recipe>/data/<set>/config.yaml`.

The config holds the set as the recipe defines it, with other sets it is made from as paths to their rows.
Writes rows.jsonl, card.md and last, atomically, done.json beside it.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..eval.io.command import of_config, read_config
from ..eval.io.errors import InputError
from ..eval.io.files import sha256, write_json, write_text
from ..eval.io.jsonl import Line, write_jsonl
from ..eval.io.run_paths import DONE
from ..eval.verify.rows import Row, iter_rows, read_rows
from . import BUILDERS
from .card import card
from .draw import Built
from .problems import read_problems


def build(config_file: Path) -> int:
    """Build the set that a config names and return its number of rows; raises InputError as the builder does."""
    config, out = read_config(config_file), config_file.parent
    name, rows = config["set"], _rows(config)
    file = out / "rows.jsonl"
    count = write_jsonl(file, _lines(islice(rows, config["rows"]), name))
    if not count:
        raise InputError(f"data.{name}", "no row came of it", "look at its arguments")
    about = card(
        iter_rows(file),
        name=name,
        command=f"reins build {Path(config['recipe']).name} {name}",
        seed=config.get("seed"),
        tally=rows.tally if isinstance(rows, Built) else None,
    )
    write_text(out / "card.md", about)
    write_json(out / DONE, {"inputs": config["inputs"], "rows": count, "output": sha256(file)})
    return count


def _rows(config: dict[str, Any]) -> Iterable[Row]:
    if "file" in config:
        return read_rows(config["file"])
    if "hub" in config:
        name, _, subset = config["hub"].partition(":")
        return read_problems(f"{name}:{subset}:{config['split']}")
    return BUILDERS[config["builder"]](rows=config["rows"], seed=config["seed"], **config["args"])


def _lines(rows: Iterable[Row], name: str) -> Iterator[Line]:
    seen = set()
    for row in rows:
        if row.name in seen:
            raise InputError(f"data.{name}", f"row {row.name!r} comes twice", "give every row its own name")
        seen.add(row.name)
        yield row.line()


def main() -> int:
    return of_config(lambda config: print(f"{build(config)} rows"), "reins.data_builders.build", __doc__)


if __name__ == "__main__":
    sys.exit(main())
