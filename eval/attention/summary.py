"""What the attention of a set's responses says: how much it drops after a thought, which part of the drop survives the
controls, and whether followed constraints were looked at more.

The drop is that of "When Thinking Fails" (arXiv 2505.11423), at the first answer tokens: after the prompt alone less
after the thought, of the same answer. Filler of the thought's length shows how much of it is distance; random runs of
the prompt, how much is not about constraints.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..score.scores import Score
from ..stats.intervals import Estimate, Floats
from ..verify import JUDGED
from ..verify.rows import Row
from .lines import MEASURES, ONSET, Measured, over_layers
from .replies import Reply, as_replies, means

ALL, RANDOM = "all", "random"
DETAILED = ("drop", "beyond position")  # the parts that are followed layer by layer


class Part(NamedTuple):
    """One part of the drop by one measure; `layer` is None for the mean over layers."""

    part: str
    measure: str
    layer: int | None
    mean: Estimate


class Followed(NamedTuple):
    """Attention on constraints by what became of them; `scope` is None for all of them."""

    measure: str
    followed: bool
    right: bool | None
    scope: str | None
    mean: Estimate


class OnConstraint(NamedTuple):
    """Attention on the constraint of that number in its row, a value a measure (measures,), the mean over layers."""

    row: str
    number: int
    held: bool
    correct: bool | None
    values: Floats


def summarise(rows: Sequence[Row], scores: Sequence[Score], measured: Sequence[Measured]) -> dict[str, Any]:
    """Counts, drops with their parts, and attention by what was followed and right; each with n and interval."""
    problems = {row.name: row.problem_id for row in rows}
    replies = as_replies(measured)
    drops = list(parts(replies, problems))
    return {
        "phase": "the first answer tokens (onset), means over layers and heads",
        "responses": len(replies),
        "compared": sum(reply.thinks and "nothing" in reply.contexts for reply in replies),
        "layers": measured[0].layers if measured else [],
        "drops": [
            {"measure": each.measure, "part": each.part} | each.mean._asdict()
            for each in drops
            if each.layer is None
        ],
        "by_layer": [
            {"layer": each.layer, "measure": each.measure, "part": each.part} | each.mean._asdict()
            for each in drops
            if each.layer is not None
        ],
        "followed": [
            {"followed": each.followed, "right": each.right, "measure": each.measure} | each.mean._asdict()
            for each in followed(judged(replies, scores), rows)
            if each.scope is None
        ],
    }


def _difference(
    before: str, after: str, span: str = ALL
) -> Callable[[Mapping[str, Measured], str, str], Floats]:
    def value(contexts: Mapping[str, Measured], measure: str, phase: str) -> Floats:
        key = (phase, span, measure)
        return contexts[before].values[key] - contexts[after].values[key]

    return value


DROP, RANDOM_DROP = _difference("nothing", "thought"), _difference("nothing", "thought", RANDOM)
PARTS: dict[str, Callable[[Mapping[str, Measured], str, str], Floats]] = {
    # In the layers in which the drop is defined too.
    "before": lambda contexts, measure, phase: (
        DROP(contexts, measure, phase) + contexts["thought"].values[phase, ALL, measure]
    ),
    "drop": DROP,
    "of position": _difference("nothing", "filler"),
    "beyond position": _difference("filler", "thought"),
    "beyond another's thought": _difference("other", "thought"),
    "of random spans": RANDOM_DROP,
    "beyond random spans": lambda contexts, measure, phase: (
        DROP(contexts, measure, phase) - RANDOM_DROP(contexts, measure, phase)
    ),
}


def parts(replies: Sequence[Reply], problems: Mapping[str, str]) -> Iterator[Part]:
    """Each part of the drop by each measure, over the replies that think and have what it compares: the mean over
    layers, and for two parts and two measures layer by layer, as the paper finds it in early and middle ones."""
    for measure in MEASURES:
        for part in PARTS:
            values, names, layers = _found(replies, problems, part, measure)
            if not values:
                continue
            columns = [None, *layers] if part in DETAILED and measure in ("per_token", "lift") else [None]
            table = np.array([[over_layers(each), *each] for each in values])[:, : len(columns)]
            for layer, mean in zip(columns, means(list(table), names), strict=True):
                if mean.n:
                    yield Part(part, measure, layer, mean)


def _found(
    replies: Sequence[Reply], problems: Mapping[str, str], part: str, measure: str
) -> tuple[list[Floats], list[str], list[int]]:
    """One part of the drop of each reply that thinks and has what it compares, with its problem; and the layers."""
    values, names, layers = [], [], []
    for reply in replies:
        if reply.thinks:
            try:
                values.append(PARTS[part](reply.contexts, measure, ONSET))
            except KeyError:
                continue  # no such context, or no random span: n says how many there are
            names.append(problems[reply.row])
            layers = reply.contexts["thought"].layers
    return values, names, layers


def judged(replies: Sequence[Reply], scores: Sequence[Score]) -> list[tuple[Reply, Score]]:
    """The replies that were read, each with its score; of a reply that was cut off the verdicts tell of the limit, not of
    attention, so it is left out."""
    of_place = {(score.row, score.sample): score for score in scores if not score.truncated}
    pairs = [(reply, of_place.get((reply.row, reply.sample))) for reply in replies]
    return [(reply, score) for reply, score in pairs if score]


def on_constraints(replies: Iterable[tuple[Reply, Score]]) -> Iterator[OnConstraint]:
    """Every constraint whose words were found in its prompt, in the first answer tokens as sampled."""
    for reply, score in replies:
        line = reply.sampled
        for number, held in enumerate(score.verdicts):
            if line and (ONSET, str(number), "lift") in line.values:
                values = [over_layers(line.values[ONSET, str(number), measure]) for measure in MEASURES]
                yield OnConstraint(reply.row, number, held, score.correct, np.array(values))


def followed(replies: Sequence[tuple[Reply, Score]], rows: Sequence[Row]) -> Iterator[Followed]:
    """Attention on a constraint, as sampled, by whether it was followed and the answer right; of all constraints, and
    of the local and the global ones where the rows have both."""
    problems = {row.name: row.problem_id for row in rows}
    scopes = {row.name: [JUDGED[each.id].scope for each in row.constraints] for row in rows}
    groups: dict[tuple[str, bool, str], list[OnConstraint]] = {}
    for each in on_constraints(replies):
        for scope in ("", scopes[each.row][each.number]):
            groups.setdefault((scope, each.held, str(each.correct)), []).append(each)
    several = len({scope for scope, *_ in groups}) > 2
    right = {"True": True, "False": False, "None": None}
    for (scope, verdict, correct), members in sorted(groups.items()):
        if several or not scope:
            values, names = [each.values for each in members], [problems[each.row] for each in members]
            for measure, mean in zip(MEASURES, means(values, names), strict=True):
                if mean.n:
                    yield Followed(measure, verdict, right[correct], scope or None, mean)


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
    interval = f"[{entry['low']:.3g}, {entry['high']:.3g}]" if entry["low"] is not None else "[no interval]"
    return f"{entry['value']:.3g} {interval}  n {entry['n']}, problems {entry['clusters']}"
