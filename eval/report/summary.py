"""What the results say, in sentences: the answer, how much stands behind it, where the ways to ask disagree."""

from collections.abc import Iterator, Mapping

from ..analyse.results import find, pooled, select
from ..score.measure import Entry
from .tables import signed

LEADING = "reasoning against base"
QUESTIONS = {  # of a contrast: in words, in the order that they are read in
    "control": "reasoning against its control",
    "pair": "as the recipe pairs them",
    "mixed": "mixed against unmixed",
    "base": "against base",
}
FIRST = (LEADING, QUESTIONS["control"], QUESTIONS["pair"])  # those beside the first figure
WAYS = {
    "pooled": "pooled",
    "within_source": "within source",
    "within_prompt": "within prompt",
    "intervention": "under {mode}",
    "intervention_finished": "under {mode} of finished samples",
}
Place = dict[str, str]  # one set and mode


def all_places(results: Entry) -> list[Place]:
    """The sets and modes of a report, those with constraints and answers first."""
    found = list(dict.fromkeys((one["set"], one["mode"]) for one in results["figures"]))
    held = {(one["set"], one["metric"]) for one in results["figures"]}
    found.sort(key=lambda place: -sum((place[0], metric) in held for metric in ("hacc", "correct")))
    return [{"set": name, "mode": mode} for name, mode in found]


def places(results: Entry) -> list[Place]:
    """Each set in its first mode, the one that the others are compared with."""
    first: dict[str, Place] = {}
    for place in all_places(results):
        first.setdefault(place["set"], place)
    return list(first.values())


def at(results: Entry, place: Place) -> dict[str, list[Entry]]:
    """What was found on one set in one mode; what compares other modes with this one is in `between`."""
    own = {
        kind: select(results[kind], **place) for kind in ("figures", "bins", "joint", "attribution", "along")
    }
    on_set = {kind: select(results[kind], set=place["set"]) for kind in ("contrasts", "flips", "length")}
    return own | {
        "contrasts": select(on_set["contrasts"], **place, against_mode=place["mode"]),
        "flips": select(on_set["flips"], **place, against_mode=place["mode"]),
        "length": [one for one in on_set["length"] if (one["against_mode"] or one["mode"]) == place["mode"]],
        "between": [
            one
            for one in select(on_set["contrasts"], against_mode=place["mode"])
            if one["mode"] != place["mode"] and one["arm"] == one["against"]
        ],
    }


def roles(results: Entry) -> dict[str, str]:
    """The role of each arm."""
    return {one["arm"]: one["role"] for one in results["arms"]}


def leading_pairs(contrasts: list[Entry], role: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(arm, against, what it asks) for the contrasts that mean something; then the other arms against the base."""
    order = [LEADING, *QUESTIONS.values()]
    pairs = {
        (one["arm"], one["against"]): LEADING
        if one["question"] == "base" and role[one["arm"]] == "treatment"
        else QUESTIONS[one["question"]]
        for one in contrasts
    }
    return sorted(((*pair, asks) for pair, asks in pairs.items()), key=lambda pair: order.index(pair[2]))


def partners(contrasts: list[Entry]) -> dict[str, str]:
    """What each arm's change is counted from: the model that the recipe sets it against, or else its base."""
    return {
        one["arm"]: one["against"]
        for question in ("base", "pair")
        for one in contrasts
        if one["question"] == question
    }


def answers(results: Entry) -> list[str]:
    """A sentence a set with constraints: what each reasoning arm did to HAcc, with its interval, nulls included."""
    found = [_answer(results, place) for place in places(results)]
    return [one for one in found if one] or ["No arm was compared with the base on constraints yet."]


def _answer(results: Entry, place: Place) -> str | None:
    contrasts = at(results, place)["contrasts"]
    sides = partners(contrasts)
    found = [
        one for one in select(contrasts, metric="hacc", group=None) if one["against"] == sides.get(one["arm"])
    ]
    role = roles(results)
    named = [one for one in found if role[one["arm"]] == "treatment" or one["question"] == "pair"] or found
    if not named:
        return None
    figures = pooled(select(results["figures"], **place, metric="hacc", group=None))
    said: dict[str, list[str]] = {}
    for one in named:
        before, after = (find(figures, arm=arm)["value"] for arm in (one["against"], one["arm"]))
        other = "the base" if one["question"] == "base" else one["against"]
        said.setdefault(other, []).append(_change(one, before, after))
    where = f"On {place['set']} ({size(results, place)}, 95 % intervals in brackets)"
    return (
        f"{where}, " + "; ".join(f"against {other}: {'; '.join(all_)}" for other, all_ in said.items()) + "."
    )


def size(results: Entry, place: Place) -> str:
    """How much stands behind the figures of a set: problems, and samples an arm."""
    figures = pooled(select(results["figures"], **place, group=None))
    lengths = select(figures, metric="answer_tokens")
    return f"{_range(lengths, 'clusters')} problems, {_range(lengths, 'n')} samples an arm"


def _range(entries: list[Entry], key: str) -> str:
    values = sorted({one[key] for one in entries})
    return " to ".join(map(str, values[:: len(values) - 1 or 1]))


def _change(one: Entry, before: float, after: float) -> str:
    values = f"from {before:.2f} to {after:.2f} ({signed(one)}"
    if one["low"] is None:
        return f"{one['arm']} takes HAcc {values}, too few problems for an interval)"
    if one["low"] <= 0 <= one["high"]:
        return f"{one['arm']} shows no change of HAcc, {values}; one below {one['mdd']:.2f} could go unseen)"
    return f"{one['arm']} {'lowers' if one['diff'] < 0 else 'raises'} HAcc {values})"


def verdict_of(one: Entry) -> str:
    """What an estimate says of HAcc when the reasoning gets longer: falls, rises, or leaves it open."""
    if one["low"] is None or one["low"] <= 0 <= one["high"]:
        return "open"
    return "rises" if one["value"] > 0 else "falls"


def disagreements(results: Entry, place: Place) -> Iterator[str]:
    """Per arm for which the ways to ask about length come to different verdicts: which way says what."""
    found = select(at(results, place)["length"], metric="hacc")
    for arm in dict.fromkeys(one["arm"] for one in found):
        said: dict[str, list[str]] = {}
        for one in (one for way in WAYS for one in select(found, arm=arm, method=way)):
            if one["value"] is not None:
                by = WAYS[one["method"]].format(mode=one["mode"])
                said.setdefault(verdict_of(one), []).append(by)
        if len(said) > 1:
            yield f"{arm}: " + "; ".join(f"{verdict} {', '.join(ways)}" for verdict, ways in said.items())


PARTS = {
    "total": "arm − base",
    "format": "format: reasoning first",
    "unfinished": "unfinished samples",
    "answer_length": "answer length",
    "reasoning_length": "reasoning length",
}


def part_label(part: str) -> str:
    """A part of an attribution in words."""
    kind, _, control = part.partition(":")
    sides = {"control": f"{control} − base", "remains": f"arm − {control}"}
    return PARTS.get(part, sides.get(kind, part))
