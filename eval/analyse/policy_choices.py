"""Who should think? What each policy chooses, row by row, among samples that exist.

A policy says with what chance a row is answered after thinking; nothing is generated. The policies are those of "When
Thinking Fails" (arXiv 2505.11423, section 4) and what its comparison lacks: a random one of the same rate, the majority of
the labels, and an oracle that is not judged on the samples that it chose by.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..stats.intervals import Floats
from .policy_classifier import classified
from .policy_rows import Means, Pairing, RowOutcomes, decisions_of, of_other_sets
from .set_data import SetData

OTHERS = ("few_shot", "few_shot_plain", "few_shot_direct", "reflect", "again", "reflect_other")
SELF = "the model itself"
FINE_TUNED = "classifier, fine-tuned"
COIN = "random, as often as "  # before the policy that it follows
THRESHOLD = 0.5


@dataclass(frozen=True)
class Choice:
    """A policy's HAcc (n,) and costs (3, n) on each row, and how often it thinks.

    `right` (n,) is 1 for a row that it decides rightly, None where it decides none; `ranks` (n,) is what it ranks rows by, NaN
    of those that it knows nothing of.
    """

    policy: str
    value: Floats
    costs: Floats | None = None
    think_rate: float | None = None
    right: Floats | None = None
    ranks: Floats | None = None


def choices(data: SetData, arm: str, mode: str, paired: Pairing) -> Iterator[Choice]:
    """Every policy over the rows that an arm answered both ways, in `mode` and directly."""
    outcomes = paired.outcomes
    for name, chance in fixed_choices(outcomes):
        yield _choice(outcomes, name, chance)
    if (apart := judged_apart(outcomes)) is not None:
        yield Choice("oracle, judged apart", apart)
    if (flow := flow_choices(outcomes)) is not None:
        yield _choice(outcomes, "number of constraints", flow)
    for name, told in classified(outcomes, of_other_sets(data, arm, mode)):
        yield _by_chance(outcomes, name, told.wins, told.excess)
        yield _coin(outcomes, f"the {name}", told.wins)
    yield from _other_ways(data, arm, paired)
    yield from _decided(data, arm, paired)


def _other_ways(data: SetData, arm: str, paired: Pairing) -> Iterator[Choice]:
    """Every row asked in one of the other modes that were sampled: few-shot, reflection and their controls."""
    for mode in data.modes:
        samples = data.samples.get((arm, mode))
        if samples and mode.replace("-", " ").split(" ")[0] in OTHERS:
            means = Means.of(samples, len(data.row_set.rows)).at(paired.rows)
            if not np.isnan(means.hacc).any():
                yield Choice(f"always {mode}", means.hacc, means.costs)


def _decided(data: SetData, arm: str, paired: Pairing) -> Iterator[Choice]:
    """The model's own decision, and that of each model trained to decide for it, with what it costs to ask; each beside a coin."""
    trained = data.roles.classifiers(arm)
    names = {name: f"{FINE_TUNED} ({name})" if len(trained) > 1 else FINE_TUNED for name in trained}
    for decider, policy in {arm: SELF, **names}.items():
        if decisions := decisions_of(data, decider, paired.rows):
            yield _by_chance(paired.outcomes, policy, decisions.p_yes, decisions.p_yes, decisions.costs)
            yield _coin(paired.outcomes, policy if decider == arm else f"the {policy}", decisions.p_yes)


def _choice(
    outcomes: RowOutcomes,
    name: str,
    chance: Floats,
    ranks: Floats | None = None,
    asked: Floats | float = 0.0,
) -> Choice:
    """Thinks about each row with this chance; `asked`: what it costs to ask for it."""
    sure = bool(np.isin(chance, (0.0, 1.0)).all())
    right = (chance == outcomes.thinking_wins).astype(float) if sure else None
    costs = outcomes.costs(chance) + asked
    return Choice(name, outcomes.value(chance), costs, float(chance.mean()), right, ranks)


def _by_chance(
    outcomes: RowOutcomes, name: str, wins: Floats, ranks: Floats, asked: Floats | float = 0.0
) -> Choice:
    """Thinks about the rows where thinking wins with more than the threshold's chance; not where none is known (NaN)."""
    return _choice(outcomes, name, (wins > THRESHOLD).astype(float), ranks, asked)


def _coin(outcomes: RowOutcomes, other: str, wins: Floats) -> Choice:
    """Thinks as often, about whichever rows."""
    return replace(_choice(outcomes, COIN + other, np.full(len(wins), np.mean(wins > THRESHOLD))), right=None)


def fixed_choices(outcomes: RowOutcomes) -> Iterator[tuple[str, Floats]]:
    """The policies that need no fitting, and the oracle, which sees the outcome."""
    count = len(outcomes.rows)
    yield "always direct", np.zeros(count)
    yield "always think", np.ones(count)
    yield "majority", np.full(count, float(np.mean(outcomes.thinking_wins) > 0.5))
    yield "oracle", outcomes.thinking_wins.astype(float)


def judged_apart(outcomes: RowOutcomes) -> Floats | None:
    """HAcc (n,) of an oracle that chooses by one half of a row's samples and is judged by the other, both ways.

    An oracle that is judged by what it chose by counts the luck of single samples as insight. None where a row has one sample.
    """
    think, direct = outcomes.think.halves, outcomes.direct.halves
    if np.isnan(think).any() or np.isnan(direct).any():
        return None
    values = [np.where(think[by] > direct[by], think[1 - by], direct[1 - by]) for by in (0, 1)]
    return np.asarray(np.mean(values, axis=0))


def flow_choices(outcomes: RowOutcomes) -> Floats | None:
    """The decision flow: think where the number of constraints is on one side of a threshold.

    Side and threshold are those that serve one half of the problems best; the other half is decided by them, both ways.
    None where all problems are in one half.
    """
    # By their names, since rows may stand in any order.
    side = np.array([zlib.crc32(row.problem_id.encode()) % 2 for row in outcomes.rows])
    if len(np.unique(side)) < 2:
        return None
    complexity = np.array([len(row.constraints) for row in outcomes.rows])
    chance = np.zeros(len(complexity))
    for half in (0, 1):
        fitted = side != half
        rules = [
            complexity >= level if more else complexity < level
            for level in range(int(complexity.max()) + 2)
            for more in (True, False)
        ]
        # The first of the best: thinking never comes first, so that a tie does not think.
        best = max(rules[1:], key=lambda rule: outcomes.value(rule.astype(float))[fitted].mean())
        chance[~fitted] = best[~fitted]
    return chance
