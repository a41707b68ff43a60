"""An arm's change against its base in parts: what its controls change as well, and what goes with how it answers.

A control (`sft_direct`, `sft_self`, …) is trained as long on data without the teacher's reasoning, so what it loses
is no price of reasoning: `control:<name>` is its change, `remains:<name>` what the arm changes beyond it. Format,
answer length, reasoning length and unfinished samples are shares by regression: association, unless a mode changed
them; of kind `intervention`, `format` is the arm with its reasoning against the same weights without it, given
where the arm mostly reasons: elsewhere it would only say what an empty thought in front does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np

from ..score.measure import Entry, RowSet, ScoredSamples
from ..stats.oaxaca import Outcomes, attribute
from .analysis import Analysis, EntryLists, Figure, Table
from .contrasts import Contrast
from .fields import Against, ArmName, High, Low, Metric, Mode, SetName
from .formats import starred
from .metrics import OUTCOMES
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import BLUE, GREEN, GREY, ORANGE, change_axis, dot, foot, intervals, panels, reach_of, room

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

MOSTLY = 0.5  # share of samples that reason, from which taking the reasoning away says something
PARTS = {
    "total": "arm − what it is held against",
    "format": "format: reasoning first",
    "unfinished": "unfinished samples",
    "answer_length": "answer length",
    "reasoning_length": "reasoning length",
}
KINDS = {
    "contrast": ("compared arms", "black", "o"),
    "association": ("association only", GREEN, "D"),
    "intervention": ("a mode intervened", ORANGE, "^"),
}
SIDES = {
    "total": ("arm", "black", "o"),
    "control": ("its control", GREY, "s"),
    "remains": ("arm − control: what remains", BLUE, "D"),
}


@dataclass(frozen=True)
class ChangePart:
    """A part of an arm's change against what it is counted from."""

    set: SetName
    arm: ArmName
    against: Against
    mode: Mode
    metric: Metric
    part: Annotated[
        str,
        "`total`; `format`, `answer_length`, `reasoning_length`, `unfinished` and the `rest` of them; "
        "`control:<arm>` and `remains:<arm>`",
    ]
    kind: Annotated[
        str, "how it is known: `contrast` of arms, `association` by regression, `intervention` of a mode"
    ]
    value: Annotated[float | None, "its size; null where the samples cannot tell it from the arm itself"]
    low: Low
    high: High
    n: Annotated[int, "samples on the smaller side"]


class Change(NamedTuple):
    """Which change is decomposed."""

    set: str
    arm: str
    against: str
    mode: str
    metric: str


def parts(data: SetData, lists: EntryLists) -> Iterator[ChangePart]:
    """Of the change of every arm in every mode and outcome that both sides have."""
    whole = [contrast for contrast in lists["contrasts"] if contrast.group is None]
    for (arm, mode), samples in data.samples.items():
        against = data.roles.reference(arm) or ""
        alike = data.comparable((arm, mode), (against, mode))
        reference = data.samples.get((against, mode), ()) if alike else ()
        for metric in OUTCOMES:
            if _known(samples, metric) and _known(reference, metric):
                change = Change(data.name, arm, against, mode, metric)
                for gap in _contrasts_of(whole, change, arm, against):
                    yield _part(change, "total", gap)
                outcomes = (_outcomes(data.row_set, seeds, metric) for seeds in (samples, reference))
                yield from (ChangePart(*change, **part._asdict()) for part in attribute(*outcomes))
                yield from _controls(whole, change, data.roles.controls(arm))
                if np.concatenate([cell.reasoned for cell in samples]).mean() > MOSTLY:
                    yield from _without_reasoning(whole, change)


def _known(samples: Sequence[ScoredSamples], metric: str) -> bool:
    return any(not np.isnan(scored.numbers[metric]).all() for scored in samples)


def _outcomes(row_set: RowSet, samples: Sequence[ScoredSamples], metric: str) -> Outcomes:
    verdict, answer, reasoning = (
        np.concatenate([scored.numbers[name] for scored in samples])
        for name in (metric, "answer_tokens", "reasoning_tokens")
    )
    reasoned = np.concatenate([scored.reasoned for scored in samples])
    finished = np.concatenate([scored.finished for scored in samples])
    row = np.concatenate([scored.row for scored in samples])
    return Outcomes(verdict, answer, reasoning, reasoned, finished, row, row_set.cluster[row])


def _contrasts_of(whole: Sequence[Contrast], change: Change, arm: str, against: str) -> list[Contrast]:
    """The contrast of two arms in the mode and metric of a change."""
    wanted = (arm, against, change.mode, change.mode, change.metric)
    return [
        contrast
        for contrast in whole
        if (contrast.arm, contrast.against, contrast.mode, contrast.against_mode, contrast.metric) == wanted
    ]


def _part(change: Change, part: str, gap: Contrast) -> ChangePart:
    return ChangePart(*change, part, "contrast", gap.diff, gap.low, gap.high, gap.n)


def _controls(whole: Sequence[Contrast], change: Change, controls: Sequence[str]) -> Iterator[ChangePart]:
    """What a control changes and what remains beyond it, of controls that are held against the same as the arm."""
    for control in controls:
        pairs = {"control": (control, change.against), "remains": (change.arm, control)}
        gaps = {name: _contrasts_of(whole, change, *pair) for name, pair in pairs.items()}
        if all(gaps.values()):
            yield from (_part(change, f"{name}:{control}", gap) for name, of in gaps.items() for gap in of)


def _without_reasoning(whole: Sequence[Contrast], change: Change) -> Iterator[ChangePart]:
    """The contrast of mode `direct` with this mode, turned round."""
    wanted = (change.arm, "direct", change.mode, change.metric)
    for gap in whole:
        if gap.arm == gap.against and (gap.arm, gap.mode, gap.against_mode, gap.metric) == wanted:
            low, high = (None, None) if gap.low is None or gap.high is None else (-gap.high, -gap.low)
            yield ChangePart(*change, "format", "intervention", -gap.diff, low, high, gap.n)


def part_label(part: str) -> str:
    """A part of a change in words."""
    kind, _, control = part.partition(":")
    labels = {"control": f"{control}, against the same", "remains": f"arm − {control}"}
    return PARTS.get(part, labels.get(kind, part))


def _labels(entry: Entry) -> list[str]:
    return [entry["arm"], entry["metric"], part_label(entry["part"])]


def parts_table(data: ReportData) -> Rows:
    """What each arm's change is made of: against its controls, and what it goes with."""
    return [["arm", "metric", "part", "how known", "change", "n"]] + [
        [*_labels(entry), entry["kind"], starred(entry), str(entry["n"])]
        for entry in data.entries("attribution")
    ]


def part_dots(data: ReportData) -> Drawing | None:
    """The change of HAcc of each arm and what it goes with: format and lengths; a panel an arm."""
    shown = [
        entry
        for entry in data.entries("attribution")
        if entry["metric"] == "hacc"
        and entry["value"] is not None
        and ":" not in entry["part"]
        and entry["arm"] not in data.with_role("control")
    ]
    arms = list(dict.fromkeys(entry["arm"] for entry in shown))
    if not arms:
        return None
    names = list(dict.fromkeys(entry["part"] for entry in shown))
    labels = [part_label(name) for name in names]
    figure, all_axes = panels(len(arms), 3, 0.15 * len(names) + 0.1, left=room(labels), gap=0.15)
    reach = reach_of(shown, "value")
    for axes, arm in zip(all_axes, arms, strict=True):
        for kind, (_, colour, marker) in KINDS.items():
            of_kind = select(shown, arm=arm, kind=kind)
            nudge = 0.25 if kind == "intervention" else 0
            x = [entry["value"] for entry in of_kind]
            y = [names.index(entry["part"]) + nudge for entry in of_kind]
            axes.plot(x, y, marker, color=colour, markersize=3)
            intervals(axes, x, y, of_kind, upright=False, colour=colour)
        change_axis(axes, reach, labels)
        axes.set_title(arm)
    kinds = {entry["kind"] for entry in shown}
    legend = [dot(colour, label, marker) for kind, (label, colour, marker) in KINDS.items() if kind in kinds]
    foot(
        figure, "part of the change of HAcc against what the arm is held against, with 95 % interval", legend
    )
    return figure


def control_dots(data: ReportData) -> Drawing | None:
    """The change of HAcc of an arm, of its control, and what remains between them; a row an arm and control."""
    of_metric = select(data.entries("attribution"), metric="hacc")
    entries = [entry for entry in of_metric if entry["value"] is not None]
    whole = {entry["arm"] for entry in entries if entry["part"] == "total"}
    remains = [entry for entry in entries if entry["part"].startswith("remains:") and entry["arm"] in whole]
    pairs = [(entry["arm"], entry["part"].partition(":")[2]) for entry in remains]
    if not pairs:
        return None
    labels = [f"{arm} and {control}" for arm, control in pairs]
    figure, (axes,) = panels(1, 1, max(0.3 * len(pairs), 0.5), left=room(labels))
    arms = {name for pair in pairs for name in pair}
    shown = [entry for entry in entries if entry["kind"] == "contrast" and entry["arm"] in arms]
    change_axis(axes, reach_of(shown, "value"), labels)
    for i, (part, (_, colour, marker)) in enumerate(SIDES.items()):
        names = [part if part == "total" else f"{part}:{control}" for _, control in pairs]
        points = [select(entries, arm=arm, part=name)[0] for (arm, _), name in zip(pairs, names, strict=True)]
        x, y = [entry["value"] for entry in points], [row + (i - 1) * 0.24 for row in range(len(points))]
        axes.plot(x, y, marker, color=colour, markersize=3)
        intervals(axes, x, y, points, upright=False, colour=colour)
    axes.set_title("HAcc")
    legend = [dot(colour, label, marker) for label, colour, marker in SIDES.values()]
    foot(figure, "change of HAcc, with 95 % interval", legend)
    return figure


ANALYSIS = Analysis(
    name="attribution",
    entry=ChangePart,
    compute=parts,
    heading="What the change goes with",
    contents="attribution",
    parts=[
        Figure(
            "controls",
            "What remains of an arm’s change beyond its control.",
            "What a control arm loses at equal steps is no price of reasoning: blue is what is left of black after it.",
            "no arm stands beside a control arm",
            control_dots,
        ),
        Figure(
            "attribution",
            "What the change of HAcc goes with.",
            "Black is the whole change. Green are its parts that go with something else that changed, by regression on "
            "the same prompts: association, not cause; the rest is what these leave. Orange, where asked, is the same "
            "checkpoint with its reasoning against without. Of several training seeds the intervals of black and orange cover "
            "how these differ, those of green do not.",
            "no arm was compared with the base on constraints",
            part_dots,
        ),
        Table("attribution", parts_table, "Every part", "text"),
    ],
)
