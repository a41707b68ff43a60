"""What the attention of a set's responses says: how much it drops after a thought, which part of the drop survives the
controls, and whether followed constraints were looked at more.

The drop is that of "When Thinking Fails" (arXiv 2505.11423), at the first answer tokens: after the prompt alone less
after the thought, of the same answer. Filler of the thought's length shows how much of it is distance; random runs of
the prompt, how much is not about constraints.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..score.scores import Score
from ..stats.intervals import Floats, draw_clusters, percentile_interval, ratios
from ..verify.rows import Row

MEASURES = ("per_token", "mass", "share", "lift")
PHASE = "onset"
Values = dict[tuple[str, str], Floats]  # (span, measure) -> a number a layer


@dataclass(frozen=True)
class Measured:
    """One line of attention.jsonl as the summary needs it: `values` of its first answer tokens, and the `layers` read."""

    row: str
    sample: int
    after: str
    values: Values
    layers: list[int]

    @classmethod
    def of(cls, line: dict[str, Any]) -> "Measured":
        spans = line["phases"].get(PHASE, {}).get("spans", [])
        values = {
            (str(span["span"]), measure): np.asarray(span[measure]) for span in spans for measure in MEASURES
        }
        return cls(line["row"], line["sample"], line["after"], values, line["layers"])


def summarise(rows: Sequence[Row], scores: Sequence[Score], measured: Sequence[Measured]) -> dict[str, Any]:
    """Counts, drops with their parts, and attention by what was followed and right; each with n and interval."""
    problems = {row.name: row.problem_id for row in rows}
    by_response: dict[tuple[str, int], dict[str, Values]] = {}
    for each in measured:
        if each.values:
            by_response.setdefault((each.row, each.sample), {})[each.after] = each.values
    return {
        "phase": f"the first answer tokens ({PHASE}), means over layers and heads",
        "responses": len(by_response),
        "compared": sum("thought" in each and "nothing" in each for each in by_response.values()),
        "layers": measured[0].layers if measured else [],
        "drops": _drops(by_response, problems),
        "by_layer": _by_layer(by_response, problems, measured[0].layers if measured else []),
        "followed": _followed(by_response, scores, problems),
    }


def _difference(before: str, after: str, span: str = "all") -> Callable[[dict[str, Values], str], Floats]:
    def value(contexts: dict[str, Values], measure: str) -> Floats:
        return contexts[before][span, measure] - contexts[after][span, measure]

    return value


_DROP, _RANDOM_DROP = _difference("nothing", "thought"), _difference("nothing", "thought", "random")
PARTS: dict[str, Callable[[dict[str, Values], str], Floats]] = {
    "before": lambda contexts, measure: contexts["nothing"]["all", measure],
    "drop": _DROP,
    "of position": _difference("nothing", "filler"),
    "beyond position": _difference("filler", "thought"),
    "beyond another's thought": _difference("other", "thought"),
    "of random spans": _RANDOM_DROP,
    "beyond random spans": lambda contexts, measure: (
        _DROP(contexts, measure) - _RANDOM_DROP(contexts, measure)
    ),
}


def _drops(
    responses: dict[tuple[str, int], dict[str, Values]], problems: dict[str, str]
) -> list[dict[str, Any]]:
    """Each part of the drop by each measure, over the responses that have what it compares; means over layers."""
    entries = []
    for measure in MEASURES:
        for part in PARTS:
            found = [(name, float(each.mean())) for name, each in _found(responses, problems, part, measure)]
            entries.append({"measure": measure, "part": part} | _mean(found))
    return entries


def _by_layer(
    responses: dict[tuple[str, int], dict[str, Values]], problems: dict[str, str], layers: Sequence[int]
) -> list[dict[str, Any]]:
    """The drop, and what of it filler does not show, layer by layer: the paper finds it in early and middle ones."""
    entries = []
    for part in ("drop", "beyond position"):
        for measure in ("per_token", "lift"):
            found = _found(responses, problems, part, measure)
            for number, layer in enumerate(layers):
                values = [(name, float(each[number])) for name, each in found]
                entries.append({"layer": layer, "measure": measure, "part": part} | _mean(values))
    return entries


def _found(
    responses: dict[tuple[str, int], dict[str, Values]], problems: dict[str, str], part: str, measure: str
) -> list[tuple[str, Floats]]:
    """One part of the drop of each response that thinks and has what it compares, with its problem."""
    found = []
    for (row, _), contexts in responses.items():
        if "thought" in contexts:
            try:
                found.append((problems[row], PARTS[part](contexts, measure)))
            except KeyError:
                continue  # no such context, or no random span: n says how many there are
    return found


def _followed(
    responses: dict[tuple[str, int], dict[str, Values]], scores: Sequence[Score], problems: dict[str, str]
) -> list[dict[str, Any]]:
    """Attention on a constraint, as sampled, by whether it was followed and whether the answer was right."""
    groups: dict[tuple[bool, bool | None], list[tuple[str, Values, int]]] = {}
    for score in scores:
        contexts = responses.get((score.row, score.sample), {})
        values = contexts.get("thought") or contexts.get("nothing")
        for number, verdict in enumerate(score.verdicts if values else []):
            if values and (str(number), "lift") in values:
                groups.setdefault((verdict, score.correct), []).append((problems[score.row], values, number))
    return [
        {"followed": followed, "right": right, "measure": measure}
        | _mean(
            [(problem, float(values[str(number), measure].mean())) for problem, values, number in entries]
        )
        for measure in MEASURES
        for (followed, right), entries in sorted(groups.items(), key=str)
    ]


def _mean(values: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """The mean of values with the problem of each, its 95 % bootstrap interval over problems, n and clusters."""
    names = sorted({problem for problem, _ in values})
    mean = float(np.mean([value for _, value in values])) if values else None
    entry: dict[str, Any] = {
        "value": mean,
        "low": None,
        "high": None,
        "n": len(values),
        "clusters": len(names),
    }
    if len(names) > 1:
        which = np.array([names.index(problem) for problem, _ in values])
        sums = np.bincount(which, [value for _, value in values], len(names)).astype(np.float64)
        counts = np.bincount(which, minlength=len(names)).astype(np.float64)
        resampled = ratios(sums[None], counts[None], _draws(len(names)))
        low, high = percentile_interval(resampled)
        entry |= {"low": float(low[0]), "high": float(high[0])}
    return entry


_draws = lru_cache(maxsize=2)(draw_clusters)  # most figures are of the same problems


def table(summary: dict[str, Any]) -> str:
    """The drops as lines of text."""
    lines = [
        f"{summary['responses']} responses, {summary['compared']} with and without their thought; {summary['phase']}"
    ]
    for entry in summary["drops"]:
        if entry["measure"] in ("per_token", "lift"):
            lines.append(f"{entry['measure']:10} {entry['part']:26} {_shown(entry)}")
    for entry in summary["followed"]:
        if entry["measure"] == "lift":
            right = {True: "right", False: "not right", None: "not graded"}[entry["right"]]
            said = "followed" if entry["followed"] else "broken"
            lines.append(f"{'lift':10} {said + ', ' + right:26} {_shown(entry)}")
    if missing := summary["not_found"]:
        lines.append(f"{len(missing)} constraints not found in their prompts: {'; '.join(missing[:5])}")
    return "\n".join(lines)


def _shown(entry: dict[str, Any]) -> str:
    if entry["value"] is None:
        return "none to compare"
    interval = f"[{entry['low']:.3g}, {entry['high']:.3g}]" if entry["low"] is not None else "[no interval]"
    return f"{entry['value']:.3g} {interval}  n {entry['n']}, problems {entry['clusters']}"
