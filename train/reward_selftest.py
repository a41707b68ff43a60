"""Known completions, right and wrong, put to a stage's own reward functions while it trains.

A grader that dies quietly or a verifier that lets everything pass looks like learning (verl PR#5635: all scores 0).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from transformers import TrainerState

from ..eval.verify.thought_formats import THINK, ThoughtFormat

Case = tuple[str, dict[str, Any], dict[str, float]]  # completion, row, what each reward must give


def sentinel(
    functions: Sequence[Any], form: ThoughtFormat, prefilled: bool, preset: str = "reins"
) -> Callable[[TrainerState], str | None]:
    """What to ask now and then: says which reward has gone wrong, or None. The other arguments are those of `cases`."""

    def ask(state: TrainerState) -> str | None:
        texts, rows, expected = zip(*cases(state.global_step, form, prefilled, preset), strict=True)
        for function in functions:
            values = function(**_call(texts, rows), trainer_state=state)
            for text, value, wanted in zip(texts, values, expected, strict=True):
                if value != wanted.get(function.__name__, value):
                    return f"reward {function.__name__!r} gives {value} for {text!r}, not {wanted[function.__name__]}"
        return None

    return ask


def cases(step: int, form: ThoughtFormat, prefilled: bool, preset: str = "reins") -> list[Case]:
    """Completions with other numbers at every step, so that no grader can answer from memory.

    Thoughts are marked as the model marks them (`form`), and opened where the template has not done so (`prefilled`).
    Preset mathif cuts at `<think>` alone, and judges a thought that never closes as an answer.
    """
    published = preset == "mathif"
    form = THINK if published else form
    opened, closed = "" if prefilled else form.opening, form.closing
    number = 2 * step + 1
    kinds = [
        (f"{opened}It is so.{closed}{text}", {"solution": solution}, {"correct": value, "format": 1.0})
        for solution, right, wrong in answer_kinds(number)
        for text, value in ((right, 1.0), (wrong, 0.0))
    ]
    gold = {"solution": rf"\frac{{{number}}}{{8}}"}
    right, wrong = rf"\boxed{{\frac{{{3 * number}}}{{24}}}}", rf"\boxed{{\frac{{{number + 1}}}{{8}}}}"
    comma = {"constraint_name": ["punctuation:no_comma"], "constraint_args": [None]}
    both = {
        "constraint_name": ["punctuation:no_comma", "change_case:english_lowercase"],
        "constraint_args": [None, None],
    }
    return [
        (f"{opened}It is so.{closed}{right}", gold, {"correct": 1.0, "format": 1.0}),
        (f"{opened}It is so.{closed}{wrong}", gold, {"correct": 0.0, "format": 1.0}),
        (f"{opened}It is so: {right}", gold, {"correct": float(published), "format": 0.0}),
        (f"{opened}One, two.{closed}None here.", comma, {"constraints": 1.0, "constraints_all": 1.0}),
        (
            f"{opened}One two.{closed}this is one answer, and it is in small letters",
            both,
            {"constraints": 0.5, "constraints_all": 0.0},
        ),
        *kinds,
    ]


def answer_kinds(n: int) -> list[tuple[str, str, str]]:
    """Of each kind that docs/answers.md names: a gold answer, a right reply and a wrong one. `n` is odd."""
    arabic = str(n).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    spaced = f"{n:,}".replace(",", r"\,")
    return [
        (f"{n}, {n + 3}", rf"\boxed{{{n}}} and \boxed{{{n + 3}}}", rf"\boxed{{{n}}} and \boxed{{{n + 4}}}"),
        (f"{n}", rf"\boxed{{{arabic}}}", rf"\boxed{{{arabic}١}}"),
        (f"{n}", rf"\boxed{{\underline{{{n}}}.}}", rf"\boxed{{\underline{{{n + 1}}}.}}"),
        (f"{1000 * n + 7}", rf"\boxed{{{spaced}\,007}}", rf"\boxed{{{spaced}\,008}}"),
        (rf"{n}\sqrt{{3}}", rf"\boxed{{{n}*sqrt(3)}}", rf"\boxed{{{n}*sqrt(2)}}"),
        (f"-{n}x^2", rf"\boxed{{−{n}x²}}", rf"\boxed{{−{n}x³}}"),
        (rf"\sqrt{{{n}ab}}", rf"\boxed{{\sqrt{{{n}a}}\sqrt{{b}}}}", rf"\boxed{{\sqrt{{{n}a}}+\sqrt{{b}}}}"),
        (rf"{n}\frac{{1}}{{3}}", rf"\boxed{{{n}.\overline{{3}}}}", rf"\boxed{{{n}.\overline{{4}}}}"),
        (rf"{n}\mathrm{{e}}", rf"\boxed{{{n}e}}", rf"\boxed{{{n}}}"),
        (f"0.000000{n}", rf"\boxed{{0.000000{n}0}}", rf"\boxed{{0.000000{3 * n}}}"),
        ("1011_2", r"\boxed{1011_{2}}", rf"\boxed{{1011_{{{n + 2}}}}}"),
        (rf"{n} \pmod{{{n + 4}}}", rf"\boxed{{{n} \bmod {n + 4}}}", rf"\boxed{{{n} \bmod {n + 5}}}"),
        (rf"1, 2, \ldots, {n}k", rf"\boxed{{1, 2, 3, \ldots, {n}k}}", rf"\boxed{{1, 2, 4, \ldots, {n}k}}"),
        (rf"{n}\text{{ hours}}", rf"\boxed{{{n} h}}", rf"\boxed{{{n}\text{{ minutes}}}}"),
        (f"{n}", rf"\boxed{{{n} = x}}", rf"\boxed{{10^{{10^{{{n + 9}}}}}}}"),
    ]


def _call(texts: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The arguments that TRL gives a reward function; nothing is logged."""
    return {
        "prompts": [[{"role": "user", "content": ""}]] * len(texts),
        "completions": [[{"role": "assistant", "content": text}] for text in texts],
        "completion_ids": [[0]] * len(texts),
        "solution": [row.get("solution") for row in rows],
        "constraint_name": [row.get("constraint_name") for row in rows],
        "constraint_args": [json.dumps(row.get("constraint_args", [])) for row in rows],
        "log_metric": lambda name, value: None,
    }
