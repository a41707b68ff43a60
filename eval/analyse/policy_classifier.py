"""Classifiers of the rows that thinking helps, judged on problems, constraint types or a set that they have not seen.

One reads the words of the prompt with its constraints, the other the model's own state at the prompt's last token. Both are
logistic regressions, whose strength is chosen within the rows that they are fitted on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logit

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


class Chances(NamedTuple):
    """Of each row (n,): the chance that thinking wins, and by how much its log-odds exceed those of any row that it was
    learned from. The second ranks rows that were told of by fits to other rows, in which wins were as often or not."""

    wins: Floats
    excess: Floats


Split = tuple[Ints, Ints, Sequence[float]]  # rows to learn from, rows to tell of, strengths to choose from


def classified(outcomes: RowOutcomes, others: Mapping[str, RowOutcomes]) -> Iterator[tuple[str, Chances]]:
    """Each classifier's name and what it says of the rows.

    Fitted on other problems of these rows, on those that share no type with a row, and on the rows of each of the `others`;
    none on rows too few or labels all alike.
    """
    for name, reader in READERS.items():
        if (features := reader.features(outcomes)) is None:
            continue
        if _can_teach(outcomes):
            yield name, _apart(outcomes, reader, _folds(outcomes, reader.strengths))
            yield f"{name}, new types", _apart(outcomes, reader, _types_apart(outcomes, reader))
        for other, source in others.items():
            if reader.features(source) is not None and _can_teach(source):
                told = _learned(source, reader, np.arange(len(source.rows)), reader.strengths)
                yield f"{name}, from {other}", told(features)


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


def _apart(outcomes: RowOutcomes, reader: Reader, splits: Iterator[Split]) -> Chances:
    """What is said of each row by rows of other problems; NaN where no split leaves any."""
    features, count = reader.features(outcomes), len(outcomes.rows)
    wins, excess = np.full(count, np.nan), np.full(count, np.nan)
    for train, test, strengths in splits:
        wins[test], excess[test] = _learned(outcomes, reader, train, strengths)(features[test])
    return Chances(wins, excess)


def _folds(outcomes: RowOutcomes, strengths: Sequence[float]) -> Iterator[Split]:
    from sklearn.model_selection import GroupKFold

    folds = min(FOLDS, len(np.unique(outcomes.cluster)))
    for train, test in GroupKFold(folds).split(outcomes.cluster, groups=outcomes.cluster):
        yield train, test, strengths


def _types_apart(outcomes: RowOutcomes, reader: Reader) -> Iterator[Split]:
    """The rows with the same types, judged by those of other problems that have none of these.

    There are as many such splits as there are combinations of types; so the strength is chosen once, on all rows.
    """
    types = [frozenset(constraint.id for constraint in row.constraints) for row in outcomes.rows]
    strengths = [_strength(outcomes, reader, np.arange(len(types)), reader.strengths)]
    for combined in sorted(set(types) - {frozenset()}, key=sorted):
        shares = np.array([bool(combined & of_row) for of_row in types])
        train = (~np.isin(outcomes.cluster, outcomes.cluster[shares])).nonzero()[0]
        yield train, np.array([of_row == combined for of_row in types]).nonzero()[0], strengths


def _learned(
    outcomes: RowOutcomes, reader: Reader, train: Ints, strengths: Sequence[float]
) -> Callable[[Any], Chances]:
    """What tells of features of rows the chance that thinking wins, learned from some of these rows."""
    labels = outcomes.thinking_wins[train]
    usual, excess = (float(labels.mean()), 0.0) if len(labels) else (np.nan, np.nan)
    if _rarest(outcomes, train) < 2 * INNER_FOLDS:  # nothing is learned from so few
        return lambda features: Chances(np.full(len(features), usual), np.full(len(features), excess))
    fitted = _model(reader, _strength(outcomes, reader, train, strengths))
    fitted.fit(reader.features(outcomes)[train], labels)

    def tell(features: Any) -> Chances:
        wins = np.asarray(fitted.predict_proba(features)[:, 1])
        return Chances(wins, logit(wins) - logit(usual))

    return tell


def _rarest(outcomes: RowOutcomes, train: Ints) -> int:
    """How many problems have rows of the rarer label."""
    labels, groups = outcomes.thinking_wins[train], outcomes.cluster[train]
    return min(len(np.unique(groups[labels == label])) for label in (True, False))


def _strength(outcomes: RowOutcomes, reader: Reader, train: Ints, strengths: Sequence[float]) -> float:
    """The strength under which rows of other problems among these are told best; the weakest fit where they are too few."""
    from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

    if len(strengths) == 1 or _rarest(outcomes, train) < 2 * INNER_FOLDS:
        return strengths[0]
    search = GridSearchCV(
        _model(reader, strengths[0]),
        {"logisticregression__C": strengths},
        cv=StratifiedGroupKFold(INNER_FOLDS),
        scoring="neg_log_loss",
        refit=False,
    )
    search.fit(
        reader.features(outcomes)[train], outcomes.thinking_wins[train], groups=outcomes.cluster[train]
    )
    return float(search.best_params_["logisticregression__C"])


def _model(reader: Reader, strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(*reader.steps(), LogisticRegression(C=strength, max_iter=1000))
