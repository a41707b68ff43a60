"""A set of the base's own sampled answers: the control for what fine-tuning does whatever it teaches.

Learning one's own answers teaches nothing new, so what it costs is the price of the procedure, not of reasoning.
"""

from collections.abc import Iterator
from pathlib import Path

from ..eval.io.errors import InputError
from ..eval.verify.responses import iter_responses
from ..eval.verify.rows import Row, read_rows


def own_answers(rows: int, seed: int, *, source_rows: Path, responses: Path) -> Iterator[Row]:
    """The first `rows` rows of the source with a whole response, neither cut nor empty; its first such sample counts.

    `seed` is unused here: the sampling that made `responses` had it. Raises `InputError` when too few are whole.
    """
    whole: dict[str, str] = {}
    for response in iter_responses(responses):
        if not response.truncated and response.text.strip():
            whole.setdefault(response.row, response.text)
    answered = [row.adding(response=whole[row.name]) for row in read_rows(source_rows) if row.name in whole]
    if len(answered) < rows:
        raise InputError(
            responses, f"{len(answered)} whole responses, {rows} wanted", "sample more or ask for fewer"
        )
    yield from answered[:rows]
