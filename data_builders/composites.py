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
from ..eval.verify import MATHIF, TYPES, Constraint, Pools, canonical, conflict, describe, witness
from ..eval.verify.answers import boxed
from ..eval.verify.rows import Row
from .draw import Built, Half, Tally, draw
from .mixture import counts
from .problems import BENCHMARKS, read_problems

Split = Literal["train", "seen", "unseen_values", "unseen_type"]
Constraints = Sequence[Constraint]

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
    shares: Mapping[str, float] | Mapping[int, float] = SHARES,
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
    if types == []:
        raise InputError("types", "an empty list", "name some, or leave the key out")
    held = _composable("held_out", held_out or [])
    offered = _composable("types", types or [name for name in TYPES if name in MATHIF])
    names = [name for name in offered if (name in held) == only_held_out]
    numbers = _numbers(rows, seed, shares)
    if max(numbers, default=0) > len(names):
        raise InputError(
            f"split {split}", f"{len(names)} constraint types for {max(numbers)} in a row", "name more"
        )
    drawn_from = halves(_pools(pools))[values]
    tally = Tally(against=against or [])
    problems = draw(rows, seed, source, half, test_share, tally)

    def emit() -> Iterator[Row]:
        for index, (problem, number) in enumerate(zip(problems, numbers, strict=True)):
            rng = random.Random(f"{seed}/{split}/{problem.problem_id}")
            row = _constrained(problem, number, names, drawn_from, rng, preset, tally)
            yield replace(row, name=f"composite-{split}-{index:06d}").adding(split=split)

    return Built(emit(), tally)


def _composable(key: str, names: Sequence[str]) -> list[str]:
    """The types that an argument names, in IFEval's spelling."""
    types = [canonical(name) for name in names]
    if len(set(types)) < len(types):
        raise InputError(key, "one of them stands twice", "name each once")
    for name in names:
        if canonical(name) not in TYPES:
            what = f"{name} can be judged but not composed"
            raise InputError("types", what, f"choose from {', '.join(TYPES)}")
    return types


def _numbers(rows: int, seed: int, shares: Mapping[str, float] | Mapping[int, float]) -> list[int]:
    """How many constraints each row has, in an order drawn from the seed. Keys of YAML are texts."""
    of_number = {str(number): share for number, share in shares.items()}
    if not set(of_number) <= set(map(str, SHARES)):
        what = f"shares {dict(shares)}"
        raise InputError(
            what, "a row has 1, 2 or 3 constraints", 'use these as keys, as in {"1": 0.5, "2": 0.5}'
        )
    wanted = counts(of_number, rows)
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
        drawn = [fresh(name, rng, pools, problem.question) for name in rng.sample(names, number)]
        proof = _witness(problem, drawn, preset)
        if proof is not None:
            return replace(problem, constraints=drawn).adding(witness=proof)
        tally.refused[_refusing(problem, drawn, preset)] += 1
    raise InputError(
        "types", f"no {number} of {', '.join(names)} hold together in {TRIES} draws", "name others"
    )


def fresh(name: str, rng: random.Random, pools: Pools, question: str) -> Constraint:
    """A constraint of a type with kwargs drawn from the pools, worded as the benchmarks word it."""
    kwargs = TYPES[name].sample(rng, pools, question)
    return Constraint.read(name, kwargs, describe(name, kwargs))


def clash(constraints: Constraints) -> str | None:
    """Why two of the constraints cannot hold together, or None where no two are known not to."""
    for a, b in combinations(constraints, 2):
        if why := conflict(a.id, a.kwargs, b.id, b.kwargs):
            return f"{a.id} and {b.id} cannot hold together: {why}"
    return None


def rewritten(text: str, constraints: Constraints, rng: random.Random, preset: str = "reins") -> str | None:
    """The text rewritten so that it passes every check, or None."""
    ids, kwargs = [each.id for each in constraints], [each.kwargs for each in constraints]
    return witness(text, ids, kwargs, rng, preset=preset)


def _witness(row: Row, constraints: Constraints, preset: str, *, boxed_answer: bool = True) -> str | None:
    """A response that passes every check and, if `boxed_answer`, holds the gold answer in its box."""
    if clash(constraints):
        return None
    reply = REPLY.format(answer=rf"\boxed{{{row.answer}}}" if boxed_answer else "known")
    proof = rewritten(reply, constraints, random.Random(row.name), preset)
    kept = not boxed_answer or (proof is not None and boxed(proof) == row.answer)
    return proof if kept else None


def _refusing(row: Row, drawn: Constraints, preset: str) -> tuple[str, ...]:
    """The smallest group of the drawn constraints that has no witness by itself."""
    for size in range(1, len(drawn) + 1):
        for group in combinations(drawn, size):
            if _witness(row, group, preset) is None:
                return tuple(sorted(constraint.id for constraint in group))
    raise AssertionError("called on constraints that have a witness")


def halves(pools: Pools) -> dict[Half, Pools]:
    """Pools that share no value: every other text, and the lower and the upper half of every range.

    Raises InputError on a pool of one value. Relations are no values and stay.
    """
    parts: dict[Half, dict[str, Any]] = {"train": {}, "test": {}}
    for name in (each.name for each in fields(pools) if each.name not in ("keywords_each", "relations")):
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


def _pools(overrides: Mapping[str, Any] | None) -> Pools:
    known = {each.name for each in fields(Pools)}
    for name in overrides or {}:
        if name not in known:
            raise InputError("pools", f"unknown key {name!r}", f"known: {', '.join(sorted(known))}")
    pools = replace(Pools(), **{name: _pool(name, value) for name, value in (overrides or {}).items()})
    if pools.keywords_each > len(pools.keywords) // 2:  # of train and of test
        what = f"{pools.keywords_each} of {len(pools.keywords)} keywords, half of which each of train and test has"
        raise InputError("pools.keywords_each", what, "name more keywords, or ask for fewer")
    return pools


def _pool(name: str, value: Any) -> Any:
    """A pool of the kind that it replaces: a number, a range of two, or texts."""
    default = getattr(Pools(), name)
    if isinstance(default, int):
        fits, kind = type(value) is int and value > 0, "a whole number from 1"
    elif isinstance(default[0], int):
        numbers = isinstance(value, list) and len(value) == 2 and all(type(end) is int for end in value)
        fits, kind = numbers and 0 <= value[0] < value[1], "[lowest, highest], whole numbers from 0"
    else:
        texts = isinstance(value, list) and all(isinstance(text, str) for text in value)
        fits, kind = texts and 0 < len(value) == len(set(value)), "a list of texts, each once"
    if not fits:
        raise InputError(f"pools.{name}", f"{value!r:.60}", f"give {kind}")
    return tuple(value) if isinstance(value, list) else value


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
    proof = _witness(row, row.constraints, preset)
    reasons = [] if proof else _reasons(row, preset)
    if "####" in row.question:
        reasons.append('the question asks for the answer after "####", the prompt for it in \\boxed{}')
    return row.adding(feasible=not reasons, why_not="; ".join(reasons) or None, witness=proof)


def _reasons(row: Row, preset: str) -> list[str]:
    drawn = row.constraints
    if why := clash(drawn):
        return [why]
    if _witness(row, drawn, preset, boxed_answer=False) is None:
        return [f"no text satisfies {' and '.join(_refusing(row, drawn, preset))}"]
    refusing = " and ".join(_refusing(row, drawn, preset))
    reply = _witness(replace(row, answer="7"), drawn, preset)
    return [] if reply else [f"the requested \\boxed{{}} itself breaks {refusing}"]
