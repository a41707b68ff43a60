"""Builds one set: `python -m reins.recipes.build --config runs/<recipe>/data/<set>/config.yaml`.

The config holds the set as the recipe defines it, with other sets it is made from as paths to their rows.
Writes rows.jsonl, card.md and last, atomically, done.json beside it.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..data_builders import BUILDERS
from ..eval.verify.errors import InputError
from ..eval.verify.rows import Row, check_row, read_rows, write_jsonl
from .files import write_json, write_text
from .schema import read_yaml


def build(config_file: Path) -> int:
    """Build the set that a config names and return its number of rows; raises InputError as the builder does."""
    config = read_yaml(config_file)
    out = config_file.parent
    rows = write_jsonl(out / "rows.jsonl", _checked(_rows(config), config["set"]))
    if not rows:
        raise InputError(f"data.{config['set']}: the builder gave no row; look at its arguments")
    write_text(out / "card.md", _card(config, out))
    with open(out / "rows.jsonl", "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    write_json(out / "done.json", {"inputs": config["inputs"], "rows": rows, "output": sha256})
    return rows


def _rows(config: dict[str, Any]) -> Iterable[Row]:
    if "file" in config:
        return islice(read_rows(config["file"]), config["rows"])
    if "hub" in config:
        return _from_hub(config["hub"], config["split"], config["rows"])
    builder = BUILDERS[config["builder"]]
    return islice(builder(rows=config["rows"], seed=config["seed"], **config["args"]), config["rows"])


def _from_hub(name: str, split: str, rows: int | None) -> Iterator[Row]:
    """Rows of a data set on the hub, streamed, in our schema or MathIF's."""
    from datasets import load_dataset

    for index, row in enumerate(islice(load_dataset(name, split=split, streaming=True), rows)):
        named = {"row": f"{name.split('/')[-1]}-{index:06d}"} | dict(row)
        yield {"problem_id": named["row"]} | named


def _checked(rows: Iterable[Row], name: str) -> Iterator[Row]:
    seen = set()
    for index, row in enumerate(rows):
        check_row(row, f"data.{name}: row {index}")
        if row["row"] in seen:
            raise InputError(f"data.{name}: row {row['row']!r} comes twice; give every row its own name")
        seen.add(row["row"])
        yield row


def _card(config: dict[str, Any], out: Path) -> str:
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    try:
        rows = build(parser.parse_args().config)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{rows} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
