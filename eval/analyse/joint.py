"""Whether keeping the constraints and getting the answer right go together: joint outcomes against independence.

MathIF's Figure 4 shows the four shares as evidence that they compete; under independence the first would be nearly
what it found. The excess over independence says which way it is, and by how much; samples that never end miss both,
and so add to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..score.estimates import resample, spread
from ..score.measure import Measure
from ..stats.intervals import Floats, Ints
from ..stats.seeds import crossed
from .analysis import Analysis, EntryLists, Figure, Table
from .fields import ArmName, Clusters, Mode, Samples, SetName
from .formats import starred
from .results import ReportData, Rows
from .set_data import SetData
from .style import BLUE, GREEN, ORANGE, arm_axis, foot, line, panels, patch, room, stack
from .verdict_data import summed

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SHARES = {
    "both": ("constraints and answer", GREEN),
    "hacc_only": ("constraints only", BLUE),
    "correct_only": ("answer only", ORANGE),
    "neither": ("neither", "#dcdcdc"),
}


@dataclass(frozen=True)
class JointOutcome:
    """Shares of an arm's samples that both constraints and answer are known of, its seeds together."""

    set: SetName
    arm: ArmName
    mode: Mode
    both: Annotated[float, "all constraints hold and the answer is right"]
    hacc_only: Annotated[float, "all constraints hold, the answer is wrong"]
    correct_only: Annotated[float, "the answer is right, a constraint is broken"]
    neither: Annotated[float, "a constraint is broken and the answer is wrong"]
    expected_both: Annotated[float, "`both`, were the two independent under each training seed"]
    excess: Annotated[float, "`both` less `expected_both`"]
    low: Annotated[float | None, "lower end of the excess's 95 % interval; null where the samples allow none"]
    high: Annotated[
        float | None, "upper end of the excess's 95 % interval; null where the samples allow none"
    ]
    n: Samples
    clusters: Clusters


def joint(data: SetData, _: EntryLists) -> Iterator[JointOutcome]:
    """One entry an arm and mode, none where no sample has both."""
    for (arm, mode), samples in data.samples.items():
        hacc, correct = (
            np.concatenate([scored.numbers[metric] for scored in samples]) for metric in ("hacc", "correct")
        )
        clusters = np.concatenate([data.row_set.cluster[scored.row] for scored in samples])
        seed = np.repeat(np.arange(len(samples)), [len(scored.row) for scored in samples])
        known = ~(np.isnan(hacc) | np.isnan(correct))
        if known.any():
            yield JointOutcome(
                data.name,
                arm,
                mode,
                *_outcome(data, hacc[known], correct[known], clusters[known], seed[known]),
            )


def _outcome(
    data: SetData, hacc: Floats, correct: Floats, clusters: Ints, seed: Ints
) -> tuple[float, float, float, float, float, float, float | None, float | None, int, int]:
    """The shares, the excess with its interval, samples and clusters, of samples (n,) that both are known of.

    Independence is within a training seed: seeds that differ in both would look like dependence. With several seeds the
    interval is of the first order, and of seeds too.
    """
    both, kept, right = (float(values.mean()) for values in (hacc * correct, hacc, correct))
    its_kept, its_right = (_seed_means(of, seed)[seed] for of in (hacc, correct))
    expected = float((its_kept * its_right).mean())
    excess = both - expected
    if seed[0] == seed[-1]:
        outcomes = {"both": hacc * correct, "hacc": hacc, "correct": correct}
        measured = [Measure(name, None, values, clusters) for name, values in outcomes.items()]
        drawn = resample(measured, data.draws).resampled
        # The excess is taken in every resample, for the three means move together.
        low, high = spread(drawn[0] - drawn[1] * drawn[2])
    else:
        moved = (hacc - its_kept) * (correct - its_right) - excess
        shape = 1 + int(seed.max()), data.row_set.clusters
        of_each = summed(clusters + seed * data.row_set.clusters, moved / len(moved), shape)
        low, high = _ends(of_each, np.unique(clusters), excess)
    shares = both, kept - both, right - both, 1 - kept - right + both
    return *shares, expected, excess, low, high, len(hacc), len(np.unique(clusters))


def _seed_means(values: Floats, seed: Ints) -> Floats:
    return np.asarray(np.bincount(seed, values) / np.maximum(np.bincount(seed), 1))


def _ends(of_each: Floats, counted: Ints, excess: float) -> tuple[float, float] | tuple[None, None]:
    """None where one cluster is all, or all are alike."""
    if len(counted) < 2:
        return None, None
    low, high = crossed(of_each, counted).interval(excess)
    return (low, high) if high > low else (None, None)


def joint_table(data: ReportData) -> Rows:
    """Constraints and answer together, against what independence would give."""
    table = [
        ["arm", "both", "constraints only", "answer only", "neither", "both if independent", "excess", "n"]
    ]
    for entry in data.entries("joint"):
        shares = (entry[key] for key in (*SHARES, "expected_both"))
        excess = starred(entry | {"diff": entry["excess"]})
        table.append([entry["arm"], *(f"{share:.3f}" for share in shares), excess, str(entry["n"])])
    return table


def joint_bars(data: ReportData) -> Drawing | None:
    """Samples by both outcomes, and where `both` would end if constraints and answers were independent."""
    entries = data.entries("joint")
    if not entries:
        return None
    arms = [entry["arm"] for entry in entries]
    figure, (axes,) = panels(1, 1, max(0.2 * len(arms), 0.5), left=room(arms), foot=0.68)
    stack(axes, entries, SHARES, "{:.2f}".format)
    for y, entry in enumerate(entries):
        axes.plot([entry["expected_both"]] * 2, [y - 0.4, y + 0.4], color="black", linewidth=1.2)
    arm_axis(axes, arms)
    axes.set_title("constraints and answer")
    shares = [patch(text, color=colour) for text, colour in SHARES.values()]
    independent = line("both, were they independent", color="black", linewidth=1.2)
    foot(figure, "share of samples", [*shares, independent], 3)
    return figure


ANALYSIS = Analysis(
    name="joint",
    entry=JointOutcome,
    compute=joint,
    heading="Constraints and answer together",
    contents="joint outcomes",
    parts=[
        Figure(
            "joint",
            "Constraints and answer together.",
            "The black line is where “both” would end if keeping the constraints and getting the answer right were "
            "independent.",
            "the set has no constraints or no answers",
            joint_bars,
        ),
        Table("joint", joint_table, "Joint outcomes"),
    ],
)
