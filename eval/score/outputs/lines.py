"""Outputs as benchmarks publish them. MathIF's: `{output: [text, …]}`, line i for row i unless lines say their rows.
IFEval's, and what most people write by hand: `{prompt, response}`.
"""

from ...io.fields import FLAG, Kind, need
from ...io.jsonl import Line
from ...verify.responses import CUT, REASONS, hit_limit, need_text, thought_beside, thoughts_beside
from .record import NAMES, TEXTS, Generation, Lines, Record, RowSaid
from .unread import refuse_unread

# A list of texts, none of them taken apart: each may itself be in content parts.
SEVERAL = Kind(
    "a list of texts",
    lambda value: (
        isinstance(value, list) and bool(value) and all(isinstance(each, str | list) for each in value)
    ),
)


def read_mathif(lines: Lines) -> list[Record]:
    """Lines of several texts; raises InputError where one may say its prompt in a field that nobody reads."""
    records = [Record(where, _said(line), _outputs(line, where)) for where, line in lines]
    for record, (where, line) in zip(records, lines, strict=True):
        if not record.row.fields:
            refuse_unread(line, where)
    return records


def read_ifeval(lines: Lines) -> list[Record]:
    """Lines of a prompt and one response."""
    return [Record(where, _said(line), [_response(line, where)]) for where, line in lines]


def _said(line: Line) -> RowSaid:
    """All of it: in a file made for these rows nothing is by accident."""
    prompts = {key: line[key] for key in TEXTS if key in line}
    return RowSaid(prompts | {key: line[key] for key in NAMES if line.get(key) is not None})


def _outputs(line: Line, where: str) -> list[Generation]:
    output = need(line, "output", SEVERAL, where)
    texts = [need_text({"output": each}, "output", where) for each in output]
    thoughts = thoughts_beside(line, len(texts), where)
    truncated = _truncated(line, where) if len(texts) == 1 else None
    return [Generation(text, thought, truncated) for text, thought in zip(texts, thoughts, strict=True)]


def _response(line: Line, where: str) -> Generation:
    text = need_text(line, "response", where)
    return Generation(text, thought_beside(line, where), _truncated(line, where))


def _truncated(line: Line, where: str) -> bool | None:
    """Whether the line says that its response was cut, by a flag or by the reason that it ended for."""
    flag = next((line[key] for key in CUT if FLAG.holds(line.get(key))), None)
    return hit_limit(line, where, *REASONS) if flag is None else bool(flag)
