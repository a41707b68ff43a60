"""Training against evaluation: problems that are trained on and evaluated too, the same letters and digits in the same order."""

import inspect
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...data_builders import BUILDERS
from ...data_builders.decontaminate import Evaluation
from ..recipe.resolve import ancestors
from ..recipe.sets import BuiltSet
from .finding import Finding
from .material import LOOKED, Material, Questions, kept_apart_from


class Beside(NamedTuple):
    """A set that is trained on, beside all that are evaluated: how many of its rows were looked at, whether they are all,
    and how many of them ask a problem of each evaluated set."""

    rows: int
    whole: bool
    copies: Counter[str]


def overlap(material: Material) -> Iterator[Finding]:
    """All rows at hand of what is trained on, held against all at hand of what is evaluated, each read once."""
    taken = (set_name for stage in material.stages.values() for set_name in material.taken(stage))
    trained = list(dict.fromkeys(taken))
    evaluated = list(material.recipe.evaluate) if trained else []
    for name in evaluated:
        if name in trained:
            yield Finding("FAIL", "overlap", f"{name}: trained on and evaluated", "a set of its own for each")
    others = [name for name in evaluated if name not in trained]
    known = {name: asked for name in others if (asked := material.all_questions(name))}
    sides = {name: asked for name in trained if known and (asked := material.all_questions(name))}
    index = Evaluation(replace(row, source=name) for name, asked in known.items() for row in asked.rows)
    beside = {name: _beside(asked, index) for name, asked in sides.items()}
    for name in others:
        looked_at = beside if name in known else {}
        yield from _copied(name, looked_at)
        apart = [other for other in trained if _is_apart(material, name, other)]
        yield from _unseen(
            name, [other for other in trained if other not in looked_at and other not in apart]
        )
        part = [other for other, side in looked_at.items() if not (side.whole and known[name].whole)]
        yield from _partly(name, [o for o in part if o not in apart and not looked_at[o].copies[name]])
        yield from _clean(name, looked_at, [other for other in apart if other not in looked_at])


def _beside(asked: Questions, evaluated: Evaluation) -> Beside:
    rows, copies = 0, Counter[str]()
    for row in asked.rows:
        rows += 1
        copies.update({match.evaluation for match in evaluated.find(row) if match.kind == "exact"})
    return Beside(rows, asked.whole, copies)


def _copied(name: str, beside: Mapping[str, Beside]) -> Iterator[Finding]:
    for other, side in beside.items():
        if count := side.copies[name]:
            text = (
                f"{other}: {count} of {side.rows} rows looked at ask a problem of {name}, which is evaluated"
            )
            fix = f"against: [{name}'s source] in data.{other}, or another split"
            yield Finding("FAIL", "overlap", text, fix)


def _unseen(name: str, others: Sequence[str]) -> Iterator[Finding]:
    if others:
        text = f"{name}: not looked at beside it, and not built apart from it: {', '.join(others)}"
        yield Finding("warn", "overlap", text, "against: [...] in these sets names what is evaluated")


def _partly(name: str, others: Sequence[str]) -> Iterator[Finding]:
    if others:
        text = f"{name}: only the first {LOOKED} rows of a set were looked at beside it: {', '.join(others)}"
        yield Finding(
            "warn", "overlap", text, "`reins build`, then check again: what is built is looked at whole"
        )


def _clean(name: str, beside: Mapping[str, Beside], apart: Sequence[str]) -> Iterator[Finding]:
    clean = sum(side.rows for side in beside.values() if not side.copies[name])
    statements = [f"none of {clean} rows looked at copies a problem of it"] * bool(clean)
    statements += [f"built apart from it: {', '.join(apart)}"] * bool(apart)
    if statements:
        yield Finding("ok", "overlap", f"{name}: {'; '.join(statements)}")


def _is_apart(material: Material, name: str, trained: str) -> bool:
    """Whether a set is built so that it has no problem of the evaluated one, by what it and its sources say."""
    return bool({name, _published(material, name)} & _against(material, trained)) or _other_half(
        material, name, trained
    )


def _published(material: Material, name: str) -> str:
    dataset = material.recipe.data[name]
    return (
        dataset.args.get("source", dataset.args.get("name", name)) if isinstance(dataset, BuiltSet) else name
    )


def _against(material: Material, name: str) -> set[str]:
    """What a set is built apart from: sources, and sets of the run by name. The rows of those that it is made from are its
    own, but for one that it is kept apart from."""
    found: set[str] = set()
    for dataset in (material.recipe.data[each] for each in (name, *ancestors(material.recipe, name))):
        if isinstance(dataset, BuiltSet):
            own, sources = kept_apart_from(dataset), dataset.args.get("against")
            found |= {own} if own else {sources} if isinstance(sources, str) else {*(sources or ())}
    return found


def _other_half(material: Material, name: str, trained: str) -> bool:
    """Whether a set, or one that it is made from, is of another half than the evaluated one of what both are drawn from."""
    benchmark, half = _half(material, name)
    sources = [_half(material, each) for each in (trained, *ancestors(material.recipe, trained))]
    return any(source == benchmark and {part, half} == {"train", "test"} for source, part in sources)


def _half(material: Material, name: str) -> tuple[str | None, str | None]:
    """What a set is drawn from, and which half of it: of a benchmark, or of the micro world, where the text of a problem
    alone decides of its split."""
    dataset = material.recipe.data[name]
    if not isinstance(dataset, BuiltSet):
        return None, None
    if dataset.builder.startswith("micro."):
        split = inspect.signature(BUILDERS[dataset.builder]).parameters.get("split")
        return "micro", dataset.args.get("split", split.default if split else "train")
    return (
        (dataset.args.get("name"), dataset.args.get("half"))
        if dataset.builder == "benchmark"
        else (None, None)
    )
