"""Figures along training: every evaluated checkpoint of every stage, from the arm's base to its last.

One arm's way through `sft` and then `rl` is shown whole, so arms with a common first stage share its points. Seeds
stand alone. Asked in the set's first mode only.
"""

from collections.abc import Iterator

from ..score.measure import Entry, estimates, measures, resample
from ..stats.intervals import Floats
from .run_folder import Arm, Study

METRICS = ("hacc", "sacc", "correct", "reasoning_tokens", "cut")


def along(study: Study, name: str, draws: Floats) -> list[Entry]:
    """`{arm, stage, stages, seed, step, total_step, checkpoint, set, mode, metric, value, low, high, n, clusters}`.

    `step` counts within the stage: 0 is what the stage started from; `total_step` counts from the base.
    """
    mode = study.evaluate[name]["modes"][0]
    known: dict[str, list[Entry]] = {}
    return [
        {"arm": arm.name, "seed": arm.seed, "set": name, "mode": mode} | entry
        for arm in study.arms
        for entry in _of_arm(study, arm, name, mode, draws, known)
    ]


def _of_arm(
    study: Study, arm: Arm, name: str, mode: str, draws: Floats, known: dict[str, list[Entry]]
) -> Iterator[Entry]:
    for point in study.way(arm):
        if point.checkpoint not in known:
            known[point.checkpoint] = _figures(study, point.checkpoint, name, mode, draws)
        for one in known[point.checkpoint]:
            yield {"stage": point.stages[-1], "stages": list(point.stages)} | {
                "step": point.step, "total_step": point.total_step, "checkpoint": point.checkpoint
            } | one  # fmt: skip


def _figures(study: Study, checkpoint: str, name: str, mode: str, draws: Floats) -> list[Entry]:
    row_set, cell = study.row_sets[name], study.cell(checkpoint, name, mode)
    whole = (
        [one for one in measures(row_set, cell) if one.group is None and one.metric in METRICS]
        if cell
        else []
    )
    return [
        {"metric": measure.metric} | one._asdict()
        for measure, one in zip(whole, estimates(whole, resample(whole, draws)), strict=True)
    ] if whole else []  # fmt: skip
