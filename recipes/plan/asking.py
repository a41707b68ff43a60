"""The parts of an evaluation: a set asked of one checkpoint in one mode, with what the mode shows and what it comes to."""

from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from ...eval.io.run_paths import checkpoint_name, unconstrained
from ...eval.sample.modes.mode import Mode
from ...eval.sample.modes.names import parse_mode
from ...eval.sample.modes.prompted import Cot
from ...eval.sample.settings import SPEED_ONLY, Sampling
from ...eval.verify.decision import THINKING
from ..recipe.modes import first_replies
from .recipe_run import RecipeRun
from .task import Part, Task


class SizedPart(NamedTuple):
    """A set asked in one way, with how many samples and at most how many tokens that comes to."""

    part: Part
    samples: int
    tokens: int


class Shown(NamedTuple):
    """A file that a mode shows, by the key that the evaluation knows it by, and the task that makes it."""

    key: str
    file: str
    task: str


def evaluated_part(
    run: RecipeRun,
    name: str,
    mode: str,
    checkpoint: str,
    folder: Path,
    seed: int,
    source: Task,
    *,
    plain: bool,
) -> SizedPart | None:
    """The set `name`, which `source` builds, asked of a checkpoint; `plain`: without its constraints.

    None where it would say nothing: a decision about rows without constraints, and an arm that is shown its own replies as
    another's.
    """
    evaluation, kind = run.recipe.evaluate[name], parse_mode(mode)
    label = unconstrained(name) if plain else name
    shown = []
    if plain and not kind.answers:
        return None
    if kind.needs == "examples":
        assert evaluation.examples is not None
        file = run.paths.rows(evaluation.examples)
        shown.append(Shown("examples", str(file), f"data {evaluation.examples}"))
    elif kind.needs == "replies":
        other = _checkpoint_of(run, evaluation.replies_of or "", seed)
        if other == checkpoint:
            return None
        replies = run.paths.evaluation(other, label, first_replies(evaluation)) / "responses.jsonl"
        shown.append(Shown("replies", str(replies), f"eval {other}"))
    settings = sample_settings(label, mode, evaluation, not plain)
    if evaluation.prompt_states and mode in THINKING and not plain:
        settings["prompt_states"] = True
    return sized_part(run, name, folder, settings, source, *shown, passes=_passes(run, name, kind))


def _passes(run: RecipeRun, name: str, mode: Mode) -> int:
    """How often the model replies for a sample: once less where its first reply is that of mode `cot`, asked before."""
    before = takewhile(lambda each: each != mode.text, run.recipe.evaluate[name].modes)
    is_said = Cot.name in before and run.recipe.launch.engine != "openai"
    return mode.passes - (mode.passes > 1 and is_said)


def sample_settings(label: str, mode: str, sampling: Sampling, constraints: bool) -> dict[str, Any]:
    """All that decides a set's samples beside the model."""
    settings = {key: getattr(sampling, key) for key in Sampling.model_fields}
    return {"label": label, "mode": mode, "with_constraints": constraints, **settings}


def deciding(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a set as they are hashed: those that move speed alone at their defaults, so that another value redoes
    nothing, and a run that never set one keeps the hash that it had while they counted."""
    defaults = {key: Sampling.model_fields[key].default for key in SPEED_ONLY if key in settings}
    return {**settings, **defaults}


def sized_part(
    run: RecipeRun,
    name: str,
    folder: Path,
    settings: Mapping[str, Any],
    source: Task,
    *shown: Shown,
    passes: int | None = None,
) -> SizedPart:
    """A set asked in one way, with the files that its mode shows; `passes`: how often the model replies for a sample, where
    that is not as often as the mode says."""
    mode = parse_mode(settings["mode"])
    drawn = mode.sampling(Sampling(**{key: settings[key] for key in Sampling.model_fields}))
    files = {each.key: each.file for each in shown}
    config = {"rows": str(run.paths.rows(name)), "out": str(folder), **settings, **files}
    needs = (source.name, *(each.task for each in shown))
    samples = source.amount * drawn.samples
    part = Part(folder, config, deciding(settings), needs)
    return SizedPart(part, samples, samples * (passes or mode.passes) * drawn.max_new_tokens)


def _checkpoint_of(run: RecipeRun, name: str, seed: int) -> str:
    """The folder of an arm's, or a model's, evaluations."""
    return name if name in run.recipe.models else checkpoint_name(run.recipe.arms[name].stages, seed)
