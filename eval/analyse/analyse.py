"""From a run folder to `results.json`, whose lists are each made by a file of their own.

Every arm and mode of a set is resampled with the same draws of problems, so contrasts are paired. An arm's seeds
are taken together but in the figures, which have them alone as well; the intervals cover the choice of problems
and samples, not of training seeds.
"""

import importlib.metadata
from collections.abc import Sequence

from ..score.floors import best_by_group, floors, reply_figures
from ..score.measure import Entry, resample
from ..stats import intervals
from ..stats.intervals import Floats
from .caveats import notes
from .contrasts import between_arms, between_modes, flipped
from .decomposition import parts
from .figures import CONTRASTED, Column, columns, figures
from .joint import joint
from .learning_curve import along
from .length import lengths
from .length_bins import length_bins
from .results import SCHEMA
from .roles import UNSAID
from .run_folder import Study

VERSIONS = ("reins", "torch", "transformers", "trl", "accelerate", "datasets", "math-verify", "numpy")
LISTS = ("arms", "figures", "joint", "contrasts", "flips", "bins", "length", "attribution", "along", "floors")


def analyse(studies: Sequence[Study]) -> Entry:
    """The content of results.json; with several runs, arms are named `run/arm`."""
    results: Entry = {
        "schema": SCHEMA,
        "recipe": " + ".join(study.name for study in studies),
        "preset": " + ".join(dict.fromkeys(study.preset for study in studies)),
        "versions": {name: importlib.metadata.version(name) for name in VERSIONS},
        **{kind: [] for kind in LISTS},
        "notes": [],
    }
    for study in studies:
        prefix = f"{study.name}/" if len(studies) > 1 else ""
        found = _one_study(study)
        results["notes"] += [f"{prefix}{note}" for note in found.pop("notes")]
        for kind, entries in found.items():
            for entry in entries:
                entry |= {key: prefix + entry[key] for key in ("arm", "against", "family") if key in entry}
            results[kind] += entries
    results["floors"] = [
        entry for i, entry in enumerate(results["floors"]) if entry not in results["floors"][:i]
    ]
    return results


def _one_study(study: Study) -> Entry:
    found: Entry = {kind: [] for kind in (*LISTS, "notes")}
    found["arms"] = [arm.entry() for arm in study.arms]
    if study.unscored:
        found["notes"].append(f"not evaluated yet: {', '.join(study.unscored)}")
    if study.roles.unsaid:
        found["notes"].append(UNSAID)
    for name in study.evaluate:
        for kind, entries in _one_set(study, name).items():
            found[kind] += entries if kind == "notes" else [{"set": name} | entry for entry in entries]
    return found


def _one_set(study: Study, name: str) -> Entry:
    row_set, how, cells = study.row_sets[name], study.evaluate[name], study.cells(name)
    if not cells:
        return {"notes": [f"{name}: not evaluated yet"]}
    draws = intervals.draw_clusters(row_set.clusters)
    replies = reply_figures(row_set, preset=study.preset)
    modes = {mode: columns(study, name, mode) for mode in dict.fromkeys(mode for _, mode in cells)}
    found: Entry = {"floors": floors(replies), "figures": [], "contrasts": []}
    for mode, own in modes.items():
        sums = resample([column.measure for column in own], draws)
        found["figures"] += [{"mode": mode} | one for one in figures(own, sums, best_by_group(replies))]
        found["contrasts"] += between_arms(own, sums, study.roles)
    found["contrasts"] += _between_modes(study, modes, draws)
    found["flips"] = flipped(row_set, cells, study.roles)
    found["joint"] = [
        {"arm": arm, "mode": mode} | one
        for (arm, mode), own in cells.items()
        if (one := joint(row_set, own, draws))
    ]
    found["bins"] = [
        {"arm": arm, "mode": mode} | one
        for (arm, mode), own in cells.items()
        for one in length_bins(row_set, own, how["bins"])
    ]
    found["length"] = list(lengths(row_set, cells))
    found["attribution"] = list(parts(row_set, cells, found["contrasts"], study.roles))
    found["along"] = along(study, name, draws)
    found["notes"] = notes(name, row_set, cells, found["bins"], how["bins"])
    return found


def _between_modes(study: Study, modes: dict[str, list[Column]], draws: Floats) -> list[Entry]:
    """Arm by arm, so that no more than one arm's resamples are held at once."""
    reference, *others = modes
    entries = []
    for arm in dict.fromkeys(column.arm for own in modes.values() for column in own) if others else ():
        own = [
            column
            for columns_of_mode in modes.values()
            for column in columns_of_mode
            if column.arm == arm and column.measure.metric in CONTRASTED
        ]
        entries += between_modes(
            own, resample([column.measure for column in own], draws), reference, study.roles
        )
    return entries
