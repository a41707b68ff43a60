"""From a run folder to `results.json`: figures, contrasts between arms, length bins, floors.

Every arm of a set is resampled with the same draws of problems, so contrasts are paired. An arm's seeds are
pooled in contrasts and bins; the intervals cover the choice of problems and samples, not of training seeds.
"""

import importlib.metadata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from . import stats
from .bins import length_bins
from .floors import floors
from .measure import Cell, Group, Measure, Sums, estimates, measures, resample
from .results import SCHEMA, Entry, figure, group_entry
from .study import BASE, Study

VERSIONS = ("reins", "torch", "transformers", "trl", "accelerate", "datasets", "math-verify", "numpy")

CONTROLS = {"sft": ("sft_direct", "sft_self", "sft_own_answer"), "rl": ("rl_random",)}
UNMIXED = {"sft_if": "sft", "rl_if": "rl", "sft_rl_if": "sft_rl", "sft_if_add": "sft"}

PLAIN = {"hacc": "blind_hacc", "sacc": "blind_sacc", "correct": "correct_plain", "verdict": "blind_verdict"}
OVER = {  # a figure over what the same model reaches when asked without the constraints
    "hacc_over_blind": ("hacc", "blind_hacc"),
    "sacc_over_blind": ("sacc", "blind_sacc"),
    "verdict_over_blind": ("verdict", "blind_verdict"),
    "correct_over_plain": ("correct", "correct_plain"),
}
CONTRASTED = ("hacc", "sacc", "correct", "correct_plain", "joint", "hacc_finished", "verdict")


class Column(NamedTuple):
    """One measure of one arm; seed and checkpoint are None where several seeds are pooled."""

    arm: str
    seed: int | None
    checkpoint: str | None
    measure: Measure

    @property
    def key(self) -> tuple[str, str, Group | None]:
        return self.arm, self.measure.metric, self.measure.group


def pairs(arms: Sequence[str]) -> list[tuple[str, str]]:
    """(arm, against): every arm and the base, an arm and its controls, mixed and unmixed; only those there."""
    wanted = [
        *((arm, BASE) for arm in arms if arm != BASE),
        *((arm, control) for arm, controls in CONTROLS.items() for control in controls),
        *UNMIXED.items(),
    ]
    return [(arm, against) for arm, against in wanted if {arm, against} <= set(arms)]


def analyse(studies: Sequence[Study]) -> Entry:
    """The content of results.json; with several runs, arms are named `run/arm`."""
    results: Entry = {
        "schema": SCHEMA,
        "recipe": " + ".join(study.name for study in studies),
        "preset": " + ".join(dict.fromkeys(study.preset for study in studies)),
        "versions": {name: importlib.metadata.version(name) for name in VERSIONS},
        **{kind: [] for kind in ("arms", "figures", "contrasts", "bins", "floors")},
    }
    for study in studies:
        prefix = f"{study.name}/" if len(studies) > 1 else ""
        for kind, entries in _one_study(study).items():
            for entry in entries:
                entry |= {key: prefix + entry[key] for key in ("arm", "against") if key in entry}
            results[kind] += entries
    results["floors"] = [
        entry for i, entry in enumerate(results["floors"]) if entry not in results["floors"][:i]
    ]
    return results


def _one_study(study: Study) -> dict[str, list[Entry]]:
    figures, contrasts, bins, grounds = [], [], [], []
    for name, how in study.evaluate.items():
        row_set = study.row_sets[name]
        draws = stats.draw_clusters(row_set.clusters)
        grounds += [{"set": name} | floor for floor in floors(row_set.rows, preset=study.preset)]
        for mode in how["modes"]:
            where = {"set": name, "mode": mode}
            columns = _columns(study, name, mode)
            if columns:
                sums = resample([column.measure for column in columns], draws)
                figures += [where | entry for entry in _figures(columns, sums)]
                contrasts += [where | entry for entry in _contrasts(columns, sums)]
                bins += [where | entry for entry in _bins(study, name, mode)]
    return {
        "arms": [arm.entry() for arm in study.arms],
        "figures": figures,
        "contrasts": contrasts,
        "bins": bins,
        "floors": grounds,
    }


def _columns(study: Study, name: str, mode: str) -> list[Column]:
    """Every measure of every arm and seed, then of the seeds of an arm together where there are several."""
    columns = [
        Column(arm.name, arm.seed, arm.checkpoint, measure)
        for arm in study.arms
        for measure in _measured(study, arm.checkpoint, name, mode)
    ]
    by_key: dict[tuple[str, str, Group | None], list[Measure]] = {}
    for column in columns:
        by_key.setdefault(column.key, []).append(column.measure)
    pooled = [
        Column(key[0], None, None, _together(several)) for key, several in by_key.items() if len(several) > 1
    ]
    return columns + pooled


def _measured(study: Study, checkpoint: str, name: str, mode: str) -> Iterator[Measure]:
    row_set = study.row_sets[name]
    cell = study.cell(checkpoint, name, mode)
    plain = study.cell(checkpoint, name, mode, plain=True)
    yield from measures(row_set, cell) if cell else ()
    for measure in measures(row_set, plain) if plain else ():
        if measure.metric in PLAIN:
            yield measure._replace(metric=PLAIN[measure.metric])


def _together(several: Sequence[Measure]) -> Measure:
    return several[0]._replace(
        values=np.concatenate([measure.values for measure in several]),
        clusters=np.concatenate([measure.clusters for measure in several]),
    )


def _figures(columns: Sequence[Column], sums: Sums) -> list[Entry]:
    found = estimates([column.measure for column in columns], sums)
    entries = [
        figure(column.measure, one)
        | {"arm": column.arm, "seed": column.seed, "checkpoint": column.checkpoint}
        for column, one in zip(columns, found, strict=True)
    ]
    index = {(column.seed, column.checkpoint, *column.key): i for i, column in enumerate(columns)}
    over = [
        (index[key], index[(*key[:3], under, key[4])], metric)
        for key in index
        for metric, (top, under) in OVER.items()
        if key[3] == top and (*key[:3], under, key[4]) in index
    ]
    for (i, _, metric), gap in zip(over, _differences(columns, sums, over), strict=True):
        entries.append(
            {key: entries[i][key] for key in ("arm", "seed", "checkpoint", "group")}
            | {"metric": metric, "value": gap["diff"]}
            | {key: gap[key] for key in ("low", "high", "n", "clusters")}
        )
    return entries


def _contrasts(columns: Sequence[Column], sums: Sums) -> list[Entry]:
    """Between arms with their seeds pooled: the last column of a key is the pooled one."""
    index = {column.key: i for i, column in enumerate(columns)}
    wanted = [
        (index[arm, metric, group], index[against, metric, group], against)
        for arm, against in pairs(list(dict.fromkeys(column.arm for column in columns)))
        for (owner, metric, group) in index
        if owner == arm and metric in CONTRASTED and (against, metric, group) in index
    ]
    return [
        gap
        | {
            "arm": columns[i].arm,
            "against": against,
            "metric": columns[i].measure.metric,
            "group": group_entry(columns[i].measure.group),
        }
        for (i, _, against), gap in zip(wanted, _differences(columns, sums, wanted), strict=True)
    ]


def _differences(
    columns: Sequence[Column], sums: Sums, wanted: Sequence[tuple[int, int, str]]
) -> list[Entry]:
    """`{diff, low, high, p, mdd, n, clusters}` of pairs of columns; n counts samples on the smaller side."""
    if not wanted:
        return []
    index = np.array([(a, b) for a, b, _ in wanted])
    rates = np.array([columns[a].measure.is_rate for a, _, _ in wanted])
    found = stats.differences(sums.num, sums.den, sums.resampled, index, rates=rates)
    clusters = ((sums.den[index[:, 0]] > 0) & (sums.den[index[:, 1]] > 0)).sum(axis=1)
    sizes = sums.den[index].sum(axis=2).min(axis=1)
    gaps = [dict(zip(found._fields, map(float, one), strict=True)) for one in zip(*found, strict=True)]
    return [
        (gap if count > 1 else {"diff": gap["diff"], "low": None, "high": None, "p": None, "mdd": None})
        | {"n": int(size), "clusters": int(count)}
        for gap, size, count in zip(gaps, sizes, clusters, strict=True)
    ]


def _bins(study: Study, name: str, mode: str) -> list[Entry]:
    cells: dict[str, list[Cell]] = {}
    for arm in study.arms:
        cell = study.cell(arm.checkpoint, name, mode)
        if cell:
            cells.setdefault(arm.name, []).append(cell)
    return [
        {"arm": arm} | entry
        for arm, own in cells.items()
        for entry in length_bins(study.row_sets[name], own, study.evaluate[name]["bins"])
    ]
