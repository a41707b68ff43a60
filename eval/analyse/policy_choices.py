"""Who should think? What each policy chooses, row by row, among samples that exist.

A policy says with what chance a row is answered after thinking; nothing is generated. The policies are those of "When
Thinking Fails" (arXiv 2505.11423, section 4) and what its comparison lacks: a random one of the same rate, the better fixed
one, and an oracle that is not judged on the samples that it chose by.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..stats.intervals import Flags, Floats, Ints
from ..verify.rows import Row

FEWEST_ROWS = 30  # below, a classifier is fitted to noise
FOLDS, INNER_FOLDS = 5, 3
THRESHOLD = 0.5
STRENGTHS = (0.1, 1.0, 10.0)  # of the logistic regression's fit, chosen within the training folds


@dataclass(frozen=True)
class RowOutcomes:
    """Of each row (n,) that was answered both ways: mean HAcc with a thought and without, the mean of the row's even
    and odd samples (2, n; NaN where it has one), mean tokens, and the problem that it belongs to."""

    rows: Sequence[Row]
    think: Floats
    direct: Floats
    think_halves: Floats
    direct_halves: Floats
    think_tokens: Floats
    direct_tokens: Floats
    cluster: Ints

    @property
    def thinking_wins(self) -> Flags:
        """The truth that policies are held against; a tie is no reason to think."""
        return np.greater(self.think, self.direct)

    @cached_property
    def features(self) -> list[str]:
        """What a classifier reads of each row."""
        return [_features(row) for row in self.rows]

    def value(self, chance: Floats) -> Floats:
        """HAcc (n,) where a row is answered after thinking with this chance."""
        return chance * self.think + (1 - chance) * self.direct

    def tokens(self, chance: Floats) -> Floats:
        return chance * self.think_tokens + (1 - chance) * self.direct_tokens


def fixed_choices(outcomes: RowOutcomes) -> Iterator[tuple[str, Floats]]:
    """The policies that need no fitting, and the oracle, which sees the outcome."""
    count = len(outcomes.rows)
    yield "always direct", np.zeros(count)
    yield "always think", np.ones(count)
    majority = np.mean(outcomes.thinking_wins) > np.mean(outcomes.direct > outcomes.think)
    yield "majority", np.full(count, float(majority))
    yield "oracle", outcomes.thinking_wins.astype(float)


def judged_apart(outcomes: RowOutcomes) -> Floats | None:
    """HAcc (n,) of an oracle that chooses by one half of a row's samples and is judged by the other, both ways.

    An oracle that is judged by what it chose by counts the luck of single samples as insight. None where a row has one sample.
    """
    think, direct = outcomes.think_halves, outcomes.direct_halves
    if np.isnan(think).any() or np.isnan(direct).any():
        return None
    values = [np.where(think[by] > direct[by], think[1 - by], direct[1 - by]) for by in (0, 1)]
    return np.asarray(np.mean(values, axis=0))


def flow_choices(outcomes: RowOutcomes) -> Floats:
    """The decision flow: think where the number of constraints is on one side of a threshold.

    Side and threshold are those that serve one half of the problems best; the other half is decided by them, both ways.
    """
    complexity = np.array([len(row.constraints) for row in outcomes.rows])
    chance = np.zeros(len(complexity))
    for half in (0, 1):
        fitted = outcomes.cluster % 2 != half
        rules = [
            complexity >= level if more else complexity < level
            for level in range(int(complexity.max()) + 2)
            for more in (True, False)
        ]
        # The first of the best: thinking never comes first, so that a tie does not think.
        best = max(rules[1:], key=lambda rule: outcomes.value(rule.astype(float))[fitted].mean())
        chance[~fitted] = best[~fitted]
    return chance


def classifier_chances(outcomes: RowOutcomes, *, new_types: bool = False) -> Floats | None:
    """The chance (n,) that thinking wins, from the words of a prompt and its constraints, by rows of other problems.

    Logistic regression whose strength is chosen within the training rows. With `new_types` a row is judged by rows that
    have none of its constraint types, one type after another. None where rows are too few or their labels all alike.
    """
    labels = outcomes.thinking_wins
    if len(labels) < FEWEST_ROWS or labels.all() or not labels.any():
        return None
    sums, times = np.zeros(len(labels)), np.zeros(len(labels))
    for train, test in _types_apart(outcomes) if new_types else _folds(outcomes):
        sums[test] += _predicted(outcomes, train, test)
        times[test] += 1
    return np.divide(sums, times, out=np.full_like(sums, float(labels.mean())), where=times > 0)


def _folds(outcomes: RowOutcomes) -> Iterator[tuple[Ints, Ints]]:
    from sklearn.model_selection import GroupKFold

    folds = min(FOLDS, len(np.unique(outcomes.cluster)))
    yield from GroupKFold(folds).split(outcomes.cluster, groups=outcomes.cluster)


def _types_apart(outcomes: RowOutcomes) -> Iterator[tuple[Ints, Ints]]:
    types = [{constraint.id for constraint in row.constraints} for row in outcomes.rows]
    for name in sorted(set().union(*types)):
        has = np.array([name in of_row for of_row in types])
        shared = np.isin(outcomes.cluster, outcomes.cluster[has])
        if (~shared).any():
            yield (~shared).nonzero()[0], has.nonzero()[0]


def _predicted(outcomes: RowOutcomes, train: Ints, test: Ints) -> Floats:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline

    labels, groups = outcomes.thinking_wins[train], outcomes.cluster[train]
    rarest = min(len(np.unique(groups[labels == label])) for label in (True, False))
    if rarest < 2 * INNER_FOLDS:  # some fold might hold one label only, and nothing is learned from so few
        return np.full(len(test), float(labels.mean()))
    pipeline = make_pipeline(
        TfidfVectorizer(analyzer=str.split, min_df=2), LogisticRegression(class_weight="balanced")
    )
    search = GridSearchCV(
        pipeline,
        {"logisticregression__C": STRENGTHS},
        cv=StratifiedGroupKFold(INNER_FOLDS),
        scoring="neg_log_loss",
    )
    fitted = search.fit([outcomes.features[i] for i in train], labels, groups=groups)
    return np.asarray(fitted.predict_proba([outcomes.features[i] for i in test])[:, 1])


def _features(row: Row) -> str:
    """Words of the prompt, ids of the constraints and their number, as tokens apart."""
    said = " ".join([row.question, *(constraint.description or "" for constraint in row.constraints)])
    ids = [f"type={constraint.id}" for constraint in row.constraints]
    return " ".join([*said.casefold().split(), *ids, f"count={len(ids)}"])
