"""From run folders to `results.json`: every analysis of the registry on every set of every run.

Every arm and mode of a set is resampled with the same draws of problems, so contrasts are paired. An arm's seeds
are taken together but in the figures, which have them alone as well; the intervals cover the choice of problems
and samples, not of training seeds.
"""

import importlib.metadata
from collections.abc import Iterator, Sequence
from typing import Any

from ..score.measure import Entry
from .analysis import Found
from .caveats import caveats
from .fields import as_json
from .registry import ANALYSES, LISTS
from .results import SCHEMA
from .roles import UNSAID
from .run_folder import RunFolder
from .set_data import SetData

VERSIONS = ("reins", "torch", "transformers", "trl", "accelerate", "datasets", "math-verify", "numpy")
NAMING = ("arm", "against", "family")  # the fields that name an arm


def analyse(runs: Sequence[RunFolder]) -> Entry:
    """The content of results.json; with several runs, arms are named `run/arm`."""
    results: Entry = {
        "schema": SCHEMA,
        "recipe": " + ".join(run.name for run in runs),
        "preset": " + ".join(dict.fromkeys(run.preset for run in runs)),
        "versions": {name: importlib.metadata.version(name) for name in VERSIONS},
        **{name: [] for name in LISTS},
        "notes": [],
    }
    for run in runs:
        prefix = f"{run.name}/" if len(runs) > 1 else ""
        found, notes = _of_run(run)
        for name, entries in found.items():
            results[name] += [_named(as_json(entry), prefix) for entry in entries]
        results["notes"] += [f"{prefix}{note}" for note in notes]
    floors = results["floors"]
    results["floors"] = [entry for i, entry in enumerate(floors) if entry not in floors[:i]]
    return results


def _named(entry: Entry, prefix: str) -> Entry:
    return entry | {key: prefix + entry[key] for key in NAMING if prefix and key in entry}


def _of_run(run: RunFolder) -> tuple[Found, list[str]]:
    """The entries of each list, and the caveats."""
    found: Found = {name: [] for name in LISTS}
    found["arms"] = list(run.arms)
    notes = list(_of_recipe(run))
    for name in run.evaluate:
        if not run.samples(name):
            notes.append(f"{name}: not evaluated yet")
            continue
        of_set = _of_set(data := SetData(run, name))
        notes += caveats(data, of_set["bins"])
        for kind, entries in of_set.items():
            found[kind] += entries
    return found, notes


def _of_recipe(run: RunFolder) -> Iterator[str]:
    if run.unscored:
        yield f"not evaluated yet: {', '.join(run.unscored)}"
    if run.roles.unsaid:
        yield UNSAID


def _of_set(data: SetData) -> dict[str, list[Any]]:
    found: Found = {}
    for one in ANALYSES:
        if one.compute:
            found[one.name] = list(one.compute(data, found))
    return found
