"""Which rows should be thought about: policies over the samples of two modes, each against both fixed ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..score.measure import ScoredSamples
from ..stats import intervals
from ..stats.intervals import Floats
from .analysis import Analysis, EntryLists, Figure, Table
from .fields import ArmName, Clusters, High, Low, Mode, SetName
from .formats import rate, signed
from .policy_choices import (
    THRESHOLD,
    RowOutcomes,
    classifier_chances,
    fixed_choices,
    flow_choices,
    judged_apart,
)
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import BLUE, dot, foot, panels, room
from .style import intervals as interval_bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

DIRECT, THINKING = "direct", ("think", "cot")


@dataclass(frozen=True)
class Change:
    """A paired difference on the same rows."""

    diff: float
    low: Low
    high: High


@dataclass(frozen=True)
class Policy:
    """HAcc of an arm whose rows are answered by a policy, in `mode` or in `direct`."""

    set: SetName
    arm: ArmName
    mode: Mode
    policy: Annotated[str, "what decides: see eval/analyse/policy_choices.py"]
    value: Annotated[float, "mean HAcc over rows"]
    low: Low
    high: High
    think_rate: Annotated[float | None, "share of the rows that are thought about; null where samples decide"]
    tokens: Annotated[float | None, "mean tokens generated a row, reasoning and answer"]
    over_direct: Annotated[Change, "against answering every row directly"]
    over_think: Annotated[Change, "against thinking about every row"]
    headroom: Annotated[
        float | None,
        "its gain over the better of both, as a share of the oracle's; null where that gains nothing",
    ]
    auc: Annotated[float | None, "of a classifier: how well its chance ranks the rows where thinking wins"]
    accuracy: Annotated[float | None, "of a classifier: share of the rows that it decides rightly"]
    n: Annotated[int, "rows answered both ways"]
    clusters: Clusters


@dataclass(frozen=True)
class Choice:
    """A policy's HAcc and tokens on each row (n,), and how often it thinks."""

    policy: str
    value: Floats
    tokens: Floats | None = None
    think_rate: float | None = None
    auc: float | None = None
    accuracy: float | None = None


def policies(data: SetData, _: EntryLists) -> Iterator[Policy]:
    """For every arm that was asked both ways; its seeds together."""
    for arm in data.arms:
        for mode in data.modes:
            if mode in THINKING and (arm, DIRECT) in data.samples and (arm, mode) in data.samples:
                outcomes = _outcomes(data, data.samples[arm, mode], data.samples[arm, DIRECT])
                if outcomes:
                    yield from _judged(data, arm, mode, outcomes, list(_choices(outcomes)))


def _outcomes(data: SetData, think: list[ScoredSamples], direct: list[ScoredSamples]) -> RowOutcomes | None:
    count = len(data.row_set.rows)
    means = [_row_means(samples, count) for samples in (think, direct)]
    both = ~np.isnan(means[0][0]) & ~np.isnan(means[1][0])
    if not both.any():
        return None
    (think_hacc, think_halves, think_tokens), (hacc, halves, tokens) = means
    return RowOutcomes(
        [row for row, kept in zip(data.row_set.rows, both, strict=True) if kept],
        think_hacc[both],
        hacc[both],
        think_halves[:, both],
        halves[:, both],
        think_tokens[both],
        tokens[both],
        data.row_set.cluster[both],
    )


def _row_means(samples: list[ScoredSamples], count: int) -> tuple[Floats, Floats, Floats]:
    """HAcc (count,) of each row, of its even and odd samples (2, count), and its tokens; NaN where there is none."""
    row = np.concatenate([scored.row for scored in samples])
    hacc = np.concatenate([scored.numbers["hacc"] for scored in samples])
    tokens = np.concatenate(
        [scored.numbers["reasoning_tokens"] + scored.numbers["answer_tokens"] for scored in samples]
    )
    order = np.argsort(row, kind="stable")
    place = np.empty(len(row), dtype=np.intp)
    place[order] = np.arange(len(row)) - np.searchsorted(row[order], row[order])
    halves = np.stack([_mean_by(row, hacc, count, place % 2 == half) for half in (0, 1)])
    every = np.ones(len(row), dtype=bool)
    return _mean_by(row, hacc, count, every), halves, _mean_by(row, tokens, count, every)


def _mean_by(row: intervals.Ints, values: Floats, count: int, chosen: intervals.Flags) -> Floats:
    sums = np.bincount(row[chosen], values[chosen], count)
    times = np.bincount(row[chosen], minlength=count)
    return np.asarray(np.divide(sums, times, out=np.full(count, np.nan), where=times > 0))


def _choices(outcomes: RowOutcomes) -> Iterator[Choice]:
    for name, chance in fixed_choices(outcomes):
        yield _choice(outcomes, name, chance)
    if (apart := judged_apart(outcomes)) is not None:
        yield Choice("oracle, judged apart", apart)
    yield _choice(outcomes, "number of constraints", flow_choices(outcomes))
    for name, new_types in (("classifier", False), ("classifier, new types", True)):
        if (chances := classifier_chances(outcomes, new_types=new_types)) is not None:
            yield from _classified(outcomes, name, chances)


def _choice(outcomes: RowOutcomes, name: str, chance: Floats) -> Choice:
    return Choice(name, outcomes.value(chance), outcomes.tokens(chance), float(chance.mean()))


def _classified(outcomes: RowOutcomes, name: str, chances: Floats) -> Iterator[Choice]:
    """The classifier, and a coin that thinks as often."""
    from sklearn.metrics import roc_auc_score

    truth, decided = outcomes.thinking_wins, chances > THRESHOLD
    chance = decided.astype(float)
    yield Choice(
        name,
        outcomes.value(chance),
        outcomes.tokens(chance),
        float(chance.mean()),
        float(roc_auc_score(truth, chances)),
        float(np.mean(decided == truth)),
    )
    yield _choice(outcomes, f"random, as often as the {name}", np.full(len(chance), chance.mean()))


def _judged(
    data: SetData, arm: str, mode: str, outcomes: RowOutcomes, choices: list[Choice]
) -> Iterator[Policy]:
    clusters = data.row_set.clusters
    sums = [np.bincount(outcomes.cluster, choice.value, clusters) for choice in choices]
    num = np.stack(sums).astype(np.float64)
    den = np.tile(np.bincount(outcomes.cluster, minlength=clusters).astype(float), (len(choices), 1))
    resampled = intervals.ratios(num, den, data.draws)
    lows, highs = intervals.percentile_interval(resampled)
    named = {choice.policy: place for place, choice in enumerate(choices)}
    changes = [
        _changes(num, den, resampled, against) for against in (named["always direct"], named["always think"])
    ]
    values = num.sum(1) / den.sum(1)
    best = max(values[named["always direct"]], values[named["always think"]])
    room_left = values[named["oracle"]] - best
    for place, choice in enumerate(choices):
        yield Policy(
            data.name,
            arm,
            mode,
            choice.policy,
            float(values[place]),
            float(lows[place]),
            float(highs[place]),
            choice.think_rate,
            None if choice.tokens is None else float(choice.tokens.mean()),
            changes[0][place],
            changes[1][place],
            float((values[place] - best) / room_left) if room_left > intervals.TIE else None,
            choice.auc,
            choice.accuracy,
            len(outcomes.rows),
            int((den[0] > 0).sum()),
        )


def _changes(num: Floats, den: Floats, resampled: Floats, against: int) -> list[Change]:
    pairs = np.array([[place, against] for place in range(len(num))])
    gaps = intervals.differences(num, den, resampled, pairs, rates=np.zeros(len(num), dtype=bool))
    return [
        Change(float(diff), float(low), float(high))
        for diff, low, high in zip(gaps.diff, gaps.low, gaps.high, strict=True)
    ]


def policies_table(data: ReportData) -> Rows:
    """One line a policy of each arm."""
    table = [
        [
            "arm",
            "policy",
            "HAcc",
            "over direct",
            "over thinking",
            "of the headroom",
            "thinks",
            "tokens",
            "AUC",
        ]
    ]
    for entry in select(data.on_set("policies"), mode=data.mode):
        table.append(
            [
                entry["arm"],
                entry["policy"],
                rate(entry),
                signed(entry["over_direct"]),
                signed(entry["over_think"]),
                _share(entry["headroom"]),
                _share(entry["think_rate"]),
                "–" if entry["tokens"] is None else f"{entry['tokens']:.0f}",
                "–" if entry["auc"] is None else f"{entry['auc']:.2f}",
            ]
        )
    return table


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def policy_dots(data: ReportData) -> Drawing | None:
    """HAcc of every policy, a panel an arm; both fixed policies as lines."""
    entries = select(data.on_set("policies"), mode=data.mode)
    arms = list(dict.fromkeys(entry["arm"] for entry in entries))
    if not arms:
        return None
    names = list(dict.fromkeys(entry["policy"] for entry in entries))
    figure, all_axes = panels(len(arms), 2, 0.16 * len(names) + 0.1, left=room(names), gap=0.3)
    for axes, arm in zip(all_axes, arms, strict=True):
        of_arm = select(entries, arm=arm)
        y = [names.index(entry["policy"]) for entry in of_arm]
        axes.plot([entry["value"] for entry in of_arm], y, "o", color=BLUE, markersize=2.6)
        interval_bars(axes, [entry["value"] for entry in of_arm], y, of_arm, upright=False, colour=BLUE)
        for entry in of_arm[:2]:
            axes.axvline(entry["value"], linewidth=0.5, linestyle=":", color="#555555")
        axes.set_title(arm)
        axes.set(xlim=(0, 1.02), ylim=(len(names) - 0.5, -0.5))
        axes.set_yticks(range(len(names)), names)
    foot(figure, "HAcc, with 95 % interval; dotted: never and always thinking", [dot(BLUE, "HAcc")])
    return figure


ANALYSIS = Analysis(
    name="policies",
    entry=Policy,
    compute=policies,
    heading="Who should think?",
    contents="policies",
    parts=[
        Figure(
            "policies",
            "What would be gained by thinking about some rows only.",
            "A policy picks for each row one of two ways of asking that were both sampled; it generates nothing. The oracle knows "
            "the outcome, so it is a ceiling, and one that counts luck unless it is judged apart. Classifiers are judged on "
            "problems that they have not seen, “new types” on constraint types that they have not seen.",
            "",
            policy_dots,
        ),
        Table("policies", policies_table, "Every policy", "ways"),
    ],
)
