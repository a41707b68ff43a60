"""Instruction-following prompts whose constraints rules can check, without an answer: RL prompts.

Three published schemas are read: IFEval's (`prompt, instruction_id_list, kwargs`; verl-if's and IFBench's files have it
too), and RLVR-IFeval's (`messages, ground_truth`), whose functions are mapped to our constraints. The prompt says its
constraints itself. What has no rule here is counted in the tally: a soft constraint beside others stays in the prompt
and is not judged, a prompt without any constraint of ours is left out.
"""

import heapq
import json
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..eval.io.errors import InputError
from ..eval.verify import JUDGED, canonical
from ..eval.verify.rows import Row
from .draw import PLAIN, Built, Tally, distinct
from .problems import plain_row
from .readers import Record, read_records

Constraint = tuple[str, dict[str, Any]]
Given = dict[str, Any]
Mapped = Callable[[Given], list[Constraint]]


def instructions(rows: int, seed: int, *, source: str) -> Built:
    """`rows` prompts with one or more constraints of ours, drawn by the seed; memory grows with `rows` alone.

    Raises InputError naming a missing column, or where too few prompts have a constraint that can be checked.
    """
    tally = Tally()
    return Built(_drawn(rows, seed, source, tally), tally)


def _drawn(rows: int, seed: int, source: str, tally: Tally) -> Iterator[Row]:
    found = distinct(read_instructions(source, tally), tally)
    drawn = heapq.nsmallest(
        rows, found, key=lambda row: random.Random(f"{seed}/{row['problem_id']}").random()
    )
    if len(drawn) < rows:
        unknown = ", ".join(f"{count} × {reason}" for reason, count in tally.dropped.most_common(5)) or "none"
        raise InputError(
            source,
            f"{len(drawn)} prompts with constraints of ours, {rows} wanted (without a rule: {unknown})",
            "ask for fewer rows or name another source",
        )
    yield from (row | {"split": "train"} for row in drawn)


def read_instructions(source: str, tally: Tally, *, whole: bool = False) -> Iterator[Row]:
    """The prompts that have a constraint of ours, or, if `whole`, those that have no other."""
    for record in read_records(source):
        prompt, asked = read_asked(record)
        constraints = [one for name, kwargs in asked for one in ours(name, kwargs, tally)]
        unknown = any(one is None for one in constraints)
        known = [one for one in constraints if one]
        if not known or (whole and unknown):
            tally.dropped[
                "prompt with a constraint that has no rule" if known else "prompt without any rule"
            ] += 1
            continue
        yield (
            plain_row(record, prompt, "")
            | PLAIN
            | {
                "constraint_name": [name for name, _ in known],
                "constraint_args": [kwargs for _, kwargs in known],
                "constraint_desc": [""] * len(known),
                "prompt": prompt,
            }
        )


def read_asked(record: Record) -> tuple[str, list[tuple[str, Given]]]:
    """The prompt, and what it asks for in the source's own names."""
    if "ground_truth" in record.fields:
        messages, truth = record.need("messages", "ground_truth")
        given = json.loads(truth)
        turns = [message["content"] for message in messages if message["role"] == "user"]
        return turns[-1], [(given.pop("func_name"), _said(given))]
    prompt, names, kwargs = record.need("prompt", "instruction_id_list", "kwargs")
    return prompt, list(zip(names, map(_said, kwargs), strict=True))


def _said(kwargs: Given | None) -> Given:
    return {key: value for key, value in (kwargs or {}).items() if value is not None}


def ours(name: str, kwargs: Given, tally: Tally) -> Iterable[Constraint | None]:
    """The constraints that say the same in our types; None, and a count in the tally, where there are none."""
    try:
        mapped = RLVR[name](kwargs) if name in RLVR else [(canonical(name), kwargs)]
        return [(one, JUDGED[one].read(given)) for one, given in mapped]
    except (InputError, KeyError):
        tally.dropped[f"no rule for {name}"] += 1
        return [None]


def _renamed(name: str, **keys: str) -> Mapped:
    """One constraint of ours; `keys` says which of their arguments each of our kwargs is."""
    return lambda given: [(name, {ours: given[theirs] for ours, theirs in keys.items()})]


def _counted(
    name: str,
    key: str,
    relation: str = "relation",
    slack: Callable[[int], int] = lambda count: 0,
    **keys: str,
) -> Mapped:
    """Our counts know "at least" and "less than": at most N is the second, exactly and around N are both."""

    def mapped(given: Given) -> list[Constraint]:
        count = given["N"]
        low, high = ("at least", count - slack(count)), ("less than", count + slack(count) + 1)
        bounds = {
            "at least": [("at least", count)],
            "at most": [("less than", count + 1)],
            "around": [low, high],
            "exactly": [("at least", count), ("less than", count + 1)],
        }[given.get("quantifier", "exactly")]
        rest = {ours: given[theirs] for ours, theirs in keys.items()}
        return [(name, rest | {key: bound, relation: word}) for word, bound in bounds]

    return mapped


# RLVR-IFeval's functions. Not here: verify_paragraph_count, whose prompts ask for another divider (* * *) than IFEval's,
# and validate_choice, whose options are the prompt's own.
RLVR: dict[str, Mapped] = {
    "verify_keywords": _renamed("keywords:existence", keywords="keyword_list"),
    "verify_keyword_frequency": _counted("keywords:frequency", "frequency", keyword="word"),
    "validate_forbidden_words": _renamed("keywords:forbidden_words", forbidden_words="forbidden_words"),
    "verify_letter_frequency": _counted(
        "keywords:letter_frequency", "let_frequency", "let_relation", letter="letter"
    ),
    "validate_response_language": _renamed("language:response_language", language="language"),
    "validate_word_constraint": _counted(
        "length_constraints:number_words", "num_words", slack=lambda count: max(round(count * 0.1), 1)
    ),
    "verify_sentence_constraint": _counted(
        "length_constraints:number_sentences", "num_sentences", slack=lambda count: 1
    ),
    "validate_paragraphs": _renamed(
        "length_constraints:nth_paragraph_first_word",
        num_paragraphs="N",
        nth_paragraph="i",
        first_word="first_word",
    ),
    "verify_postscript": _renamed("detectable_content:postscript", postscript_marker="postscript_marker"),
    "validate_placeholders": _renamed("detectable_content:number_placeholders", num_placeholders="N"),
    "verify_bullet_points": _renamed("detectable_format:number_bullet_lists", num_bullets="N"),
    "validate_title": _renamed("detectable_format:title"),
    "validate_highlighted_sections": _renamed(
        "detectable_format:number_highlighted_sections", num_highlights="N"
    ),
    "validate_sections": _renamed(
        "detectable_format:multiple_sections", num_sections="N", section_spliter="section_splitter"
    ),
    "validate_json_format": _renamed("detectable_format:json_format"),
    "validate_repeat_prompt": _renamed("combination:repeat_prompt", prompt_to_repeat="original_prompt"),
    "validate_two_responses": _renamed("combination:two_responses"),
    "validate_uppercase": _renamed("change_case:english_capital"),
    "validate_lowercase": _renamed("change_case:english_lowercase"),
    "validate_frequency_capital_words": _counted(
        "change_case:capital_word_frequency", "capital_frequency", "capital_relation"
    ),
    "validate_end": _renamed("startend:end_checker", end_phrase="end_phrase"),
    "validate_quotation": _renamed("startend:quotation"),
    "validate_no_commas": _renamed("punctuation:no_comma"),
}
