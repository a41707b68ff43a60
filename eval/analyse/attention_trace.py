"""The course of attention on the constraints over thought and answer, in tenths: the paper's trace (its equation 1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..attention.lines import Measured, measures
from ..attention.replies import means
from ..score.measure import Entry
from ..stats.intervals import Floats
from ..verify.decision import DIRECT
from .analysis import Analysis, EntryLists, Figure
from .attention import Measure
from .attention_data import replies_of
from .fields import ArmName, Clusters, High, Low, Mode, SetName
from .results import ReportData, select
from .set_data import SetData
from .style import BLUE, GREY, band, foot, line, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

SPANS = ("all", "random")
TRACED = {"per_token": "per token", "lift": "lift"}
TENTHS = 10


@dataclass(frozen=True)
class AttentionTrace:
    """Attention in one tenth of the thoughts or of the answers, as sampled; means over layers."""

    set: SetName
    arm: ArmName
    mode: Mode
    phase: Annotated[str, "`thought` or `answer`"]
    tenth: Annotated[
        int, "0 to 9; of replies whose phase is so short that a tenth is empty, the others count"
    ]
    span: Annotated[str, "`all`: the constraints; `random`: as many other tokens of the prompt"]
    measure: Measure
    value: Annotated[float, "the mean over replies"]
    low: Low
    high: High
    n: Annotated[int, "replies that it rests on"]
    clusters: Clusters


def attention_trace(data: SetData, _: EntryLists) -> Iterator[AttentionTrace]:
    """Of every arm and mode that was read; the seeds of an arm together."""
    problems = {row.name: row.problem_id for row in data.row_set.rows}
    for arm, mode in data.attention:
        lines = [reply.sampled for reply in replies_of(data.attention, arm, mode) if reply.sampled]
        for phase in ("thought", "answer"):
            for span in SPANS:
                courses = [
                    (problems[reply.row], _course(reply, phase, span))
                    for reply in lines
                    if _has(reply, phase, span)
                ]
                for tenth in range(TENTHS):
                    known = [
                        (name, course[:, tenth]) for name, course in courses if not np.isnan(course[0, tenth])
                    ]
                    if known:
                        at_tenth = means([values for _, values in known], [name for name, _ in known])
                        for measure, mean in zip(TRACED, at_tenth, strict=True):
                            if mean.n:  # where no reply looks at its prompt any more, there is no lift
                                yield AttentionTrace(data.name, arm, mode, phase, tenth, span, measure, *mean)


def _has(line_read: Measured, phase: str, span: str) -> bool:
    return span in line_read.trace.get(phase, {})


def _course(line_read: Measured, phase: str, span: str) -> Floats:
    """The traced measures [measures, tenths] of one reply."""
    masses = line_read.trace[phase]
    of_span = measures(masses[span], masses["prompt"], line_read.span_tokens[span], line_read.prompt_tokens)
    return np.stack([of_span[measure] for measure in TRACED])


def traces(data: ReportData) -> Drawing | None:
    """The course over the reply, thinking and direct, constraints and random spans; a panel a measure of each arm."""
    entries = data.on_set("attention_trace")
    thinks = [(e["arm"], e["mode"]) for e in entries if e["phase"] == "thought" and e["mode"] != DIRECT]
    sides = [(*side, measure) for side in dict.fromkeys(thinks) for measure in TRACED]
    if not sides:
        return None
    drawn, all_axes = panels(len(sides), 2, 1.1, left=0.55, gap=0.5, foot=0.7, inner=True)
    for axes, (arm, mode, measure) in zip(all_axes, sides, strict=True):
        for of_mode, colour in {DIRECT: GREY, mode: BLUE}.items():
            for span, style in zip(SPANS, ("-", ":"), strict=True):
                course = select(entries, arm=arm, mode=of_mode, measure=measure, span=span)
                _draw(axes, [e for e in course if of_mode == mode or e["phase"] == "answer"], colour, style)
        axes.axvline(TENTHS, color="black", linewidth=0.6)
        axes.set(title=f"{arm}, {mode}: {TRACED[measure]}", xlim=(0, 2 * TENTHS), ylim=(0, None))
        axes.set_xticks((TENTHS / 2, 1.5 * TENTHS), ("thought", "answer"))
    legend = [
        line("behind a thought", color=BLUE),
        line("given directly", color=GREY),
        line("constraints", color="black"),
        line("other tokens of the prompt", color="black", linestyle=":"),
    ]
    foot(drawn, "attention over the reply in tenths of thought and answer, with 95 % band", legend, columns=2)
    return drawn


def _draw(axes: Axes, course: list[Entry], colour: str, style: str) -> None:
    for phase, start in (("thought", 0), ("answer", TENTHS)):
        points = [entry for entry in course if entry["phase"] == phase]
        x = [start + entry["tenth"] + 0.5 for entry in points]
        axes.plot(x, [entry["value"] for entry in points], style, color=colour, linewidth=1.1)
        if style == "-":
            band(axes, x, points, colour)


ANALYSIS = Analysis(
    name="attention_trace",
    entry=AttentionTrace,
    compute=attention_trace,
    parts=[
        Figure(
            "attention_trace",
            "The course over the reply.",
            "Attention on the constraints (solid) and on as many other tokens of the prompt (dotted), from the first tenth of "
            "the thought to the last of the answer, and in answers given directly. Per token it falls as the text before it "
            "grows; the lift is against the prompt’s mean token, which grows as distant.",
            "",
            traces,
        )
    ],
)
