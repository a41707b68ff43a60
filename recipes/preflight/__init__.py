"""`reins check`: all that a CPU can find wrong with a recipe before a GPU is taken, a line a check, each with the fix.

Looks at recipe, launch file, template, tokenizer and rows. What is only on the hub and not in its cache is named
as not looked at. Levels: `FAIL` will go wrong, `warn` may, or could not be looked at, `ok` states what was found.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ...eval.io.errors import InputError
from ..recipe.resolve import check
from ..recipe.schema import Recipe
from . import arithmetic, cost, gpu, lengths, mixtures, tokens
from .finding import Finding
from .material import Material

__all__ = ["Finding", "preflight"]

CHECKS: tuple[Callable[[Material], Iterator[Finding]], ...] = (
    arithmetic.launch,
    arithmetic.batch,
    arithmetic.updates,
    arithmetic.kept,
    lengths.positions,
    lengths.responses,
    lengths.cut,
    lengths.prompts,
    tokens.stops,
    tokens.generation,
    tokens.template,
    tokens.prefill,
    tokens.tags,
    mixtures.rewards,
    mixtures.overlap,
    mixtures.arms,
    mixtures.sequence,
    mixtures.evaluation,
    gpu.packing,
    gpu.precision,
    gpu.lora,
    gpu.vllm,
    gpu.rope,
    gpu.memory,
    arithmetic.disk,
    cost.cost,
)
# What `check` refuses with one line, by the name of the check that it belongs to.
NAMES = {
    r"generation batch|save_steps: .* amid": "batch",
    r"packing": "packing",
    r"\.lora": "lora",
    r"save_total_limit": "checkpoints",
    r"^(base|models)\b": "model",
    r"^launch": "launch",
    r"^evaluate": "evaluation",
    r"^(arms|against)": "arms",
    r"\.rewards": "rewards",
    r"\.args": "args",
    r"^stages\.\w+(\.data|\.add|\.rows)?: ": "mixture",
    r"^data\.": "data",
}


def preflight(recipe: Recipe, folder: Path) -> list[Finding]:
    """Every finding about a recipe that was read, for the run folder that it would have.

    Where `check` refuses the recipe, or a set cannot be built, that is all: the rest cannot be looked at.
    """
    try:
        look = Material(check(recipe, Path(recipe.name)), folder)
    except InputError as error:
        where = error.where.removeprefix(f"{recipe.name}: ")
        said = f"{where}: {error.what}"
        name = next((name for pattern, name in NAMES.items() if re.search(pattern, said)), "keys")
        return [Finding("FAIL", name, said, error.fix)]
    found = [
        Finding("ok", "keys", "every key is known, and names what is there"),
        *_together(lengths.sets(look)),
    ]
    if any(one.level == "FAIL" for one in found):
        return found
    return found + [finding for one in CHECKS for finding in _together(one(look))]


def _together(findings: Iterator[Finding]) -> list[Finding]:
    """What is said of several stages or sets in the same words, once: `sft, sft_if: 16 rows an update`."""
    subjects: dict[Finding, list[str]] = {}
    for one in findings:
        subject, colon, said = one.text.partition(": ")
        subjects.setdefault(one._replace(text=colon + said), []).append(subject)
    return [one._replace(text=", ".join(dict.fromkeys(names)) + one.text) for one, names in subjects.items()]
