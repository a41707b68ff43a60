"""The tables of a report on length and training: bins, length four ways, attribution, every checkpoint."""

from ..analyse.results import select
from ..score.measure import Entry
from .summary import Place, at, part_label
from .tables import Table, rate, starred

METRICS = ("hacc", "sacc", "correct")
METHODS = {
    "pearson": "Pearson",
    "spearman": "Spearman",
    "pooled": "pooled",
    "within_source": "within source",
    "within_prompt": "within prompt",
    "conditional_logistic": "conditional logistic",
    "intervention": "intervention",
    "intervention_finished": "intervention, finished only",
}


def bins_table(results: Entry, place: Place) -> Table:
    """One line a bin: where from, reasoning tokens from and to, n, and the three rates."""
    lines: dict[tuple[str, str, str, str], dict[str, Entry]] = {}
    for one in at(results, place)["bins"]:
        span = "" if one["from"] is None else f"{one['from']}–{one['to']}"
        key = (one["arm"], one["kind"].replace("_", " "), one["source"] or "all", span)
        lines.setdefault(key, {})[one["metric"]] = one
    return [["arm", "bin", "source", "reasoning tokens", "n", "HAcc", "SAcc", "correct"]] + [
        [*line, str(next(iter(own.values()))["n"]), *(rate(own.get(metric)) for metric in METRICS)]
        for line, own in lines.items()
    ]


def lengths_table(results: Entry, place: Place, metric: str) -> Table:
    """Length against a verdict: one line a way to ask, with what it holds fixed; one column an arm."""
    found = select(at(results, place)["length"], metric=metric)
    arms = list(dict.fromkeys(one["arm"] for one in found))
    ways = sorted(
        dict.fromkeys((one["method"], one["mode"]) for one in found),
        key=lambda way: list(METHODS).index(way[0]),
    )
    table = [["way to ask", "holds fixed", "unit", *arms]]
    for method, mode in ways:
        own = {one["arm"]: one for one in select(found, method=method, mode=mode)}
        about = next(iter(own.values()))
        name = METHODS[method] + (f": {mode}" if method.startswith("intervention") else "")
        table.append([name, about["controls"], about["unit"], *(starred(own.get(arm)) for arm in arms)])
    return table


def attribution_table(results: Entry, place: Place) -> Table:
    """What each arm's change is made of: against its controls, and what it goes with."""
    table = [["arm", "metric", "part", "how known", "change", "n"]]
    return table + [
        [one["arm"], one["metric"], part_label(one["part"]), one["kind"], starred(one), str(one["n"])]
        for one in at(results, place)["attribution"]
    ]


def along_table(results: Entry, place: Place) -> Table:
    """One line a checkpoint: its step and its rates."""
    lines: dict[tuple[str, str, str, str], dict[str, Entry]] = {}
    for one in at(results, place)["along"]:
        seed = "–" if one["seed"] is None else str(one["seed"])
        key = (one["arm"], seed, str(one["total_step"]), one["checkpoint"])
        lines.setdefault(key, {})[one["metric"]] = one
    return [["arm", "seed", "step", "checkpoint", "HAcc", "SAcc", "correct", "reasoning tokens", "cut"]] + [
        [
            *key,
            *(rate(own.get(metric)) for metric in METRICS),
            rate(own.get("reasoning_tokens"), 0),
            f"{own['cut']['value']:.1%}" if "cut" in own else "–",
        ]
        for key, own in lines.items()
    ]
