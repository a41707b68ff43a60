"""Attention on the constraints while a model answers: its drop behind a thought, and which part of it controls show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from ..attention.lines import ANSWER, MEASURES, ONSET, over_layers
from ..attention.replies import means
from ..attention.summary import followed, parts
from ..score.measure import Entry
from ..verify.decision import DIRECT
from .analysis import Analysis, EntryLists, Figure, Sentences, Table
from .attention_data import Sides, answers_of, replies_of, sampled_drops, thinking
from .fields import ArmName, Clusters, High, Low, Mode, SetName
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import BLUE, ORANGE, dot, foot, grid, panels, room
from .style import intervals as interval_bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

AS_SAMPLED = "as sampled"
CONTROLS = {
    "beyond position": "neutral filler of the thought’s length",
    "beyond another's thought": "a thought about another problem",
    "beyond random spans": "other tokens of the same prompt",
}
SHOWN = {"per_token": BLUE, "lift": ORANGE}  # the paper's measure, and the one that leaves distance out

Measure = Annotated[
    str,
    "`per_token` (the paper’s: mass over the number of tokens), `mass`, `share` of the mass on the prompt, or `lift`: "
    "`per_token` over the same of the whole prompt",
]
Replies = Annotated[int, "replies that it rests on"]


@dataclass(frozen=True)
class AttentionPart:
    """A part of the drop of the attention on the constraints behind a thought."""

    set: SetName
    arm: ArmName
    mode: Mode
    part: Annotated[
        str,
        "`as sampled`: what the answers given directly have more than those given behind a thought; else of the same "
        "answer: `before` (after the prompt alone), `drop`, and its parts (docs/attention.md)",
    ]
    phase: Annotated[str, "`onset`: the first 16 answer tokens; `answer`: all of them"]
    measure: Measure
    layer: Annotated[int | None, "null for the mean over the layers that have attention"]
    value: Annotated[float, "the mean; over rows for `as sampled`, else over replies"]
    low: Low
    high: High
    n: Annotated[int, "replies that it rests on; rows for `as sampled`"]
    clusters: Clusters


@dataclass(frozen=True)
class AttentionFollowed:
    """Attention on constraints, in an answer's first 16 tokens as sampled, by what became of them."""

    set: SetName
    arm: ArmName
    mode: Mode
    measure: Measure
    followed: Annotated[bool, "whether the constraints were followed"]
    right: Annotated[bool | None, "whether the answer was right; null where nothing was graded"]
    scope: Annotated[str | None, "`local` or `global` constraints; null for both together"]
    value: Annotated[float, "the mean over constraints and layers"]
    low: Low
    high: High
    n: Annotated[int, "verdicts that it rests on"]
    clusters: Clusters


def attention_parts(data: SetData, _: EntryLists) -> Iterator[AttentionPart]:
    """The parts of the drop of every arm and mode that thinks; the seeds of an arm together."""
    problems = {row.name: row.problem_id for row in data.row_set.rows}
    for arm, mode in thinking(data.attention):
        for each in parts(replies_of(data.attention, arm, mode), problems):
            yield AttentionPart(data.name, arm, mode, each.part, ONSET, each.measure, each.layer, *each.mean)
        yield from _as_sampled(data.name, data.attention, arm, mode, problems)


def _as_sampled(
    name: str, sides: Sides, arm: str, mode: str, problems: dict[str, str]
) -> Iterator[AttentionPart]:
    """The paper's drop (its equation 2): of two answers, the one given directly and the one behind a thought."""
    drops = sampled_drops(sides, arm, mode) if (arm, DIRECT) in sides else {}
    for number, measure in enumerate(MEASURES if drops else ()):
        of_rows = [over_layers(drop[number]) for drop in drops.values()]
        (mean,) = means(of_rows, [problems[row] for row in drops])
        if mean.n:
            yield AttentionPart(name, arm, mode, AS_SAMPLED, ANSWER, measure, None, *mean)


def attention_followed(data: SetData, _: EntryLists) -> Iterator[AttentionFollowed]:
    """Of every arm and mode that was read; the seeds of an arm together."""
    for arm, mode in data.attention:
        for each in followed(answers_of(data.attention, arm, mode), data.row_set.rows):
            head = (data.name, arm, mode, each.measure, each.followed, each.right, each.scope)
            yield AttentionFollowed(*head, *each.mean)


def survives(data: ReportData) -> Iterator[str]:
    """What is left of the drop beside each control, in words; one line an arm and mode."""
    entries = select(data.on_set("attention"), layer=None)
    for arm, mode in dict.fromkeys((entry["arm"], entry["mode"]) for entry in entries):
        of_both = {
            measure: {e["part"]: e for e in select(entries, arm=arm, mode=mode, measure=measure)}
            for measure in SHOWN
        }
        if "drop" in of_both["per_token"]:
            yield f"{arm}, {mode}: {_in_words(of_both['per_token'], of_both['lift'])}"


def _in_words(of_token: dict[str, Entry], lift: dict[str, Entry]) -> str:
    before, drop = of_token["before"]["value"], of_token["drop"]["value"]
    text = (
        f"a token of a constraint gets {before:.3g} of the attention of an answer’s first tokens where nothing was "
        f"thought before it, and {before - drop:.3g} of the same answer’s behind its thought ({_percent(-drop, before)}"
        f"; {(n := of_token['drop']['n'])} {'reply' if n == 1 else 'replies'}). "
    )
    held = [
        f"{_beside(of_token[part], before)} {control}"
        for part, control in CONTROLS.items()
        if part in of_token
    ]
    text += f"That drop is {'; '.join(held)}. " if held else ""
    if "drop" in lift:
        text += (
            f"Against the mean token of the prompt, which stands as far away, it goes from {lift['before']['value']:.2f} "
            f"to {lift['before']['value'] - lift['drop']['value']:.2f} times as much."
        )
    return text


def _percent(change: float, of: float) -> str:
    return f"{change / of:+.0%}".replace("-", "−")


def _beside(entry: Entry, before: float) -> str:
    """How a drop stands beside a control's, from what is beyond that."""
    if not _is_clear(entry):
        return "not told from that with"
    if entry["value"] < 0:
        return "smaller than that with"
    return f"larger ({_percent(entry['value'], before).removeprefix('+')} of the attention) than that with"


def _is_clear(entry: Entry) -> bool:
    return entry["low"] is not None and not entry["low"] <= 0 <= entry["high"]


def parts_table(data: ReportData) -> Rows:
    """One line a part of each arm and mode, means over layers."""
    table = [["arm", "mode", "part", "phase", "per token", "lift", "n", "problems"]]
    entries = select(data.on_set("attention"), layer=None)
    for entry in select(entries, measure="per_token"):
        same = {key: entry[key] for key in ("arm", "mode", "part", "phase")}
        lift = select(entries, measure="lift", **same)
        sizes = [str(entry["n"]), str(entry["clusters"])]
        table.append([*same.values(), figure(entry), figure(*lift), *sizes])
    return table


def followed_table(data: ReportData) -> Rows:
    """Attention on constraints by whether they were followed and the answer right."""
    table = [["arm", "mode", "constraints", "followed", "answer", "per token", "lift", "verdicts"]]
    entries = data.on_set("attention_followed")
    right = {True: "right", False: "not right", None: "not graded"}
    for entry in select(entries, measure="per_token"):
        same = {key: entry[key] for key in ("arm", "mode", "scope", "followed", "right")}
        lift = select(entries, measure="lift", **same)
        said = "followed" if entry["followed"] else "broken"
        head = [entry["arm"], entry["mode"], entry["scope"] or "all", said, right[entry["right"]]]
        table.append([*head, figure(entry), figure(*lift), str(entry["n"])])
    return table


def figure(entry: Entry | None = None) -> str:
    """A figure with its interval, in digits that count: attention on a token is small. A dash where there is none, as of
    lift where no layer sees the prompt any more."""
    if entry is None:
        return "–"
    value = f"{entry['value']:.3g}"
    if entry["low"] is not None:
        value += f" [{entry['low']:.3g}, {entry['high']:.3g}]"
    return value.replace("-", "−")


def part_dots(data: ReportData) -> Drawing | None:
    """The parts of the drop as shares of the attention without a thought, a panel an arm and mode.

    What one prompt alone tells has no interval and is in the table.
    """
    measured = select(data.on_set("attention"), layer=None, phase=ONSET)
    entries = [entry for entry in measured if entry["low"] is not None]
    sides = list(dict.fromkeys((entry["arm"], entry["mode"]) for entry in entries))
    names = [name for name in dict.fromkeys(entry["part"] for entry in entries) if name != "before"]
    if not sides:
        return None
    drawn, all_axes = panels(len(sides), 2, 0.2 * len(names) + 0.1, left=room(names), gap=0.2)
    for axes, (arm, mode) in zip(all_axes, sides, strict=True):
        for nudge, (measure, colour) in zip((-0.12, 0.12), SHOWN.items(), strict=True):
            by_part = {e["part"]: e for e in select(entries, arm=arm, mode=mode, measure=measure)}
            shown = [
                _relative(by_part[name], by_part["before"]["value"]) for name in names if name in by_part
            ]
            x, y = [e["value"] for e in shown], [names.index(e["part"]) + nudge for e in shown]
            axes.plot(x, y, "o", color=colour, markersize=2.8)
            interval_bars(axes, x, y, shown, upright=False, colour=colour)
        axes.axvline(0, color="black", linewidth=0.6)
        axes.set(title=f"{arm}, {mode}", ylim=(len(names) - 0.5, -0.5))
        axes.set_yticks(range(len(names)), names)
        grid(axes, "x")
    legend = [
        dot(SHOWN["per_token"], "per token (the paper’s)"),
        dot(SHOWN["lift"], "lift over the prompt’s mean token"),
    ]
    foot(
        drawn,
        "share of the attention that the same answer’s first tokens pay without a thought, with 95 % interval",
        legend,
    )
    return drawn


def _relative(entry: Entry, before: float) -> Entry:
    ends = {key: None if entry[key] is None else entry[key] / before for key in ("value", "low", "high")}
    return entry | ends


ANALYSIS = Analysis(
    name="attention",
    entry=AttentionPart,
    compute=attention_parts,
    heading="Attention on the constraints",
    contents="attention",
    parts=[
        Sentences(
            "How much of a model’s attention falls on the words that state the constraints while it answers, and what a "
            "thought before the answer changes. The same answer is read after the prompt alone and after the thought, so "
            "nothing but what stands between differs (and, of mode `cot`, the request to think). A drop by itself is "
            "mostly position: behind a thought the prompt is "
            "further away and shares attention with more words. So it is held against neutral filler as long as the "
            "thought, against a thought about another problem, and against other words of the same prompt.",
            survives,
        ),
        Figure(
            "attention_parts",
            "The drop and its parts.",
            "Each part is a share of what the same answer’s first tokens pay to the constraints without a thought. `of "
            "position` is what neutral filler shows too, and `beyond position` the rest; `of random spans` is the drop of other "
            "words of the prompt, and `beyond random spans` what is the constraints’ own. A part whose interval holds zero has "
            "not been told from nothing.",
            "",
            part_dots,
        ),
        Table("attention_parts", parts_table, "The parts in numbers, and the drop between answers as they were sampled", "text"),
    ],
)  # fmt: skip

FOLLOWED = Analysis(
    name="attention_followed",
    entry=AttentionFollowed,
    compute=attention_followed,
    parts=[
        Table(
            "attention_followed",
            followed_table,
            "Attention on constraints that were followed or broken, by whether the answer was right",
            "text",
            "Published results have opposite signs: one study finds broken constraints looked at less, another more. This "
            "table has both verdicts of every reply.",
        )
    ],
)
