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
        if not known.any():
            continue
        hacc, correct, clusters, seed = (values[known] for values in (hacc, correct, clusters, seed))
        both, kept, right = (float(values.mean()) for values in (hacc * correct, hacc, correct))
        expected, low, high = _independent(data, hacc, correct, clusters, seed)
        yield JointOutcome(
            set=data.name,
            arm=arm,
            mode=mode,
            both=both,
            hacc_only=kept - both,
            correct_only=right - both,
            neither=1 - kept - right + both,
            expected_both=expected,
            excess=both - expected,
            low=low,
            high=high,
            n=len(hacc),
            clusters=len(np.unique(clusters)),
        )


def _independent(
    data: SetData, hacc: Floats, correct: Floats, clusters: Ints, seed: Ints
) -> tuple[float, float | None, float | None]:
    """What `both` were, were the two independent, and the interval of the excess over it; of samples (n,).

    Independent under each training seed: seeds that differ in both would look like dependence. With several seeds the
    interval is of the first order, and of seeds too.
    """
    kept, right = (_seed_means(of, seed)[seed] for of in (hacc, correct))
    expected = float((kept * right).mean())
    if seed[0] == seed[-1]:
        outcomes = {"both": hacc * correct, "hacc": hacc, "correct": correct}
        measured = [Measure(name, None, values, clusters) for name, values in outcomes.items()]
        drawn = resample(measured, data.draws).resampled
        # The excess is taken in every resample, for the three means move together.
        return expected, *spread(drawn[0] - drawn[1] * drawn[2])
    counted = np.unique(clusters)
    if len(counted) < 2:
        return expected, None, None
    excess = float((hacc * correct).mean()) - expected
    moved = ((hacc - kept) * (correct - right) - excess) / len(hacc)
    shape = 1 + int(seed.max()), data.row_set.clusters
    of_each = summed(clusters + seed * data.row_set.clusters, moved, shape)
    low, high = crossed(of_each, counted).interval(excess)
    return (expected, low, high) if high > low else (expected, None, None)


def _seed_means(values: Floats, seed: Ints) -> Floats:
    return np.asarray(np.bincount(seed, values) / np.maximum(np.bincount(seed), 1))


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
