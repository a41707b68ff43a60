"""All constraints of a row at once, against the product of what each type holds with alone.

Were constraints independent, rows with several would hold all with that product; how far below they are is what
constraints cost one another. Of finished samples: those that never end break all constraints together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ..stats.intervals import Floats, Ints
from ..stats.seeds import crossed
from .analysis import Analysis, EntryLists, Table
from .fields import ArmName, Clusters, Mode, SetName
from .formats import starred
from .results import ReportData, Rows
from .set_data import SetData
from .verdict_data import Verdicts, both_known, summed, verdicts_of


@dataclass(frozen=True)
class Singles:
    """Finished samples of rows with several constraints: how often all hold, and how often by what each type holds with alone."""

    set: SetName
    arm: ArmName
    mode: Mode
    n_constraints: Annotated[int, "constraints of a row"]
    value: Annotated[float, "HAcc of the finished samples of these rows"]
    expected: Annotated[
        float, "mean product of the shares with which their types hold in rows of one constraint"
    ]
    excess: Annotated[float, "`value` less `expected`: below zero where constraints cost one another"]
    low: Annotated[float | None, "lower end of the excess's 95 % interval; null where the samples allow none"]
    high: Annotated[float | None, "upper end of the excess's 95 % interval"]
    n: Annotated[int, "finished samples of rows whose types all stand alone in another row"]
    clusters: Clusters


def singles(data: SetData, _: EntryLists) -> Iterator[Singles]:
    """One line an arm, mode and number of constraints, from two on; none where no type stands alone."""
    for (arm, mode), samples in data.samples.items():
        verdicts = verdicts_of(data, samples)
        if verdicts is None:
            continue
        alone = verdicts.others == 0
        # A type under each training seed is a kind of its own: seeds that differ would look like dependence.
        types = 1 + int(verdicts.kind.max(initial=-1))
        seed = verdicts.cell // data.row_set.clusters
        verdicts = replace(verdicts, kind=verdicts.kind + types * seed)
        kinds = types * len(samples)
        times = np.bincount(verdicts.kind[alone], minlength=kinds)
        held = np.bincount(verdicts.kind[alone], verdicts.holds[alone], kinds)
        rates = np.divide(held, times, out=np.full(kinds, np.nan), where=times > 0)
        for count in range(2, 2 + int(verdicts.others.max(initial=0))):
            if together := _of_count(data, len(samples), verdicts, rates, times, count):
                yield Singles(data.name, arm, mode, count, *together)


def _of_count(
    data: SetData, seeds: int, verdicts: Verdicts, rates: Floats, times: Ints, count: int
) -> tuple[float, float, float, float | None, float | None, int, int] | None:
    """Value, expected, excess with interval, samples and problems; None where no such row's types all stand alone.

    The interval is of the first order: what each sample adds to HAcc, and each single verdict to the product. There is none
    where next to no problem has a verdict that holds, or one that does not.
    """
    chosen = verdicts.others == count - 1
    kind, holds = (each[chosen].reshape(-1, count) for each in (verdicts.kind, verdicts.holds))
    known = ~np.isnan(rates[kind]).any(axis=1)
    if not known.any():
        return None
    kind, held = kind[known], holds[known].all(axis=1).astype(float)
    product = rates[kind].prod(axis=1)
    excess = float(held.mean() - product.mean())
    shape = seeds, data.row_set.clusters
    cell = verdicts.cell[chosen].reshape(-1, count)[known, 0]
    added = summed(cell, (held - product - excess) / len(held), shape)
    slope = np.zeros(len(rates))  # of the mean product, by the rate of each type
    for place in range(count):
        others = np.delete(kind, place, axis=1)
        slope += np.bincount(kind[:, place], rates[others].prod(axis=1), len(rates)) / len(held)
    alone = verdicts.others == 0
    weight = (slope / np.maximum(times, 1))[verdicts.kind]
    moved = ((verdicts.holds - rates[verdicts.kind]) * weight)[alone]
    added = added - summed(verdicts.cell[alone], moved, shape)
    cells = np.concatenate([cell, verdicts.cell[alone]])
    counted = np.unique(cells % data.row_set.clusters)
    among = alone | chosen
    enough = both_known(verdicts.holds[among], verdicts.cell[among] % data.row_set.clusters)
    low, high = crossed(added, counted).interval(excess) if enough else (None, None)
    return float(held.mean()), float(product.mean()), excess, low, high, len(held), len(counted)


def singles_table(data: ReportData) -> Rows:
    """One line an arm, mode and number of constraints."""
    table = [["arm", "mode", "constraints", "HAcc", "product of singles", "excess", "samples"]]
    for entry in data.on_set("singles"):
        shown = [
            f"{entry['value']:.3f}",
            f"{entry['expected']:.3f}",
            starred(entry | {"diff": entry["excess"]}),
        ]
        head = [entry["arm"], entry["mode"], str(entry["n_constraints"])]
        table.append([*head, *shown, str(entry["n"])])
    return table


ANALYSIS = Analysis(
    name="singles",
    entry=Singles,
    compute=singles,
    parts=[
        Table(
            "singles",
            singles_table,
            "All constraints of a row, against the product of what each holds with alone",
            "text",
            "Of finished samples. What a type holds with alone is taken from the rows of one constraint. Below zero, constraints "
            "cost one another.",
        )
    ],
)
