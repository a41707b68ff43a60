"""Composites: problems with one to three constraints that can hold together, proved by a witness.

A witness is a response that holds the gold answer in its box and passes every check, written by the constraints' own
rewrites. What has no witness is not emitted; the tally counts it under the constraints that refused. The same
judgement, on published rows, says which of them no response can satisfy.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import combinations, islice
from typing import Any, Literal

from ..eval.io.errors import InputError
from ..eval.verify import MATHIF, TYPES, Pools, canonical, conflict, describe, witness
from ..eval.verify.answers import boxed
from ..eval.verify.rows import Row
from .draw import Built, Half, Tally, draw
from .mixture import counts
from .problems import BENCHMARKS, read_problems

Split = Literal["train", "seen", "unseen_values", "unseen_type"]
Drawn = list[tuple[str, dict[str, Any]]]

# Split -> half of the problems, half of the values, whether the types are the held-out ones.
SPLITS: dict[Split, tuple[Half, Half, bool]] = {
    "train": ("train", "train", False),
    "seen": ("test", "train", False),
    "unseen_values": ("test", "test", False),
    "unseen_type": ("test", "test", True),
}
SHARES = {1: 0.34, 2: 0.33, 3: 0.33}
TRIES = 1000
REPLY = "We work step by step and check the result. The final answer is {answer}."


def composites(
    rows: int,
    seed: int,
    *,
    source: str | list[str],
    split: Split = "train",
    types: list[str] | None = None,
    held_out: list[str] | None = None,
    shares: Mapping[int, float] = SHARES,
    pools: Mapping[str, Any] | None = None,
    test_share: float = 0.2,
    against: list[str] | None = None,
    preset: str = "reins",
) -> Built:
    """Problems of a source, each once, with 1–3 constraints of different types and a witness.

    `types` (default: MathIF's) are drawn evenly, those in `held_out` only for `unseen_type`; `shares` says how many rows
    have 1, 2 and 3 constraints; `pools` overrides where values come from. Train and test halves of problems and
    of values are disjoint: `train` and `seen` draw values from the train half, the others from the test half.
    Raises InputError on an unknown split, type or pool, shares that do not add to 1, or types that cannot combine.
    """
    if split not in SPLITS:
        raise InputError("split", f"unknown split {split!r}", f"choose from {', '.join(SPLITS)}")
    half, values, only_held_out = SPLITS[split]
    held = set(map(_composable, held_out or []))
    offered = map(_composable, types) if types else (name for name in TYPES if name in MATHIF)
    names = [name for name in offered if (name in held) == only_held_out]
    numbers = _numbers(rows, seed, shares)
    if max(numbers, default=0) > len(names):
        raise InputError(
            f"split {split}", f"{len(names)} constraint types for {max(numbers)} in a row", "name more"
        )
    drawn_from = halves(_pools(pools))[values]
    tally = Tally(against=against or [])
    found = draw(rows, seed, source, half, test_share, tally)

    def emit() -> Iterator[Row]:
        for index, (problem, number) in enumerate(zip(found, numbers, strict=True)):
            rng = random.Random(f"{seed}/{split}/{problem['problem_id']}")
            row = _constrained(problem, number, names, drawn_from, rng, preset, tally)
            yield row | {"row": f"composite-{split}-{index:06d}", "split": split}

    return Built(emit(), tally)


def _composable(name: str) -> str:
    if canonical(name) not in TYPES:
        raise InputError("types", f"{name} can be judged but not composed", f"choose from {', '.join(TYPES)}")
    return canonical(name)


def _numbers(rows: int, seed: int, shares: Mapping[int, float]) -> list[int]:
    """How many constraints each row has, in an order drawn from the seed."""
    if not set(shares) <= set(SHARES):
        raise InputError(f"shares {dict(shares)}", "a row has 1, 2 or 3 constraints", "use these as keys")
    wanted = counts({str(number): share for number, share in shares.items()}, rows)
    numbers = [int(number) for number, count in wanted.items() for _ in range(count)]
    random.Random(f"{seed}/numbers").shuffle(numbers)
    return numbers


def _constrained(
    problem: Row,
    number: int,
    names: Sequence[str],
    pools: Pools,
    rng: random.Random,
    preset: str,
    tally: Tally,
) -> Row:
    for _ in range(TRIES):
        drawn = [
            (name, TYPES[name].sample(rng, pools, problem["question"])) for name in rng.sample(names, number)
        ]
        row = problem | {
            "constraint_name": [name for name, _ in drawn],
            "constraint_args": [kwargs for _, kwargs in drawn],
            "constraint_desc": [describe(name, kwargs) for name, kwargs in drawn],
        }
        found = _witness(row, drawn, preset)
        if found is not None:
            return row | {"witness": found}
        tally.refused[_refusing(row, drawn, preset)] += 1
    raise InputError(
        "types", f"no {number} of {', '.join(names)} hold together in {TRIES} draws", "name others"
    )


def _witness(row: Row, drawn: Drawn, preset: str, *, boxed_answer: bool = True) -> str | None:
    """A response that passes every check and, if `boxed_answer`, holds the gold answer in its box."""
    if any(conflict(*a, *b) for a, b in combinations(drawn, 2)):
        return None
    reply = REPLY.format(answer=rf"\boxed{{{row['answer']}}}" if boxed_answer else "known")
    names, args = zip(*drawn, strict=True)
    found = witness(reply, names, args, random.Random(row["row"]), preset=preset)
    kept = not boxed_answer or (found is not None and boxed(found) == row["answer"])
    return found if kept else None


def _refusing(row: Row, drawn: Drawn, preset: str) -> tuple[str, ...]:
    """The smallest group of the drawn constraints that has no witness by itself."""
    for size in range(1, len(drawn) + 1):
        for group in combinations(drawn, size):
            if _witness(row, list(group), preset) is None:
                return tuple(sorted(name for name, _ in group))
    raise AssertionError("called on constraints that have a witness")


def halves(pools: Pools) -> dict[Half, Pools]:
    """Pools that share no value: every other text, and the lower and the upper half of every range.

    Raises InputError on a pool of one value. Relations are no values and stay.
    """
    parts: dict[Half, dict[str, Any]] = {"train": {}, "test": {}}
    for name in (one.name for one in fields(pools) if one.name not in ("keywords_each", "relations")):
        values = getattr(pools, name)
        if len(set(values)) < 2:
            raise InputError(
                "pools", f"{name} holds one value", "give two or more, one for train and one for test"
            )
        if isinstance(values[0], str):
            parts["train"][name], parts["test"][name] = values[::2], values[1::2]
        else:
            middle = (values[0] + values[1]) // 2
            parts["train"][name], parts["test"][name] = (values[0], middle), (middle + 1, values[1])
    return {half: replace(pools, **changed) for half, changed in parts.items()}


def _pools(given: Mapping[str, Any] | None) -> Pools:
    known = {one.name for one in fields(Pools)}
    for name in given or {}:
        if name not in known:
            raise InputError("pools", f"unknown key {name!r}", f"known: {', '.join(sorted(known))}")
    values: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in (given or {}).items()
    }
    return Pools(**values)


def judged(rows: int, seed: int, *, source: str, preset: str = "reins") -> Built:
    """Published rows (MathIF's files) with `feasible`, `why_not` and a witness added; see `judge`."""
    return Built(
        (judge(row, preset=preset) for row in islice(read_problems(BENCHMARKS.get(source, source)), rows)),
        Tally(),
    )


def judge(row: Row, *, preset: str = "reins") -> Row:
    r"""The row with `feasible`, `why_not` and `witness`, under a preset's checks.

    Not feasible: constraints that no text satisfies together; a constraint that the requested `\boxed{}` itself
    breaks; a question that asks for the answer in a second place, after "####" (its checks can all be met).
    """
    drawn = list(zip(row["constraint_name"], [args or {} for args in row["constraint_args"]], strict=True))
    found = _witness(row, drawn, preset)
    reasons = [] if found else _reasons(row, drawn, preset)
    if "####" in row["question"]:
        reasons.append('the question asks for the answer after "####", the prompt for it in \\boxed{}')
    return row | {"feasible": not reasons, "why_not": "; ".join(reasons) or None, "witness": found}


def _reasons(row: Row, drawn: Drawn, preset: str) -> list[str]:
    for a, b in combinations(drawn, 2):
        if why := conflict(*a, *b):
            return [f"{a[0]} and {b[0]} cannot hold together: {why}"]
    if _witness(row, drawn, preset, boxed_answer=False) is None:
        return [f"no text satisfies {' and '.join(_refusing(row, drawn, preset))}"]
    refusing = " and ".join(_refusing(row, drawn, preset))
    reply = _witness({**row, "answer": "7"}, drawn, preset)
    return [] if reply else [f"the requested \\boxed{{}} itself breaks {refusing}"]
