"""What the results say: the answer in one sentence, and the tables of a report, as text."""

from collections.abc import Iterator

from .analyse import CONTROLS, UNMIXED
from .floors import best
from .results import Entry, find, pooled, select
from .study import base_of
from .tables import Table, interval, rate

REASONING = ("sft", "rl", "sft_rl")
Place = dict[str, str]  # one set and mode


def places(results: Entry) -> list[Place]:
    """The sets and modes of a report, those with constraints and answers first."""
    found = list(dict.fromkeys((one["set"], one["mode"]) for one in results["figures"]))
    held = {(one["set"], one["mode"], one["metric"]) for one in results["figures"]}
    found.sort(key=lambda place: -sum((*place, metric) in held for metric in ("hacc", "correct")))
    return [{"set": name, "mode": mode} for name, mode in found]


def leading_pairs(contrasts: list[Entry]) -> list[tuple[str, str, str]]:
    """(arm, against, what it asks) for the contrasts that mean something; then the other arms against the base."""
    there = list(dict.fromkeys((one["arm"], one["against"]) for one in contrasts))
    asked: dict[tuple[str, str], str] = {}
    for arm, against in there:
        name, other = arm.rpartition("/")[2], against.rpartition("/")[2]
        if other in CONTROLS.get(name, ()):
            asked[arm, against] = "reasoning against its control"
        elif UNMIXED.get(name) == other:
            asked[arm, against] = "mixed against unmixed"
        elif name in REASONING:
            asked[arm, against] = "reasoning against base"
        else:
            asked[arm, against] = "against base"
    order = [
        "reasoning against base",
        "reasoning against its control",
        "mixed against unmixed",
        "against base",
    ]
    return sorted(((*pair, why) for pair, why in asked.items()), key=lambda one: order.index(one[2]))


def answer(results: Entry) -> str:
    """One sentence: what each reasoning arm did to HAcc on the first set, with its interval, nulls included."""
    place = places(results)[0]
    found = select(results["contrasts"], **place, metric="hacc", group=None)
    reasoning = [one for one in found if one["against"] == base_of(one["arm"])]
    named = [one for one in reasoning if one["arm"].rpartition("/")[2] in REASONING] or reasoning
    if not named:
        return f"No arm was compared with the base on {place['set']} yet."
    figures = pooled(select(results["figures"], **place, metric="hacc", group=None))
    parts = []
    for one in named:
        before, after = (find(figures, arm=arm)["value"] for arm in (one["against"], one["arm"]))
        parts.append(_change(one, before, after))
    where = f"On {place['set']} ({size(results, place)}, 95 % intervals in brackets)"
    return f"{where}, against the base: {'; '.join(parts)}."


def size(results: Entry, place: Place) -> str:
    """How much stands behind the figures of a set: problems, and samples an arm."""
    figures = pooled(select(results["figures"], **place, group=None))
    samples = sorted({one["n"] for one in figures if one["metric"] == "answer_tokens"})
    problems = max(one["clusters"] for one in figures)
    return f"{problems} problems, {' to '.join(map(str, samples[:: len(samples) - 1 or 1]))} samples an arm"


def _change(one: Entry, before: float, after: float) -> str:
    values = f"from {before:.2f} to {after:.2f} ({signed(one)}"
    if one["low"] is None:
        return f"{one['arm']} takes HAcc {values}, too few problems for an interval)"
    if one["low"] <= 0 <= one["high"]:
        return f"{one['arm']} shows no change of HAcc, {values}; one below {one['mdd']:.2f} could go unseen)"
    return f"{one['arm']} {'lowers' if one['diff'] < 0 else 'raises'} HAcc {values})"


def signed(one: Entry | None) -> str:
    """A difference with its interval, `−0.55 [−0.60, −0.49]`; a dash where there is none."""
    return f"{one['diff']:+.2f}{interval(one)}".replace("-", "−") if one else "–"


def contrasts_table(results: Entry, place: Place) -> Table:
    """The leading contrasts first; `*` where the interval leaves zero out, else what would have been detected."""
    whole = select(results["contrasts"], **place, group=None)
    table = [["question", "arm", "against", "HAcc", "p", "detectable", "SAcc", "correct", "correct, plain"]]
    for arm, against, why in leading_pairs(whole):
        own = {one["metric"]: one for one in select(whole, arm=arm, against=against)}
        hacc = own.get("hacc")
        known = hacc and hacc["low"] is not None
        table.append(
            [
                why,
                arm,
                against,
                _starred(hacc),
                f"{hacc['p']:.4f}" if hacc and known else "–",
                f"{hacc['mdd']:.2f}" if hacc and known else "–",
                *(_starred(own.get(metric)) for metric in ("sacc", "correct", "correct_plain")),
            ]
        )
    return table


def _starred(one: Entry | None) -> str:
    clear = one and one["low"] is not None and not one["low"] <= 0 <= one["high"]
    return signed(one) + ("*" if clear else "")


def arms_table(results: Entry, place: Place) -> Table:
    """One line an arm; `†` marks an HAcc that is not clear of the best constant reply or of the blind score."""
    whole = pooled(select(results["figures"], **place, group=None))
    floor = best(select(results["floors"], set=place["set"]), "hacc")
    columns = {
        "HAcc": "hacc",
        "blind HAcc": "blind_hacc",
        "over blind": "hacc_over_blind",
        "SAcc": "sacc",
        "correct": "correct",
        "correct, plain": "correct_plain",
    }
    shares = {"reasons": "reasoned", "cut": "cut", "unclosed": "unclosed"}
    lengths = {"reasoning tokens": "reasoning_tokens", "answer tokens": "answer_tokens"}
    table = [["arm", "steps", "supervised tokens", "rows cut", *columns, *shares, *lengths]]
    for arm in dict.fromkeys(one["arm"] for one in whole):
        own = {one["metric"]: one for one in select(whole, arm=arm)}
        spent = find(results["arms"], arm=arm)
        table.append(
            [
                arm,
                f"{spent['steps']:,}",
                f"{spent['supervised_tokens']:,}",
                f"{spent['cut_rows'] / spent['rows']:.0%}" if spent["rows"] else "–",
                *(rate(own.get(metric)) for metric in columns.values()),
                *(f"{own[metric]['value']:.1%}" if metric in own else "–" for metric in shares.values()),
                *(f"{own[metric]['value']:.0f}" if metric in own else "–" for metric in lengths.values()),
            ]
        )
        table[-1][4] += " †" if _at_floor(own, floor) else ""
    return table


def _at_floor(own: dict[str, Entry], floor: Entry | None) -> bool:
    hacc, over = own.get("hacc"), own.get("hacc_over_blind")
    below = hacc and floor and hacc["low"] is not None and hacc["low"] <= floor["value"]
    return bool(below or (over and over["low"] is not None and over["low"] <= 0))


def groups_table(results: Entry, place: Place, by: str, metric: str) -> Table:
    """One line a group (constraint type, number of constraints, source), one column an arm."""
    found = [
        one
        for one in pooled(select(results["figures"], **place, metric=metric))
        if one["group"] and one["group"]["by"] == by
    ]
    arms = list(dict.fromkeys(one["arm"] for one in found))
    table = [[by, "n", *arms]]
    for value in sorted({one["group"]["value"] for one in found}):
        own = {one["arm"]: one for one in found if one["group"]["value"] == value}
        table.append([str(value), str(next(iter(own.values()))["n"]), *(rate(own.get(arm)) for arm in arms)])
    return table


def bins_table(results: Entry, place: Place) -> Table:
    """One line a bin: reasoning tokens from and to, n, and the three rates."""
    found = select(results["bins"], **place)
    lines: dict[tuple[str, str, str], dict[str, Entry]] = {}
    for one in found:
        span = "" if one["from"] is None else f"{one['from']}–{one['to']}"
        lines.setdefault((one["arm"], one["kind"], span), {})[one["metric"]] = one
    return [["arm", "bin", "reasoning tokens", "n", "HAcc", "SAcc", "correct"]] + [
        [
            *line,
            str(next(iter(own.values()))["n"]),
            *(rate(own.get(metric)) for metric in ("hacc", "sacc", "correct")),
        ]
        for line, own in lines.items()
    ]


def merged_bins(results: Entry, place: Place, wanted: int) -> Iterator[str]:
    """The arms with fewer bins than asked for, because a bin would have held too few samples."""
    found = select(results["bins"], **place, metric="hacc", kind="equal_count")
    for arm in dict.fromkeys(one["arm"] for one in found):
        count = sum(one["from"] != 0 or one["to"] != 0 for one in select(found, arm=arm))
        if count < wanted:
            yield f"{arm} ({count})"


def floors_table(results: Entry) -> Table:
    """One line a set and constant reply."""
    lines: dict[tuple[str, str], dict[str, float]] = {}
    for one in results["floors"]:
        lines.setdefault((one["set"], one["reply"]), {})[one["metric"]] = one["value"]
    return [["set", "constant reply", "HAcc", "SAcc"]] + [
        [*line, f"{own['hacc']:.4f}", f"{own['sacc']:.4f}"] for line, own in lines.items()
    ]
