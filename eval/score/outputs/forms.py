"""Which form a file of outputs has: told by what is in it, never by its name."""

from collections.abc import Callable
from typing import NamedTuple

from ...io.errors import InputError
from ...io.jsonl import Line
from ...verify.responses import NEEDED
from . import chat, harnesses
from .inspect_logs import read_samples
from .lines import read_ifeval, read_mathif
from .record import Lines, Record
from .unread import in_order


class Form(NamedTuple):
    """What every line of a form holds, and who reads them; `fits` says more where fields do not tell forms apart."""

    fields: tuple[str, ...]
    read: Callable[[Lines], list[Record]]
    fits: Callable[[Line], bool] = lambda line: True

    def holds(self, line: Line) -> bool:
        return set(self.fields) <= line.keys() and self.fits(line)


def _has_no_response(line: Line) -> bool:
    return line.get("response") is None


def _has_no_text(line: Line) -> bool:
    """Whether this may be a batch's answer, an object or none, and no text that somebody named by `custom_id`."""
    return not isinstance(line["response"], str | list)


FORMS = (
    Form(("epoch", "input", "output"), read_samples),
    Form(("doc", "resps"), harnesses.read_lm_eval),
    Form(("doc", "model_response"), harnesses.read_lighteval),
    Form(("index", "model_output"), harnesses.read_predictions),
    Form(("index", "sample_score"), harnesses.read_reviews),
    Form(("raw_input", "choices"), harnesses.read_answers),
    Form(("custom_id", "response"), chat.read_batch, _has_no_text),
    Form((), chat.read_completions, chat.is_completion),
    Form(("response",), chat.read_calls, lambda line: chat.is_call(line["response"])),
    # Beside a response messages and outputs are what was asked, or a reference.
    Form(("prompt", "response"), read_ifeval),
    Form(("custom_id", "response"), read_ifeval),
    Form(("messages",), chat.read_conversations, _has_no_response),
    Form(("output",), read_mathif, _has_no_response),
)
KNOWN = (
    "{row, sample, text}, {prompt, response}, {output}, chat completions, or an output file of OpenAI's or vLLM's "
    "batches, lm-eval, Inspect, lighteval or evalscope"
)


def is_ours(lines: Lines) -> bool:
    """Whether the first line, and so all, has the form that our own sampling writes."""
    return set(NEEDED) <= lines[0][1].keys()


def read_records(lines: Lines) -> list[Record]:
    """The records of lines, by the form of the first, which all others must have.

    Raises InputError naming the line that is of no known form, or not of the first's.
    """
    where, first = lines[0]
    form = next((form for form in FORMS if form.holds(first)), None)
    if form is None:
        raise InputError(where, "no response in a known form", f"give {KNOWN}")
    for where, line in lines:
        if not form.holds(line):
            raise InputError(where, "not like line 1", "give files of different forms one by one")
    return form.read(in_order(lines))
