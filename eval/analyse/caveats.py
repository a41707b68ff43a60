"""What a reader has to know before the figures: what is missing from them, why, and what they do not say."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..attention.spans import located, not_found
from ..score.measure import RowSet, ScoredSamples
from ..stats.bins import FEWEST
from ..verify.decision import DIRECT
from ..verify.thought_formats import THINK as USUAL
from .attention_auc import AttentionAuc
from .attention_data import Sides, answers_of, thinking
from .effects import crossings, unknown
from .length import THINK, reasoning
from .length_bins import LengthBin
from .load import Load, untold
from .run_folder import RunFolder, SetSamples
from .set_data import SetData
from .verdict_data import FEWEST as FEWEST_PROBLEMS

# With as much more of the samples without an answer, a mode has done something else than set a length.
CLEARLY_MORE = 0.1
COT = "cot"
HARDLY = 0.05  # a share below which an arm does not reason, or has no lack of ends


def caveats(
    data: SetData, bins: Sequence[LengthBin], ranked: Sequence[AttentionAuc], loads: Sequence[Load]
) -> list[str]:
    """One line for each gap in what is said of a set; `bins` and `loads` are the set's, `ranked` what attention was to tell."""
    row_set, samples = data.row_set, data.samples
    gaps = (
        *_row_gaps(row_set),
        *_comparison_gaps(data),
        *_sample_gaps(row_set, samples, data.run.preset),
        *_mode_gaps(samples, data.run.preset),
        *_bin_gaps(bins, data.bins),
        *_attention_gaps(data, ranked),
        *_load_gaps(data, loads),
    )
    return [f"{data.name}: {gap}" for gap in gaps]


def seed_caveats(run: RunFolder) -> Iterator[str]:
    """What the intervals of a run leave out for want of training seeds."""
    seeds: dict[str, int] = {}
    for arm in run.arms:
        if arm.seed is not None:
            seeds[arm.name] = seeds.get(arm.name, 0) + 1
    of_count = {count: [arm for arm in seeds if seeds[arm] == count] for count in (1, 2)}
    if single := of_count[1]:
        which = "every trained arm" if len(single) == len(seeds) else ", ".join(single)
        yield (
            f"one training seed of {which}: the intervals cover problems and samples, and leave out how differently "
            "another seed would have come out (`seeds: [0, 1, 2]` would show it)"
        )
    if len(single) < len(seeds):
        yield (
            "of several training seeds, length bins, slopes, parts of a change by regression, second passes, policies and attention take "
            "all samples together: their intervals leave out how seeds differ"
        )
    if few := of_count[2]:
        yield f"two training seeds of {', '.join(few)} hardly say how far seeds differ: their intervals are very wide"


def _row_gaps(row_set: RowSet) -> Iterator[str]:
    if row_set.clusters < 2:
        yield "all rows belong to one problem, so there are no intervals and no p values"
    if not any(row_set.types):
        yield "no row has constraints, so there is no HAcc, SAcc or verdict"
    if not any(row.answer for row in row_set.rows):
        yield "no row has an answer, so nothing is graded right or wrong"


def _comparison_gaps(data: SetData) -> Iterator[str]:
    for crossing in crossings(data):
        if reason := unknown(data, crossing):
            yield f"no effects of {crossing.name}: {reason}"
    for arm, against in data.unpaired:
        of_arm, of_against = (", ".join(map(str, data.seeds(name))) for name in (arm, against))
        yield (
            f"{arm} is not compared with {against}: one has the seeds {of_arm}, the other {of_against}; "
            "run the recipe for all of its seeds"
        )


def _sample_gaps(row_set: RowSet, samples: SetSamples, preset: str) -> Iterator[str]:
    if single := [key for key, seeds in samples.items() if len(seeds[0].row) == len(row_set.rows)]:
        yield f"one sample a row from {_listed(single)}, so nothing is compared within a prompt"
    if lost := [key for key, seeds in samples.items() if not any(scored.finished.any() for scored in seeds)]:
        yield f"all samples of {_listed(lost)} are cut or unclosed, so none is in a bin"
    if unended := [key for key, seeds in samples.items() if _unanswered(seeds) > HARDLY]:
        what = (
            "they miss constraints and answer together, which is part of their joint excess"
            if preset == "reins"
            else f"preset {preset} judges what is there of them"
        )
        yield f"over {HARDLY:.0%} of the samples of {_listed(unended)} are cut or unclosed; {what}"
    if uncounted := [key for key, seeds in samples.items() if any(map(_uncounted, seeds))]:
        yield f"finished samples of {_listed(uncounted)} come without counts of tokens, so nothing is said of their lengths"
    for key, seeds in samples.items():
        if marks := {name for scored in seeds for name in scored.format.tolist()} - {"", USUAL.name}:
            yield f"thoughts of {_listed([key])} are told from answers by the tags of {', '.join(sorted(marks))}"
    for key, seeds in samples.items():
        if late := sum(int(scored.late.sum()) for scored in seeds):
            yield f"{late} answers of {_listed([key])} could not be graded in time and count as not right"


def _mode_gaps(samples: SetSamples, preset: str) -> Iterator[str]:
    arms, modes = (list(dict.fromkeys(names)) for names in zip(*samples, strict=True))
    fail = ", and they fail" if preset == "reins" else ""
    if absent := [(arm, mode) for arm in arms for mode in modes if (arm, mode) not in samples]:
        yield f"not asked in every mode: {_listed(absent)}"
    thinking = {arm: samples[arm, THINK] for arm in arms if (arm, THINK) in samples}
    if silent := [
        (arm, THINK)
        for arm, seeds in thinking.items()
        if not any(reasoning(scored).any() for scored in seeds)
    ]:
        yield f"no finished sample of {_listed(silent)} reasons, so there is no length for verdicts to go with"
    if (hardly := _hardly_reasoning(arms, THINK, samples)) and DIRECT in modes:
        yield (
            f"{', '.join(hardly)} hardly reason in {THINK}: what direct changes there is not what reasoning does, but what "
            "an empty thought does, if the template has one put in front"
        )
    if unmoved := _hardly_reasoning(arms, COT, samples):
        yield (
            f"asked for a thought ({COT}), {', '.join(unmoved)} hardly give one: what {COT} changes there is what the "
            "request does, not what reasoning does"
        )
    for mode in modes:
        shares = {
            arm: (_unanswered(samples.get((arm, mode), [])), _unanswered(thinking[arm])) for arm in thinking
        }
        if more := [f"{arm} {a:.0%} ({b:.0%})" for arm, (a, b) in shares.items() if a > b + CLEARLY_MORE]:
            yield (
                f"{mode} leaves more samples cut or unclosed than {THINK} does{fail}, whatever the length of "
                f"the rest: {', '.join(more)}; hacc_finished is without them"
            )


def _hardly_reasoning(arms: Sequence[str], mode: str, samples: SetSamples) -> list[str]:
    asked = {arm: samples[arm, mode] for arm in arms if (arm, mode) in samples}
    return [arm for arm, seeds in asked.items() if _mean(scored.reasoned for scored in seeds) < HARDLY]


def _bin_gaps(bins: Sequence[LengthBin], wanted: int) -> Iterator[str]:
    merged = (each for each in bins if each.merged > 1 and each.kind == "equal_count" and each.source is None)
    if few := dict.fromkeys((each.arm, each.mode) for each in merged):
        yield f"fewer than {wanted} bins, so that each holds {FEWEST} samples, for {_listed(few)}"


def _attention_gaps(data: SetData, ranked: Sequence[AttentionAuc]) -> Iterator[str]:
    if not data.attention:
        return
    spans = [each for _, each in located(data.row_set.rows, data.name, data.run.preset)]
    if missing := not_found(spans):
        yield (
            f"attention: {len(missing)} constraints are not found in their prompts and are left out, the first "
            f"{missing[0]}"
        )
    if DIRECT not in data.modes:
        yield "attention: not asked in direct, so there is no thought to set answers against"
    left = {key: _left_out(data.attention, *key) for key in thinking(data.attention)}
    if told := ", ".join(f"{share:.0%} of {_listed([key])}" for key, share in left.items() if share >= 0.005):
        yield f"attention: what is told of answers behind a thought leaves out replies without one, cut off or unclosed: {told}"
    alike = {(each.arm, each.mode): each.lost for each in ranked if each.lost in (0, each.n)}
    for key, lost in alike.items():
        yield (
            f"attention: {'every' if lost else 'no'} constraint is lost by thinking in {_listed([key])}, so there is "
            "nothing to rank"
        )


def _load_gaps(data: SetData, loads: Sequence[Load]) -> Iterator[str]:
    if missing := untold(data, loads):
        yield (
            f"nothing is said of steps against constraints of {_listed(missing)}: among finished samples fewer than "
            f"{FEWEST_PROBLEMS} problems have a verdict that holds, or one that does not, or these do not tell steps, "
            "constraints and types apart"
        )


def _left_out(sides: Sides, arm: str, mode: str) -> float:
    return 1 - len(answers_of(sides, arm, mode)) / sum(len(read.scores) for read in sides[arm, mode])


def _uncounted(scored: ScoredSamples) -> bool:
    return bool(scored.finished.any() and np.isnan(scored.numbers["reasoning_tokens"][scored.finished]).all())


def _unanswered(seeds: Sequence[ScoredSamples]) -> float:
    return 1 - _mean(scored.finished for scored in seeds) if seeds else 0.0


def _mean(flags: Iterable[NDArray[Any]]) -> float:
    return float(np.concatenate(list(flags)).mean())


def _listed(keys: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{arm} ({mode})" for arm, mode in keys)
