"""What replies that ignore the constraints score on a set: a model at this floor shows nothing.

Five replies, each closing with the gold answer (or a plain line where a row has none). Under preset `mathif` they
give the five chance floors measured on MathIF's 420 rows with the original checkers; that measurement names its
prose only by kind, so the prose here is our own, worded until it scored the same.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..verify import verdicts
from ..verify.rows import Row
from .measure import Group, RowSet, ScoredSamples, measures
from .scores import Score

PROSE = """\
The town lies on both sides of a slow river, and in the early hours the mist hangs over the water,
grey and cold, until the sun climbs over the hills. Fishermen push their boats from the bank,
talking quietly, while bakers open their doors and the smell of warm bread drifts through the narrow
streets. Children walk to school in pairs, carrying books, apples and small secrets, and the old
teacher waits for them at the gate, smiling, with a cup of tea in her hand. By noon the market is
loud and crowded. Farmers sell cheese, honey and onions, a blind man plays the violin, and somebody
always argues about the price of a goose. In the afternoon the heat settles on the roofs, shutters
are closed, and even the dogs stop barking, because nobody passes, stretched out in the shade of the
church wall. Later, as the light turns golden, people come out again, and sit on benches under the
lime trees, telling stories that everybody has heard before. The mayor, a round man with a red
beard, walks slowly between the tables, shaking hands and asking after sick cousins. At night the
lamps are lit along the river, one after another, and you can see their reflections tremble on the
dark water like coins. Some say the town has never changed, others say it must change every day, and
both are surely right. Whoever stays for a week will find out the names of the dogs, the best hour
for bread, and the song that the ferryman sings. Whoever stays for a year will hardly ever want to
leave, and most of them, in the end, stay longer than they planned."""

FLOORED = ("hacc", "sacc", "verdict")
Floor = dict[tuple[str, Group | None], float]

REPLIES: dict[str, Callable[[Row], str]] = {
    "short": lambda row: _closing(row),
    "short_lowercase": lambda row: _closing(row).lower().removesuffix("."),
    "three_bullets": lambda row: "* **First**\n* **Second**\n* **Third**\n" + _closing(row),
    "echo_question": lambda row: row.question + "\n" + _closing(row),
    "prose": lambda row: PROSE + "\n" + _closing(row),
}


def _closing(row: Row) -> str:
    return f"The final answer is \\boxed{{{row.answer}}}." if row.answer else "That is my answer."


def reply_figures(row_set: RowSet, *, preset: str = "reins") -> dict[str, Floor]:
    """HAcc, SAcc and single verdicts of each constant reply, given once to every row, by (metric, group)."""
    return {
        name: {
            (measure.metric, measure.group): float(measure.values.mean())
            for measure in measures(
                row_set, ScoredSamples.of(row_set, [_judged(row, reply, preset) for row in row_set.rows])
            )
            if measure.metric in FLOORED
        }
        for name, reply in REPLIES.items()
    }


def floors(by_reply: Mapping[str, Floor]) -> list[dict[str, Any]]:
    """HAcc and SAcc of each constant reply over the rows with constraints: `{reply, metric, value}`."""
    return [
        {"reply": reply, "metric": metric, "value": floor[metric, None]}
        for reply, floor in by_reply.items()
        for metric in ("hacc", "sacc")
        if (metric, None) in floor
    ]


def best_by_group(by_reply: Mapping[str, Floor]) -> Floor:
    """What the best constant reply reaches, by (metric, group): the best one for each."""
    keys = {key for floor in by_reply.values() for key in floor}
    return {key: max(floor[key] for floor in by_reply.values()) for key in keys}


def _judged(row: Row, reply: Callable[[Row], str], preset: str) -> Score:
    return Score(row.name, 0, verdicts(row.constraints, reply(row), preset=preset))


def best(entries: Sequence[dict[str, Any]], metric: str) -> dict[str, Any] | None:
    """The highest floor of a metric among those of one set; None on a set without constraints."""
    of_metric = (entry for entry in entries if entry["metric"] == metric)
    return max(of_metric, key=lambda entry: entry["value"], default=None)
