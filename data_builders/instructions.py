"""Instruction-following prompts whose constraints rules can check, without an answer: RL prompts.

Three published schemas are read: IFEval's (`prompt, instruction_id_list, kwargs`; verl-if's and IFBench's files have it
too), and RLVR-IFeval's (`messages, ground_truth`), whose functions are mapped to our constraints; its newer sets name
IFEval's constraints there. The prompt says its constraints itself. What has no rule here is counted in the tally: a soft constraint beside others stays in the prompt
and is not judged, a prompt without any constraint of ours is left out.
"""

import json
from ast import literal_eval
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..eval.io.errors import InputError
from ..eval.io.fields import LIST, TEXT, shown
from ..eval.io.strict_json import parse
from ..eval.verify import Constraint, canonical
from ..eval.verify.rows import Row
from .conversations import last_question, said_before
from .draw import PLAIN, Built, Tally, counted, distinct, first_drawn
from .problems import plain_row
from .readers import Record, read_records

Kwargs = dict[str, Any]
Mapped = Callable[[Kwargs], list[tuple[str, Kwargs]]]  # their kwargs to ids and kwargs of ours


def instructions(rows: int, seed: int, *, source: str) -> Built:
    """`rows` prompts with one or more constraints of ours, drawn by the seed; memory grows with `rows` alone.

    Raises InputError naming a missing column, or where too few prompts have a constraint that can be checked.
    """
    tally = Tally()
    return Built(_drawn(rows, seed, source, tally), tally)


def _drawn(rows: int, seed: int, source: str, tally: Tally) -> Iterator[Row]:
    asked = counted(read_instructions(source, tally), tally)
    drawn = first_drawn(rows, seed, distinct(asked, tally))
    if len(drawn) < rows:
        unknown = ", ".join(f"{count} × {reason}" for reason, count in tally.dropped.most_common(5)) or "none"
        raise InputError(
            source,
            f"{len(drawn)} prompts with constraints of ours, {rows} wanted (without a rule: {unknown})",
            "ask for fewer rows or name another source",
        )
    yield from (row.adding(split="train") for row in drawn)


def read_instructions(source: str, tally: Tally, *, whole: bool = False) -> Iterator[Row]:
    """The prompts that have a constraint of ours, or, if `whole`, those that have no other; of conversations those that
    are one question."""
    for record in read_records(source):
        prompt, asked = read_asked(record)
        if "ground_truth" in record.fields and (lost := said_before(record)):
            tally.dropped[lost] += 1
            continue
        constraints = [each for name, kwargs in asked for each in ours(name, kwargs, tally)]
        known = [each for each in constraints if each]
        unknown = len(known) < len(constraints)
        if not known or (whole and unknown):
            tally.dropped[
                "prompt with a constraint that has no rule" if known else "prompt without any rule"
            ] += 1
            continue
        row = plain_row(record, prompt, "")
        yield replace(row, constraints=known).adding(**PLAIN, prompt=prompt)


def read_asked(record: Record) -> tuple[str, list[tuple[str, Kwargs]]]:
    """The prompt, and what it asks for in the source's own names: nothing, where its ground truth is none of ours.

    Raises InputError naming the place on a column that is missing or of another type, and on kwargs that are not as many
    as names.
    """
    if "ground_truth" in record.fields:
        _, truth = record.need("messages", "ground_truth")
        return last_question(record), _of_truth(truth, record.where)
    record.need("prompt", "instruction_id_list", "kwargs")
    names, kwargs = record.of("instruction_id_list", LIST), record.of("kwargs", LIST)
    if not record.of("prompt", TEXT).strip():
        raise InputError(record.where, "a blank prompt", "take the record out")
    return record.of("prompt", TEXT), _paired(names, kwargs, record.where)


def _of_truth(truth: Any, where: str) -> list[tuple[str, Kwargs]]:
    """RLVR's ground truth: a function with its arguments, or, in its newer sets, lists of names and kwargs.

    It stands in the column as JSON or as Python writes it, and may be that of another task: then it asks for nothing.
    """
    if isinstance(truth, str):
        truth = _value(truth, where)
    if isinstance(truth, list):
        return [asked for each in truth for asked in _of_truth(each, where)]
    if not isinstance(truth, dict):
        return []
    if isinstance(truth.get("func_name"), str):
        rest = {key: value for key, value in truth.items() if key != "func_name"}
        return [(truth["func_name"], _without_nulls(rest))]
    if "instruction_id" in truth:
        names, kwargs = truth["instruction_id"], truth.get("kwargs")
        names = [names] if isinstance(names, str) else names
        return _paired(names, kwargs if isinstance(kwargs, list) else [kwargs], where)
    return []


def _value(text: str, where: str) -> Any:
    """The object or list that a text writes down as JSON or as Python does; None where it is neither, as a formula."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        with suppress(ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return literal_eval(text.strip())
        return None
    return parse(text, where, "give one object or list")


def _paired(names: Any, kwargs: list[Any], where: str) -> list[tuple[str, Kwargs]]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(where, f"constraints named {shown(names)}", "give a list of texts")
    if len(names) != len(kwargs):
        raise InputError(
            where, f"{len(names)} constraints, {len(kwargs)} kwargs", "give kwargs for each, or null"
        )
    return [(name, _without_nulls(_kwargs(each, where))) for name, each in zip(names, kwargs, strict=True)]


def _kwargs(kwargs: Any, where: str) -> Kwargs | None:
    """Kwargs as they are, or as the JSON text in which some sets keep them."""
    read = parse(kwargs, where, "give kwargs as an object") if isinstance(kwargs, str) else kwargs
    if not isinstance(read, dict | None):
        raise InputError(where, f"kwargs are {shown(kwargs)}", "give an object or null")
    return read


def _without_nulls(kwargs: Kwargs | None) -> Kwargs:
    return {key: value for key, value in (kwargs or {}).items() if value is not None}


def ours(name: str, kwargs: Kwargs, tally: Tally) -> Iterable[Constraint | None]:
    """The constraints that say the same in our types; None, and a count in the tally, where there are none."""
    try:
        mapped = RLVR[name](kwargs) if name in RLVR else [(canonical(name), kwargs)]
        return [Constraint.read(*pair) for pair in mapped]
    except (InputError, KeyError):
        tally.dropped[f"{'unusable arguments of' if _has_rule(name) else 'no rule for'} {name}"] += 1
        return [None]


def _has_rule(name: str) -> bool:
    try:
        canonical(name)
    except InputError:
        return name in RLVR
    return True


def _renamed(name: str, **keys: str) -> Mapped:
    """One constraint of ours; `keys` says which of their arguments each of our kwargs is."""
    return lambda kwargs: [(name, {ours: kwargs[theirs] for ours, theirs in keys.items()})]


def _counted(
    name: str,
    key: str,
    relation: str = "relation",
    slack: Callable[[int], int] = lambda count: 0,
    **keys: str,
) -> Mapped:
    """Our counts know "at least" and "less than": at most N is the second, exactly and around N are both."""

    def mapped(kwargs: Kwargs) -> list[tuple[str, Kwargs]]:
        count, quantifier = kwargs["N"], kwargs.get("quantifier", "exactly")
        if isinstance(count, float) and count.is_integer():  # as tables with gaps write it
            count = int(count)
        if type(count) is not int or not isinstance(quantifier, str):
            raise InputError("N", f"{shown(count)}, {shown(quantifier)}", "give a whole number and a word")
        low, high = ("at least", count - slack(count)), ("less than", count + slack(count) + 1)
        bounds = {
            "at least": [("at least", count)],
            "at most": [("less than", count + 1)],
            "around": [low, high],
            "exactly": [("at least", count), ("less than", count + 1)],
        }[quantifier]
        rest = {ours: kwargs[theirs] for ours, theirs in keys.items()}
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
