"""A set of the base's own sampled answers: as they come, a control, or only those that are worth learning.

Learning one's own answers teaches nothing new, so what it costs is the price of the procedure, not of reasoning. Kept
only where they are verified, they teach what the model already can, in its own voice (rejection sampling).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from ..eval.io.errors import InputError
from ..eval.verify.responses import iter_responses
from ..eval.verify.rows import Row, read_rows
from .draw import Built, Tally
from .judged_samples import JudgedSample, judged_samples

Condition = Literal["right", "held", "thought", "no_thought"]
CONDITIONS: Mapping[str, Callable[[JudgedSample], bool]] = {
    "right": lambda sample: sample.outcome == "right",
    "held": lambda sample: all(sample.verdicts),
    "thought": lambda sample: sample.response.split().state == "closed",
    "no_thought": lambda sample: sample.response.split().state == "none",
}
SAID = {
    "right": "a right answer",
    "held": "all constraints held",
    "thought": "a closed thought",
    "no_thought": "no thought",
}


def own_answers(
    rows: int,
    seed: int,
    *,
    source_rows: Path,
    responses: Path,
    keep: list[Condition] | None = None,
    preset: str = "reins",
) -> Built:
    """The first `rows` rows of the source with a whole response, neither cut nor empty, of which all of `keep` is true.

    Its first such sample counts. A row without an answer is right whatever is said, one without constraints holds them.
    `preset` is what is judged by. `seed` is unused here: the sampling that made `responses` had it. The tally, and so the
    card, says how many rows were sampled, how many have no such sample, and how many of these have one on which the
    grader ran out of time. Raises InputError when too few have one.
    """
    tally = Tally()
    return Built(_kept(rows, source_rows, responses, keep or [], preset, tally), tally)


def _kept(
    rows: int, source_rows: Path, responses: Path, keep: list[Condition], preset: str, tally: Tally
) -> Iterator[Row]:
    by_name = {row.name: row for row in read_rows(source_rows)}
    tally.read.update(Counter(row.source for row in by_name.values()))
    whole = [each for each in iter_responses(responses) if not each.truncated and each.text.strip()]
    graded = {"right", "held"} & {*keep}
    judged: Iterable[JudgedSample] = (
        judged_samples(whole, by_name, preset)
        if graded
        else (JudgedSample(response, "right", []) for response in whole)
    )
    text, timed_out = _first(judged, keep)
    wanted = "whole responses" + "".join(f", {SAID[condition]}" for condition in keep)
    tally.dropped[f"no sample that is kept ({wanted})"] = len(by_name) - len(text) - len(timed_out)
    if timed_out:
        tally.dropped["the grader ran out of time, and no other sample is kept"] = len(timed_out)
    if len(text) < rows:
        what = f"{len(text)} of {len(by_name)} rows have {wanted}; {rows} wanted"
        raise InputError(responses, what, "sample more or ask for fewer")
    answered = (row.adding(response=text[name]) for name, row in by_name.items() if name in text)
    yield from (row for row, _ in zip(answered, range(rows), strict=False))


def _first(samples: Iterable[JudgedSample], keep: list[Condition]) -> tuple[dict[str, str], set[str]]:
    """By row the text of its first sample of which all of `keep` is true; and the rows without one that might have it,
    had the grader not run out of time."""
    text: dict[str, str] = {}
    timed_out: set[str] = set()
    for sample in samples:
        untrue = [condition for condition in keep if not CONDITIONS[condition](sample)]
        if not untrue:
            text.setdefault(sample.response.row, sample.response.text)
        elif untrue == ["right"] and sample.outcome == "timeout":
            timed_out.add(sample.response.row)
    return text, timed_out - text.keys()
