"""Which rows should be thought about: policies over the samples of two modes, each against both fixed ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..score.estimates import Sums, estimates, resample
from ..score.measure import Entry, Measure
from ..stats import intervals
from ..stats.ranking import UNKNOWN, Auc, auc, cluster_draws
from .analysis import Analysis, EntryLists, Figure, Table
from .fields import ArmName, Clusters, High, Low, Mode, SetName
from .formats import rate, rate_of, share, signed
from .policy_choices import COIN, Choice, choices
from .policy_rows import COSTS, RowOutcomes, both_ways
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import BLUE, dot, foot, panels, room
from .style import intervals as interval_bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True)
class Change:
    """A paired difference on the same rows."""

    diff: Annotated[float, "the policy less the fixed one, in HAcc"]
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
    tokens: Annotated[float | None, "mean tokens generated a sample, those of all calls"]
    prompt_tokens: Annotated[float | None, "mean tokens of its prompts; null where not told"]
    calls: Annotated[float | None, "mean calls of the model; null where not told"]
    over_direct: Annotated[Change, "against answering every row directly"]
    over_think: Annotated[Change, "against thinking about every row"]
    headroom: Annotated[
        float | None,
        "its gain over the better of both, as a share of the oracle's; null where that gains nothing",
    ]
    auc: Annotated[
        float | None,
        "of what ranks rows: how often one where thinking wins stands above one where it does not; 0.5 tells nothing",
    ]
    auc_low: Low
    auc_high: High
    accuracy: Annotated[
        float | None, "share of the rows that it decides as who knows the outcome; null where chance decides"
    ]
    accuracy_low: Low
    accuracy_high: High
    n: Annotated[int, "rows answered both ways"]
    clusters: Clusters


def policies(data: SetData, _: EntryLists) -> Iterator[Policy]:
    """For every arm that was asked both ways; its seeds together."""
    for arm, mode, paired in both_ways(data):
        yield from _judged(data, arm, mode, paired.outcomes, list(choices(data, arm, mode, paired)))


def _judged(
    data: SetData, arm: str, mode: str, outcomes: RowOutcomes, choices: list[Choice]
) -> Iterator[Policy]:
    measured = [Measure("hacc", None, choice.value, outcomes.cluster) for choice in choices]
    sums = resample(measured, data.draws)
    named = {choice.policy: place for place, choice in enumerate(choices)}
    fixed = named["always direct"], named["always think"]
    changes = [_changes(sums, against) for against in fixed]
    reached = estimates(measured, sums)
    best = max(reached[place].value for place in fixed)
    room_left = reached[named["oracle"]].value - best
    truth = (outcomes.thinking_wins, outcomes.cluster, cluster_draws(outcomes.cluster))
    right = _accuracies(data, outcomes, choices)
    for place, (choice, estimate) in enumerate(zip(choices, reached, strict=True)):
        drawn, prompt, calls = _mean_costs(choice)
        yield Policy(
            data.name,
            arm,
            mode,
            choice.policy,
            estimate.value,
            estimate.low,
            estimate.high,
            choice.think_rate,
            drawn,
            prompt,
            calls,
            changes[0][place],
            changes[1][place],
            (estimate.value - best) / room_left if room_left > intervals.TIE else None,
            *(UNKNOWN if choice.ranks is None else auc(choice.ranks, *truth)),
            *right.get(choice.policy, UNKNOWN),
            len(outcomes.rows),
            estimate.clusters,
        )


def _accuracies(data: SetData, outcomes: RowOutcomes, choices: list[Choice]) -> dict[str, Auc]:
    """The share of rows that each policy decides rightly, by policy, with its interval."""
    deciding = {choice.policy: choice.right for choice in choices if choice.right is not None}
    measured = [Measure("accuracy", None, right, outcomes.cluster) for right in deciding.values()]
    reached = estimates(measured, resample(measured, data.draws))
    return {policy: (each.value, each.low, each.high) for policy, each in zip(deciding, reached, strict=True)}


def _mean_costs(choice: Choice) -> list[float | None]:
    """The mean of each cost; None where a row does not tell it."""
    if choice.costs is None:
        return [None] * len(COSTS)
    return [None if np.isnan(mean) else float(mean) for mean in choice.costs.mean(axis=1)]


def _changes(sums: Sums, against: int) -> list[Change]:
    """Of every policy; a fixed one against itself has no uncertainty, one that happens to choose as it does has."""
    places = np.arange(len(sums.num))
    pairs = np.column_stack([places, np.full_like(places, against)])
    gaps = intervals.differences(*sums, pairs, rates=places != against)
    known = (sums.den[against] > 0).sum() > 1
    return [
        Change(float(diff), *((float(low), float(high)) if known else (None, None)))
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
            "of prompts",
            "calls",
            "decides rightly",
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
                share(entry["headroom"]),
                share(entry["think_rate"]),
                *cost_cells(entry),
                rate_of(entry, "accuracy", "accuracy_low", "accuracy_high"),
                rate_of(entry, "auc", "auc_low", "auc_high"),
            ]
        )
    return table


def cost_cells(entry: Entry) -> list[str]:
    """What a way of asking costs, as tables show it."""
    shown = [(entry["tokens"], ".0f"), (entry["prompt_tokens"], ".0f"), (entry["calls"], ".2g")]
    return ["–" if value is None else format(value, form) for value, form in shown]


def policy_dots(data: ReportData) -> Drawing | None:
    """HAcc of every policy, a panel an arm; both fixed policies as lines."""
    entries = select(data.on_set("policies"), mode=data.mode)
    arms = list(dict.fromkeys(entry["arm"] for entry in entries))
    if not arms:
        return None
    names = list(dict.fromkeys(entry["policy"] for entry in entries))
    shown = ["at random, as often" if name.startswith(COIN) else name for name in names]
    figure, all_axes = panels(len(arms), 2, 0.16 * len(names) + 0.1, left=room(shown), gap=0.3)
    for axes, arm in zip(all_axes, arms, strict=True):
        of_arm = select(entries, arm=arm)
        y = [names.index(entry["policy"]) for entry in of_arm]
        axes.plot([entry["value"] for entry in of_arm], y, "o", color=BLUE, markersize=2.6)
        interval_bars(axes, [entry["value"] for entry in of_arm], y, of_arm, upright=False, colour=BLUE)
        for entry in of_arm[:2]:
            axes.axvline(entry["value"], linewidth=0.5, linestyle=":", color="#555555")
        axes.set_title(arm)
        axes.set(xlim=(0, 1.02), ylim=(len(names) - 0.5, -0.5))
        axes.set_yticks(range(len(names)), shown)
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
            "A policy picks for each row one of the ways of asking that were sampled; it generates nothing. The oracle knows "
            "the outcome, so it is a ceiling, and one that counts luck unless it is judged apart. “majority” does what is right for "
            "most rows, where a tie is no reason to think. Classifiers read the "
            "prompt’s words, or the model’s state behind it, and are judged on problems that they have not seen; “new types” by "
            "rows that share no constraint type with the one judged, and “from” another set by rows unlike these. “The model itself” was "
            "asked from the instruction alone whether to think (mode decide). Under each of these stands thinking as often at random.",
            "",
            policy_dots,
        ),
        Table("policies", policies_table, "Every policy", "ways"),
    ],
)
