"""`reins check`: all that a CPU can find wrong with a recipe before a GPU is taken, a line a check, each with the fix.

Looks at recipe, launch file, template, tokenizer and rows. What is only on the hub and not in its cache is named
as not looked at. Levels: `FAIL` will go wrong, `warn` may, or could not be looked at, `ok` states what was found.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from ...eval.io.errors import InputError
from ..recipe.resolve import check
from ..recipe.schema import Recipe
from . import (
    arithmetic,
    asking,
    cost,
    factors,
    gpu,
    lengths,
    mixtures,
    modes,
    overlap,
    replies,
    served,
    template,
    tokens,
    trl_objects,
    vllm_engine,
    weights,
)
from .finding import Finding
from .material import Material

__all__ = ["Finding", "preflight"]

CHECKS: tuple[Callable[[Material], Iterator[Finding]], ...] = (
    weights.values,
    trl_objects.objects,
    arithmetic.launch,
    arithmetic.batch,
    arithmetic.updates,
    arithmetic.logged,
    arithmetic.kept,
    lengths.positions,
    lengths.responses,
    lengths.truncation,
    lengths.prompts,
    modes.modes,
    lengths.answered,
    tokens.embedded,
    tokens.stops,
    tokens.generation,
    template.template,
    template.prefill,
    replies.replies,
    asking.day,
    asking.templates,
    asking.answers,
    asking.told,
    mixtures.rewards,
    overlap.overlap,
    mixtures.arms,
    factors.cells,
    factors.prefixes,
    mixtures.sequence,
    mixtures.evaluation,
    gpu.packing,
    gpu.precision,
    gpu.lora,
    gpu.vllm,
    vllm_engine.arguments,
    vllm_engine.installed,
    gpu.rope,
    gpu.memory,
    arithmetic.disk,
    served.servers,
    served.prices,
    cost.cost,
)
# The finding that a refused key belongs to: by its part of the recipe, or, in a stage, by its innermost key of these.
PARTS = {
    "base": "model",
    "models": "model",
    "launch": "launch",
    "evaluate": "evaluation",
    "arms": "arms",
    "factors": "factors",
    "cells": "factors",
    "against": "arms",
    "data": "data",
    "stages": "mixture",
}
KEYS = {
    "rewards": "rewards",
    "lora": "lora",
    "args": "args",
    "generation_batch_size": "batch",
    "save_steps": "batch",
    "packing": "packing",
    "packing_strategy": "packing",
    "save_total_limit": "checkpoints",
}


def name_of(where: str) -> str:
    """The name of the finding for an error at this place of a recipe, as `stages.rl.args.save_steps`."""
    part, *keys = where.split(": ")[0].split(".")
    inner = keys[1:] if part == "stages" else []  # after the stage's name, which may be any of these words
    return next((KEYS[key] for key in reversed(inner) if key in KEYS), PARTS.get(part, "keys"))


def preflight(recipe: Recipe, folder: Path) -> list[Finding]:
    """Every finding about a recipe that was read, for the run folder that it would have.

    Where `check` refuses the recipe, or a set cannot be built, that is all: the rest cannot be looked at.
    """
    try:
        material = Material(check(recipe, Path(recipe.name)), folder)
    except InputError as error:
        where = error.where.removeprefix(f"{recipe.name}: ")
        return [Finding("FAIL", name_of(where), f"{where}: {error.what}", error.fix)]
    findings = [
        Finding("ok", "keys", "every key is known, and names what is there"),
        *_together(lengths.sets(material)),
    ]
    if any(finding.level == "FAIL" for finding in findings):  # every other check reads rows
        return findings
    return findings + [finding for run_check in CHECKS for finding in _together(run_check(material))]


def _together(findings: Iterator[Finding]) -> list[Finding]:
    """What is said of several stages or sets in the same words, once: `sft, sft_if: 16 rows an update`."""
    subjects: dict[Finding, list[str]] = {}
    for finding in findings:
        subject, colon, statement = finding.text.partition(": ")
        subjects.setdefault(finding._replace(text=colon + statement), []).append(subject)
    return [
        finding._replace(text=", ".join(dict.fromkeys(names)) + finding.text)
        for finding, names in subjects.items()
    ]
