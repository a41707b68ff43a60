"""Which of several terms explain how figures of kinds differ: slopes, and the share of variance that each explains.

Kinds (types of constraints) are few and differ for reasons that no term names, so they are what is left out in turn: an
interval over single samples would count every sample of a kind as one more kind. A share is epsilon squared (Kelley 1935):
the sum of squares that a term explains beyond all others, less what chance gives as many columns, over the sum of
squares within groups. It is about zero, and as often below it, for a term that explains nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .intervals import TINY, Floats, Ints, Uncertain, jackknife

FEWEST_KINDS = 5  # below, leaving one out tells next to nothing
BEYOND, REST = "kind", "rest"


@dataclass(frozen=True)
class Figures:
    """Values (n,), each of a kind (n,) in a group (n,), whose level is its own; `terms` are columns (n,) by name.

    Kinds are numbers from 0, each of them there.
    """

    values: Floats
    kind: Ints
    group: Ints
    terms: Mapping[str, Floats]

    def without(self, kind: int) -> "Figures":
        """All but those of one kind."""
        kept = self.kind != kind
        terms = {name: column[kept] for name, column in self.terms.items()}
        return Figures(self.values[kept], self.kind[kept], self.group[kept], terms)


@dataclass(frozen=True)
class Term:
    """What a term does to the values, per unit of it (None for `kind` and `rest`), and the share that it explains.

    `kind` is what kinds differ by beyond the terms, known where a term differs within kinds; `rest` is what is left.
    """

    name: str
    slope: Uncertain | None
    share: Uncertain


def explained(figures: Figures) -> list[Term]:
    """Each term, then the kinds beyond them where that can be told, then the rest; nothing of too few kinds."""
    kinds = int(figures.kind.max()) + 1 if len(figures.kind) else 0
    if kinds < FEWEST_KINDS:
        return []
    fits = [_fit(figures), *(_fit(figures.without(kind)) for kind in range(kinds))]
    names = list(fits[0][1])
    slopes = {
        name: jackknife(np.array([slopes.get(name, np.nan) for slopes, _ in fits])) for name in figures.terms
    }
    shares = {name: jackknife(np.array([of.get(name, np.nan) for _, of in fits])) for name in names}
    return [Term(name, slopes.get(name), shares[name]) for name in names]


def _fit(figures: Figures) -> tuple[dict[str, float], dict[str, float]]:
    """The slope of each term, least squares with a level a group; and the share of each part.

    Empty where the terms cannot be told apart. What is the same for all figures of a kind is held against how kinds
    differ, everything else against how figures of one kind do.
    """
    columns = {name: _within(column, figures.group) for name, column in figures.terms.items()}
    values, every = _within(figures.values, figures.group), list(columns.values())
    if _rank(every) < len(columns):
        return {}, {}
    solved = np.linalg.lstsq(np.column_stack(every), values, rcond=None)[0]
    slopes = dict(zip(columns, solved.tolist(), strict=True))
    whole = float(values @ values)
    if whole <= TINY:
        return slopes, {}
    kinds = [_within((figures.kind == kind).astype(float), figures.group) for kind in np.unique(figures.kind)]
    of_kinds, both = _rank(kinds), _rank([*every, *kinds])
    free = len(values) - len(np.unique(figures.group)) - both
    rest, least = _left(every, values), _left([*every, *kinds], values)
    told = free > 0 and both > of_kinds
    inside = least / free if told else rest / (free + both - len(columns))
    between = (rest - least) / (both - len(columns)) if told else inside
    shares = {}
    for name, column in columns.items():
        error = between if _rank([column, *kinds]) == of_kinds else inside
        shares[name] = (_left(_but(columns, name), values) - rest - error) / whole
    if told:
        shares[BEYOND] = (rest - least - (both - len(columns)) * inside) / whole
    return slopes, shares | {REST: 1 - sum(shares.values())}


def _but(columns: Mapping[str, Floats], name: str) -> list[Floats]:
    return [column for other, column in columns.items() if other != name]


def _within(values: Floats, group: Ints) -> Floats:
    """Less the mean of each group."""
    values = np.asarray(values, dtype=np.float64)
    means = np.bincount(group, values) / np.maximum(np.bincount(group), 1)
    return np.asarray(values - means[group])


def _left(columns: list[Floats], values: Floats) -> float:
    """The sum of squares that these columns leave of the values."""
    if not columns:
        return float(values @ values)
    design = np.column_stack(columns)
    rest = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float(rest @ rest)


def _rank(columns: list[Floats]) -> int:
    return int(np.linalg.matrix_rank(np.column_stack(columns)))
