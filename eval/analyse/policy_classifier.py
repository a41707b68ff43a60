"""Classifiers of the rows that thinking helps, judged on problems, constraint types or a set that they have not seen.

One reads the words of the prompt with its constraints, the other the model's own state at the prompt's last token. Both are
logistic regressions, whose strength is chosen within the rows that they are fitted on.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..stats.intervals import Floats, Ints
from ..verify.decision import FEWEST_ROWS
from .policy_rows import RowOutcomes

FOLDS, INNER_FOLDS = 5, 3


class Reader(NamedTuple):
    """What a classifier reads of rows (None where it was not kept), its steps before the regression, and the strengths of
    fit to choose from."""

    features: Callable[[RowOutcomes], Any]
    steps: Callable[[], list[Any]]
    strengths: tuple[float, ...]


def classified(outcomes: RowOutcomes, others: Mapping[str, RowOutcomes]) -> Iterator[tuple[str, Floats]]:
    """Each classifier's name and the chance (n,) that it gives thinking to win.

    Fitted on other problems of these rows, on those without a type, and on the rows of each of the `others`; none on rows
    too few or labels all alike.
    """
    for name, reader in READERS.items():
        if (features := reader.features(outcomes)) is None:
            continue
        if _can_teach(outcomes):
            yield name, _chances(outcomes, reader, _folds(outcomes))
            yield f"{name}, new types", _chances(outcomes, reader, _types_apart(outcomes))
        for other, source in others.items():
            if reader.features(source) is not None and _can_teach(source):
                yield f"{name}, from {other}", _fitted(source, reader, np.arange(len(source.rows)))(features)


def _can_teach(outcomes: RowOutcomes) -> bool:
    labels = outcomes.thinking_wins
    return len(labels) >= FEWEST_ROWS and bool(labels.any()) and not labels.all()


def _of_words() -> list[Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return [TfidfVectorizer(analyzer=str.split, min_df=2)]


def _of_states() -> list[Any]:
    from sklearn.preprocessing import StandardScaler

    return [StandardScaler()]


READERS = {
    "classifier": Reader(
        lambda outcomes: np.array(outcomes.features, dtype=object), _of_words, (0.1, 1.0, 10.0)
    ),
    # Of hundreds of numbers for as many rows only weak fits generalise.
    "classifier of states": Reader(lambda outcomes: outcomes.states, _of_states, (0.0001, 0.001, 0.01, 0.1)),
}


def _chances(outcomes: RowOutcomes, reader: Reader, splits: Iterator[tuple[Ints, Ints]]) -> Floats:
    """What is predicted of each row by rows of other problems; the share of wins where no split leaves any."""
    labels, features = outcomes.thinking_wins, reader.features(outcomes)
    sums, times = np.zeros(len(labels)), np.zeros(len(labels))
    for train, test in splits:
        sums[test] += _fitted(outcomes, reader, train)(features[test])
        times[test] += 1
    return np.divide(sums, times, out=np.full_like(sums, float(labels.mean())), where=times > 0)


def _folds(outcomes: RowOutcomes) -> Iterator[tuple[Ints, Ints]]:
    from sklearn.model_selection import GroupKFold

    folds = min(FOLDS, len(np.unique(outcomes.cluster)))
    yield from GroupKFold(folds).split(outcomes.cluster, groups=outcomes.cluster)


def _types_apart(outcomes: RowOutcomes) -> Iterator[tuple[Ints, Ints]]:
    """Rows that have a type, judged by rows that have not, one type after another."""
    types = [{constraint.id for constraint in row.constraints} for row in outcomes.rows]
    for name in sorted(set().union(*types)):
        has = np.array([name in of_row for of_row in types])
        shared = np.isin(outcomes.cluster, outcomes.cluster[has])
        if (~shared).any():
            yield (~shared).nonzero()[0], has.nonzero()[0]


def _fitted(outcomes: RowOutcomes, reader: Reader, train: Ints) -> Callable[[Any], Floats]:
    """What gives the chance that thinking wins by features of rows, learned from some of these rows."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline

    labels, groups = outcomes.thinking_wins[train], outcomes.cluster[train]
    rarest = min(len(np.unique(groups[labels == label])) for label in (True, False))
    if rarest < 2 * INNER_FOLDS:  # some fold might hold one label only, and nothing is learned from so few
        return lambda features: np.full(len(features), float(labels.mean()))
    search = GridSearchCV(
        make_pipeline(*reader.steps(), LogisticRegression(class_weight="balanced", max_iter=1000)),
        {"logisticregression__C": reader.strengths},
        cv=StratifiedGroupKFold(INNER_FOLDS),
        scoring="neg_log_loss",
    )
    learned = search.fit(reader.features(outcomes)[train], labels, groups=groups)
    return lambda features: np.asarray(learned.predict_proba(features)[:, 1])
