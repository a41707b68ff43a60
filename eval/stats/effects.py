"""Effects of factors as weighted sums of cells' means: least squares with one value a cell.

All cells answer the same problems, so a linear model of single samples, or of their differences from a common base,
has the same coefficients: the weights of an effect add to zero, and what cells share goes out. Its uncertainty is that
of the weighted sum, problem by problem and seed by seed (`seeds.crossed`).
"""

from itertools import product

import numpy as np

from .intervals import Floats, Ints

Term = tuple[tuple[int, int], ...]  # (factor, level) that a coefficient is of; two of them are an interaction


def effect_weights(levels: Ints, pair: tuple[int, int] | None = None) -> dict[Term, Floats]:
    """The weights (cells,) of each coefficient, from the number of each cell's level of each factor (cells, factors).

    Without a `pair` the main effects, each level against level 0, averaged over the other factors where the cells are
    all combinations. With one, its interaction: by how much the first's effect is another at a level of the second.
    Empty where the cells do not tell the coefficients apart.
    """
    columns: dict[Term, Floats] = {(): np.ones(len(levels))}
    for factor in range(levels.shape[1]):
        for level in range(1, int(levels[:, factor].max()) + 1):
            columns[((factor, level),)] = (levels[:, factor] == level).astype(float)
    asked = [term for term in columns if term]
    if pair:
        singles = [[term for term in asked if term[0][0] == factor] for factor in pair]
        asked = [first + second for first, second in product(*singles)]
        columns |= {term: columns[term[:1]] * columns[term[1:]] for term in asked}
    design = np.column_stack(list(columns.values()))
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return {}
    return {term: row for term, row in zip(columns, np.linalg.pinv(design), strict=True) if term in asked}
