"""Differences on the same rows: between arms in one mode, and between the modes of one arm.

Families, inside which p is corrected (Holm): all comparisons of one kind on one set and metric. The kinds: in one
mode, `arms against base`, `arms against controls`, `mixed against unmixed`, and pairs that the recipe names; for one
arm, its `modes against` the first. Each way to group (by type, by source, …) is a family of its own, all arms and
groups in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from ..score.estimates import Sums, resample
from ..score.measure import Entry, Measure
from ..stats.paired import Side, Turned, holm, turned
from .analysis import Analysis, EntryLists, Table
from .contrast_cells import TURNS, claimed, claims_head, tested, turns_of
from .differences import Claim, claim, comparable, differences, on_shared_rows
from .fields import (
    Adjusted,
    Against,
    AgainstMode,
    ArmName,
    Asks,
    Clusters,
    Family,
    Grouped,
    High,
    Low,
    Metric,
    Mode,
    Probability,
    Seeds,
    SetName,
    grouping,
)
from .formats import starred
from .metrics import CONTRASTED, label
from .results import ReportData, Rows, select
from .roles import Question
from .set_data import ArmMeasure, SetData

FAMILIES: dict[Question, str] = {
    "base": "arms against base, {mode}",
    "control": "arms against controls, {mode}",
    "mixed": "mixed against unmixed, {mode}",
    "pair": "as the recipe pairs them, {mode}",
    "mode": "{arm}, modes against {against_mode}",
}
TREATMENT = "reasoning against base"
QUESTIONS = {  # of a contrast: in words, in the order that they are read in
    "control": "reasoning against its control",
    "pair": "as the recipe pairs them",
    "mixed": "mixed against unmixed",
    "base": "against base",
}
UNTURNED = ("sacc", "hacc_finished")  # of which no prompts are counted that turn
FIRST = (TREATMENT, QUESTIONS["control"], QUESTIONS["pair"])  # those beside the first figure
READING = (
    "Arm minus against, on the same rows, paired, clustered by problem. * the 95 % interval leaves zero out. "
    "p is for HAcc; Holm adjusts it within its family. “Detectable”: the smallest HAcc difference that this many "
    "problems would find with 80 % power; a null result says no more than “less than that”. Repaired prompts pass here "
    "and not on the other side, broken ones there alone; churn is the share of both. Of several training seeds a prompt "
    "counts under each."
)


@dataclass(frozen=True)
class Contrast:
    """The difference of a metric between two arms in one mode, or between two modes of one arm."""

    set: SetName
    arm: ArmName
    against: Against
    mode: Mode
    against_mode: AgainstMode
    question: Asks
    metric: Metric
    group: Grouped
    family: Family
    diff: Annotated[float, "the arm less the other, on the same rows"]
    low: Low
    high: High
    low_90: Annotated[float | None, "lower end of the 90 % interval, which a margin is held against"]
    high_90: Annotated[float | None, "upper end of the 90 % interval"]
    p: Probability
    p_holm: Adjusted
    mdd: Annotated[float | None, "the smallest difference that 80 % power at 5 % would find"]
    margin: Annotated[float | None, "the recipe's `margin`: a difference below it counts as none"]
    claim: Annotated[
        Claim | None,
        "by the margin: `equivalent` (the 90 % interval lies within it: two one-sided tests at 5 %), else `lost` or "
        "`gained` (the 95 % interval leaves zero out), else `undecided`; null without a margin",
    ]
    repaired: Annotated[
        int | None,
        "prompts that fail on the other side and pass here; null for `sacc`, and of finished samples, of which a "
        "prompt may have unlike many on both sides",
    ]
    broken: Annotated[int | None, "prompts that pass on the other side and fail here"]
    prompts: Annotated[
        int | None,
        "prompts on both sides, times training seeds; one passes when over half of its samples, or verdicts, do",
    ]
    churn: Annotated[
        float | None, "share of them that are repaired or broken: it can be large where `diff` is zero"
    ]
    n: Annotated[
        int,
        "samples (verdicts, for the metric `verdict`) on the smaller side; where the sides have unlike many of a row, as of "
        "finished samples, one mean a row and training seed, of the rows that both have",
    ]
    clusters: Clusters
    seeds: Seeds


def contrasts(data: SetData, _: EntryLists) -> Iterator[Contrast]:
    """Between arms, mode by mode, seeds together; then between each arm's modes and the first."""
    pairs = data.pairs
    for mode in data.modes:
        measured, sums = data.resampled(mode)
        # Seeds alone come first and share their key with all seeds together, which therefore replace them.
        index = {arm_measure.key: i for i, arm_measure in enumerate(measured)}
        compared = [
            (i, index[against, mode, metric, group])
            for arm, against in pairs
            for (owner, _mode, metric, group), i in index.items()
            if owner == arm and metric in CONTRASTED and (against, mode, metric, group) in index
        ]
        compared = [(a, b) for a, b in compared if comparable(measured[a], measured[b])]
        yield from _entries(data, measured, sums, compared)
    yield from _between_modes(data)


def _between_modes(data: SetData) -> Iterator[Contrast]:
    """Arm by arm, so that no more than one arm's resamples are held at once."""
    reference, *others = data.modes
    measured = [arm_measure for mode in data.modes for arm_measure in data.measures(mode)] if others else []
    for arm in dict.fromkeys(arm_measure.arm for arm_measure in measured):
        of_arm = [
            arm_measure
            for arm_measure in measured
            if arm_measure.arm == arm and arm_measure.measure.metric in CONTRASTED
        ]
        index = {arm_measure.key: i for i, arm_measure in enumerate(of_arm)}
        compared = [
            (i, index[arm, reference, metric, group])
            for (_, mode, metric, group), i in index.items()
            if mode != reference and (arm, reference, metric, group) in index
        ]
        compared = [(a, b) for a, b in compared if comparable(of_arm[a], of_arm[b])]
        sums = resample([arm_measure.measure for arm_measure in of_arm], data.draws)
        yield from _entries(data, of_arm, sums, compared)


def _entries(
    data: SetData, measured: Sequence[ArmMeasure], sums: Sums, compared: Sequence[tuple[int, int]]
) -> Iterator[Contrast]:
    measured, sums, compared = on_shared_rows(measured, sums, compared, data.draws)
    gaps = differences(measured, sums, compared)
    families = [_family(data, measured[a], measured[b]) for a, b in compared]
    adjusted = corrected([gap.p for gap in gaps], families)
    for (a, b), gap, family, p_holm in zip(compared, gaps, families, adjusted, strict=True):
        (arm, mode, metric, group), (against, against_mode, *_) = measured[a].key, measured[b].key
        question = data.roles.question(arm, against)
        identity = (data.name, arm, against, mode, against_mode, question, metric, grouping(group), family)
        turns = _turns(measured[a].measure, measured[b].measure)
        yield Contrast(
            *identity,
            **gap._asdict(),
            p_holm=p_holm,
            margin=data.margin,
            claim=claim(gap, data.margin),
            repaired=turns and turns.repaired,
            broken=turns and turns.broken,
            prompts=turns and turns.prompts,
            churn=turns and turns.churn,
            seeds=max(len(measured[a].seeds), len(measured[b].seeds)),
        )


def _turns(measure: Measure, against: Measure) -> Turned | None:
    """How prompts turn; None where a sample does not pass or fail, or a prompt has not as many on both sides."""
    if measure.metric in UNTURNED or measure.rows is None or against.rows is None:
        return None
    return turned(
        Side(measure.values, measure.rows, measure.seeds), Side(against.values, against.rows, against.seeds)
    )


def _family(data: SetData, measured: ArmMeasure, against: ArmMeasure) -> str:
    kind = family(data.roles.question(measured.arm, against.arm), measured.arm, measured.mode, against.mode)
    group = measured.measure.group
    return f"{kind}: {measured.measure.metric}{f' by {group.by}' if group else ''}"


def family(question: Question, arm: str, mode: str, against_mode: str) -> str:
    """The comparisons whose p values are adjusted together, but for their metric."""
    return FAMILIES[question].format(arm=arm, mode=mode, against_mode=against_mode)


def corrected(p: Sequence[float | None], families: Sequence[str]) -> list[float | None]:
    """Each p adjusted inside its family; None where there is none."""
    adjusted: list[float | None] = [None] * len(p)
    for name in dict.fromkeys(families):
        known = [(i, value) for i, value in enumerate(p) if families[i] == name and value is not None]
        for (i, _), holm_p in zip(known, holm([value for _, value in known]), strict=True):
            adjusted[i] = holm_p
    return adjusted


def ordered_pairs(contrasts: Sequence[Entry], role: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(arm, against, what it asks) for the contrasts that mean something; then the other arms against the base."""
    order = [TREATMENT, *QUESTIONS.values()]
    pairs = {
        (contrast["arm"], contrast["against"]): TREATMENT
        if contrast["question"] == "base" and role[contrast["arm"]] == "treatment"
        else QUESTIONS[contrast["question"]]
        for contrast in contrasts
    }
    return sorted(((*pair, asks) for pair, asks in pairs.items()), key=lambda pair: order.index(pair[2]))


def references(contrasts: Sequence[Entry]) -> dict[str, str]:
    """What each arm's change is counted from: the model that the recipe sets it against, or else its base."""
    return {
        contrast["arm"]: contrast["against"]
        for question in ("base", "pair")
        for contrast in contrasts
        if contrast["question"] == question
    }


def contrasts_table(data: ReportData) -> Rows:
    """The leading contrasts first; `*` where the interval leaves zero out, else what would have been detected."""
    whole = data.whole("contrasts")
    others = ("sacc", "correct", "correct_plain")
    claims = claims_head(whole)
    tests = [label("hacc"), "p", "Holm", "detectable", *claims, *TURNS]
    table = [["question", "arm", "against", *tests, *map(label, others)]]
    for arm, against, asks in ordered_pairs(whole, data.roles()):
        by_metric = {contrast["metric"]: contrast for contrast in select(whole, arm=arm, against=against)}
        changes = (starred(by_metric.get(metric)) for metric in others)
        hacc = by_metric.get("hacc")
        of_hacc = [*tested(hacc), *claimed(hacc, claims), *turns_of(hacc)]
        table.append([asks, arm, against, *of_hacc, *changes])
    return table


def leading_table(data: ReportData) -> Rows:
    """The contrasts that the page leads with, without their questions and the last column."""
    return [row[1:-1] for row in contrasts_table(data) if row[0] in ("question", *FIRST)]


def in_modes_table(data: ReportData) -> Rows:
    """The contrasts between arms in the other modes, each line with its mode."""
    head, *_ = contrasts_table(data)
    rows = [[mode, *row] for mode in data.modes[1:] for row in contrasts_table(data.in_mode(mode))[1:]]
    return [["mode", *head], *rows]


leading = Table("leading", leading_table, style="pair", note=READING)

ANALYSIS = Analysis(
    name="contrasts",
    entry=Contrast,
    compute=contrasts,
    parts=[Table("contrasts", contrasts_table, "Every contrast", "text")],
    appendix=[
        Table("contrasts_in_modes", in_modes_table, "Contrasts between arms in the other modes", "text")
    ],
)
