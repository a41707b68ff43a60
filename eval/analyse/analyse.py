"""From run folders to `results.json`: every analysis of the registry on every set of every run.

Every arm and mode of a set is resampled with the same draws of problems, so contrasts are paired. An arm's seeds
are taken together but in the figures, which have them alone as well. The intervals cover the choice of problems and
samples; those of figures, contrasts, states, joint outcomes, best of k, factors, load and singles that are of several
seeds cover these too.
"""

import importlib.metadata
from collections.abc import Iterator, Sequence
from typing import Any

from ... import __version__
from ..score.measure import Entry
from .analysis import EntryLists
from .caveats import caveats, seed_caveats
from .fields import as_json
from .registry import ANALYSES, LISTS
from .results import SCHEMA
from .roles import UNSAID
from .run_folder import RunFolder
from .set_data import SetData

VERSIONS = ("torch", "transformers", "trl", "accelerate", "datasets", "math-verify", "numpy")
# The fields that name an arm, or arms taken together.
NAMING = ("arm", "against", "family", "crossed", "arms")


def analyse(runs: Sequence[RunFolder]) -> Entry:
    """The content of results.json; with several runs, arms are named `run/arm`."""
    results: Entry = {
        "schema": SCHEMA,
        "recipe": " + ".join(run.name for run in runs),
        "preset": " + ".join(dict.fromkeys(run.preset for run in runs)),
        "versions": {"reins": __version__, **{name: importlib.metadata.version(name) for name in VERSIONS}},
        **{name: [] for name in LISTS},
        "notes": [],
    }
    for run in runs:
        prefix = f"{run.name}/" if len(runs) > 1 else ""
        lists, notes = _run_entries(run)
        for name, entries in lists.items():
            results[name] += [_named(as_json(entry), prefix) for entry in entries]
        results["notes"] += [f"{prefix}{note}" for note in notes]
    # Runs that are evaluated on the same set have the same floors.
    floors = results["floors"]
    results["floors"] = [entry for i, entry in enumerate(floors) if entry not in floors[:i]]
    return results


def _named(entry: Entry, prefix: str) -> Entry:
    named = (key for key in NAMING if prefix and isinstance(entry.get(key), str))
    return entry | {key: prefix + entry[key] for key in named}


def _run_entries(run: RunFolder) -> tuple[EntryLists, list[str]]:
    """The entries of each list, and the caveats."""
    lists: EntryLists = {name: [] for name in LISTS}
    lists["arms"] = list(run.arms)
    notes = list(_recipe_caveats(run))
    for name in run.evaluate:
        if not run.samples(name):
            notes.append(f"{name}: not evaluated yet")
            continue
        if unanswered := run.unanswered(name):
            notes.append(f"{name}: not evaluated yet: {', '.join(unanswered)}")
        set_lists = _set_entries(data := SetData(run, name))
        notes += caveats(data, set_lists["bins"], set_lists["attention_auc"], set_lists["load"])
        for kind, entries in set_lists.items():
            lists[kind] += entries
    return lists, notes


def _recipe_caveats(run: RunFolder) -> Iterator[str]:
    if run.unscored:
        yield f"not evaluated yet: {', '.join(run.unscored)}"
    yield from seed_caveats(run)
    if run.roles.unsaid:
        yield UNSAID


def _set_entries(data: SetData) -> dict[str, list[Any]]:
    lists: EntryLists = {}
    for analysis in ANALYSES:
        if analysis.compute:
            lists[analysis.name] = list(analysis.compute(data, lists))
    return lists
