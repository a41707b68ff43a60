"""A set of the base's own sampled answers: the control for what fine-tuning does whatever it teaches.

Learning one's own answers teaches nothing new, so what it costs is the price of the procedure, not of reasoning.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..eval.io.errors import InputError
from ..eval.io.jsonl import read_jsonl
from ..eval.verify.rows import read_rows


def own_answers(rows: int, seed: int, *, source_rows: Path, responses: Path) -> Iterator[dict[str, Any]]:
    """The first `rows` rows of the source with a whole response, neither cut nor empty; its first such sample counts.

    `seed` is unused here: the sampling that made `responses` had it. Raises `InputError` when too few are whole.
    """
    whole: dict[str, str] = {}
    for sample in read_jsonl(responses):
        if not sample["cut"] and sample["text"].strip():
            whole.setdefault(sample["row"], sample["text"])
    found = [row | {"response": whole[row["row"]]} for row in read_rows(source_rows) if row["row"] in whole]
    if len(found) < rows:
        raise InputError(
            responses, f"{len(found)} whole responses, {rows} wanted", "sample more or ask for fewer"
        )
    yield from found[:rows]
