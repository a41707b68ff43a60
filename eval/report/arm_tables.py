"""The tables of a report on outcomes: arms, contrasts, groups, flips, joint outcomes, floors."""

from ..analyse.results import find, pooled, select
from ..score.floors import best
from ..score.measure import Entry
from .summary import Place, at, leading_pairs, roles
from .tables import Table, probability, rate, signed, starred

RATES = {
    "HAcc": "hacc",
    "blind HAcc": "blind_hacc",
    "over blind": "hacc_over_blind",
    "SAcc": "sacc",
    "correct": "correct",
    "correct, plain": "correct_plain",
}
SHARES = {"cut": "cut", "unclosed": "unclosed"}
LENGTHS = {"reasoning tokens": "reasoning_tokens", "answer tokens": "answer_tokens"}
IFEVAL = {
    "prompt, strict": "hacc",
    "instruction, strict": "verdict",
    "prompt, loose": "hacc_loose",
    "instruction, loose": "verdict_loose",
    "macro over types": "macro",
}
FLIPS = ("pass_pass", "pass_fail", "fail_pass", "fail_fail", "win", "tie", "lose")
SHORT = {"hacc": "HAcc", "correct": "correct"}


def arms_table(results: Entry, place: Place) -> Table:
    """One line an arm; `†` marks an HAcc that is not clear of the best constant reply or of the blind score."""
    whole = pooled(select(results["figures"], **place, group=None))
    floor = best(select(results["floors"], set=place["set"]), "hacc")
    table = [["arm", *RATES, *SHARES]]
    for arm in dict.fromkeys(one["arm"] for one in whole):
        own = {one["metric"]: one for one in select(whole, arm=arm)}
        shares = (own.get(metric) for metric in SHARES.values())
        table.append(
            [
                arm,
                *(rate(own.get(metric)) for metric in RATES.values()),
                *(f"{share['value']:.1%}" if share else "–" for share in shares),
            ]
        )
        table[-1][1] += " †" if _at_floor(own, floor) else ""
    return table


def spent_table(results: Entry, place: Place) -> Table:
    """One line an arm: what its training took, how often it reasons, and how long it is."""
    whole = pooled(select(results["figures"], **place, group=None))
    table = [["arm", "steps", "supervised tokens", "rows cut", "reasons", *LENGTHS]]
    for arm in dict.fromkeys(one["arm"] for one in whole):
        own = {one["metric"]: one["value"] for one in select(whole, arm=arm)}
        spent = find(results["arms"], arm=arm)
        table.append(
            [
                arm,
                f"{spent['steps']:,}",
                f"{spent['supervised_tokens']:,}",
                f"{spent['cut_rows'] / spent['rows']:.0%}" if spent["rows"] else "–",
                f"{own['reasoned']:.1%}",
                *(f"{own[metric]:.0f}" if metric in own else "–" for metric in LENGTHS.values()),
            ]
        )
    return table


def _at_floor(own: dict[str, Entry], floor: Entry | None) -> bool:
    hacc, over = own.get("hacc"), own.get("hacc_over_blind")
    below = hacc and floor and hacc["low"] is not None and hacc["low"] <= floor["value"]
    return bool(below or (over and over["low"] is not None and over["low"] <= 0))


def ifeval_table(results: Entry, place: Place) -> Table:
    """IFEval's figures, strict and (where the preset has them) loose, and the mean over constraint types."""
    whole = pooled(select(results["figures"], **place, group=None))
    there = {one["metric"] for one in whole}
    names = {name: metric for name, metric in IFEVAL.items() if metric in there}
    arms = dict.fromkeys(one["arm"] for one in whole)
    return [["arm", *names]] + [
        [arm, *(rate(next(iter(select(whole, arm=arm, metric=metric)), None)) for metric in names.values())]
        for arm in arms
    ]


def contrasts_table(results: Entry, place: Place) -> Table:
    """The leading contrasts first; `*` where the interval leaves zero out, else what would have been detected."""
    whole = select(at(results, place)["contrasts"], group=None)
    table = [
        ["question", "arm", "against", "HAcc", "p", "Holm", "detectable", "SAcc", "correct", "correct, plain"]
    ]
    for arm, against, why in leading_pairs(whole, roles(results)):
        own = {one["metric"]: one for one in select(whole, arm=arm, against=against)}
        table.append(
            [
                why,
                arm,
                against,
                *tested(own.get("hacc")),
                *(starred(own.get(m)) for m in list(RATES.values())[3:]),
            ]
        )
    return table


def tested(one: Entry | None) -> list[str]:
    """A difference, its p, the p adjusted within its family, and what this many problems would detect."""
    if one is None or one["low"] is None:
        return [starred(one), "–", "–", "–"]
    return [starred(one), probability(one["p"]), probability(one["p_holm"]), f"{one['mdd']:.2f}"]


def groups_table(results: Entry, place: Place, by: str, metric: str) -> Table:
    """One line a group (type, category, scope, number of constraints, source), one column an arm."""
    found = [
        one
        for one in pooled(select(results["figures"], **place, metric=metric))
        if one["group"] and one["group"]["by"] == by
    ]
    arms = list(dict.fromkeys(one["arm"] for one in found))
    table = [[by.replace("n_constraints", "constraints"), "n", *arms]]
    for value in sorted({one["group"]["value"] for one in found}):
        own = {one["arm"]: one for one in found if one["group"]["value"] == value}
        table.append([str(value), str(next(iter(own.values()))["n"]), *(rate(own.get(arm)) for arm in arms)])
    return table


def flips_table(results: Entry, place: Place) -> Table:
    """Prompts by what they do on both sides of a contrast, with McNemar's exact test."""
    table = [["arm", "against", "metric", *(_arrow(key) for key in FLIPS), "McNemar p", "Holm", "prompts"]]
    for one in at(results, place)["flips"]:
        table.append(
            [
                one["arm"],
                one["against"],
                SHORT[one["metric"]],
                *(str(one[key]) for key in FLIPS),
                probability(one["mcnemar_p"]),
                probability(one["p_holm"]),
                str(one["n"]),
            ]
        )
    return table


def _arrow(key: str) -> str:
    return key.replace("_", "→")


def joint_table(results: Entry, place: Place) -> Table:
    """Constraints and answer together, against what independence would give."""
    table = [
        ["arm", "both", "constraints only", "answer only", "neither", "both if independent", "excess", "n"]
    ]
    for one in at(results, place)["joint"]:
        shares = (one[key] for key in ("both", "hacc_only", "correct_only", "neither", "expected_both"))
        excess = starred(one | {"diff": one["excess"]})
        table.append([one["arm"], *(f"{share:.3f}" for share in shares), excess, str(one["n"])])
    return table


def published_table(results: Entry, place: Place) -> Table:
    """Our arms, then the rows of a paper; theirs without intervals, as published."""
    metrics = {name: RATES[name] for name in ("HAcc", "SAcc", "correct", "correct, plain")}
    whole = pooled(select(results["figures"], **place, group=None))
    table = [["model", "trained from", "source", *metrics, "maths average"]]
    for arm in dict.fromkeys(one["arm"] for one in whole):
        own = {one["metric"]: one for one in select(whole, arm=arm)}
        table.append([arm, "–", "this run", *(rate(own.get(metric)) for metric in metrics.values()), "–"])
    for row in results["published"]["rows"]:
        shares = (row[metric] for metric in (*metrics.values(), "avg_math"))
        cells = ["–" if share is None else f"{share:.4f}" for share in shares]
        table.append([row["model"], row["base"], row["source"], *cells])
    return table


def floors_table(results: Entry) -> Table:
    """One line a set and constant reply."""
    lines: dict[tuple[str, str], dict[str, float]] = {}
    for one in results["floors"]:
        lines.setdefault((one["set"], one["reply"]), {})[one["metric"]] = one["value"]
    return [["set", "constant reply", "HAcc", "SAcc"]] + [
        [*line, f"{own['hacc']:.4f}", f"{own['sacc']:.4f}"] for line, own in lines.items()
    ]


def modes_table(results: Entry, place: Place) -> Table:
    """Every arm in every mode, beside the difference from the first mode on the same rows."""
    whole = pooled(select(results["figures"], set=place["set"], group=None))
    between = select(at(results, place)["between"], group=None)
    table = [
        ["arm", "mode", "reasoning tokens", "HAcc", "change", "p", "Holm", "detectable", "SAcc", "correct"]
    ]
    for arm in dict.fromkeys(one["arm"] for one in whole):
        for mode in dict.fromkeys(one["mode"] for one in select(whole, arm=arm)):
            own = {one["metric"]: one for one in select(whole, arm=arm, mode=mode)}
            changes = {one["metric"]: one for one in select(between, arm=arm, mode=mode)}
            table.append(
                [
                    arm,
                    mode,
                    f"{own['reasoning_tokens']['value']:.0f}" if "reasoning_tokens" in own else "–",
                    rate(own.get("hacc")),
                    *tested(changes.get("hacc")),
                    *(_beside(own.get(metric), changes.get(metric)) for metric in ("sacc", "correct")),
                ]
            )
    return table


def _beside(own: Entry | None, change: Entry | None) -> str:
    return rate(own) if change is None else f"{own['value']:.2f} ({signed(change)})" if own else "–"
