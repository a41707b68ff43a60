"""A recipe for a model and its cards, sized by the arithmetic of `reins check`: wrapper, batches, vLLM's share, cost.

It extends one of ours: MathIF's data and lengths for a base that attends far enough, short stories for any other. An
update holds as many rows as there, or as near to it as the cards allow.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from ..eval.io.errors import InputError, nearest
from .batches import FULL, largest_batch
from .plan.estimate import DEFAULTS, update_size
from .preflight.cards import CARDS
from .preflight.cost import task_hours
from .preflight.gpu import GIB
from .preflight.material import Material
from .preflight.shapes import Shape, shape_of
from .recipe.files import recipe_file
from .recipe.models import check_model
from .recipe.resolve import check
from .recipe.schema import Recipe, Stage, load
from .recipe.yaml_file import read_yaml, write_yaml

LONG, SHORT = "qwen/shared.yaml", "smollm2/ablation.yaml"
REACH = 20000  # positions that a base needs for the replies, of up to 16,384 tokens, that LONG asks for
NODE = 8  # cards
SIDE = 4  # stages of SHORT that share a card where there is room: each leaves most of it idle
CONTROLS = {
    "sft_direct": "{stages: [sft_direct], control_of: sft}     # the same answers without the reasoning: is it the reasoning?",
    "sft_self": "{stages: [sft_self], control_of: sft}       # the base's own answers: is it training as such?",
    "rl_random": "{stages: [rl_random], control_of: rl}       # a coin for a reward: is it RL as such?",
}
MIXED = {
    "sft_if": "{stages: [sft_if], mixed_of: sft}           # 30 % of the rows with constraints: does mixing help?",
    "rl_if": "{stages: [rl_if], mixed_of: rl}",
    "sft_rl_if": "{stages: [sft_if, rl_if], mixed_of: sft_rl}",
}
ASKED = {"base": "[]", "sft": "[sft]", "rl": "[rl]", "sft_rl": "[sft, rl]"}
CHOICES: tuple[dict[str, str], ...] = (ASKED | MIXED | CONTROLS, ASKED | MIXED, ASKED)
SAVINGS = (
    (1, 0),
    (2, 0),
    (4, 0),
    (4, 1),
    (8, 1),
    (16, 1),
)  # rows by this, and so many samples a prompt (0: as there)


@dataclass(frozen=True)
class Draft:
    """What is asked for, and the sizes that are found for it."""

    name: str
    base: str
    gpus: int
    gpu: str
    parent: str = LONG
    arms: Mapping[str, str] = field(default_factory=dict)
    fewer: int = 1  # rows of every stage, by this
    samples: int = 0
    launch: Mapping[str, Any] = field(default_factory=dict)
    args: Mapping[str, Mapping[str, int | float]] = field(default_factory=dict)  # by trainer
    taken: Mapping[str, float] = field(default_factory=dict)  # GiB of a card, by trainer
    hours: float = 0.0
    size: str = ""


def draft(name: str, base: str, gpus: int, gpu: str, budget: float | None = None) -> str:
    """The text of the recipe; `budget` in hours of one card.

    Raises InputError on a card or model whose sizes are not known, and where it fits neither cards nor budget.
    """
    if budget is not None and not budget >= 0:
        raise InputError(f"--budget-hours {budget:g}", "no number of hours", "above 0, or 0 for no limit")
    if gpu not in CARDS:
        raise InputError(f"--gpu {gpu}", "not a card whose memory is known", nearest(gpu, CARDS))
    if not 1 <= gpus <= NODE:
        fix = (
            "two nodes: `accelerate: recipes/accelerate/two_node.yaml` in the recipe"
            if gpus > NODE
            else "without a card: `extends: micro/ablation` in a file"
        )
        raise InputError(f"--gpus {gpus}", f"not 1 to {NODE}", fix)
    check_model(base, "--base")
    shape = shape_of(base)
    if shape is None:
        raise InputError(
            f"--base {base}", "its sizes are not known here", f"`hf download {base} config.json` once"
        )
    parent = LONG if shape.positions >= REACH else SHORT
    arms, size = CHOICES[0] if parent == LONG else {}, f"{shape.parameters / 1e9:.2g} B parameters"
    sized = _sized(Draft(name, base, gpus, gpu, parent, arms, size=size), shape)
    return _text(_within(sized, budget) if budget else replace(sized, hours=_hours(sized)))


def _within(sized: Draft, budget: float) -> Draft:
    """The first that costs no more: all arms, with fewer rows and samples, before fewer arms."""
    cheapest = float("inf")
    for arms in CHOICES if sized.parent == LONG else ({},):
        for fewer, samples in SAVINGS:
            tried = replace(sized, arms=arms, fewer=fewer, samples=samples)
            hours = _hours(tried)
            if hours <= budget:
                return replace(tried, hours=hours)
            cheapest = min(cheapest, hours)
    count = len(tried.arms or _parent(tried).arms)
    what = f"the least is {cheapest:,.2g} {sized.gpu} hours, of {count} arms with a {SAVINGS[-1][0]}th of the rows"
    raise InputError(f"--budget-hours {budget:g}", what, "raise it, or name a smaller base")


def _sized(request: Draft, shape: Shape) -> Draft:
    """With the lightest wrapper under which a row of every stage fits, and the most rows at once that fit."""
    material = _material(request)
    assert material.card is not None
    parallel = _cards_to_evaluate(shape, CARDS[request.gpu].memory, request.gpus)
    wrappers = ["single_gpu"] if request.gpus == 1 else ["ddp", "fsdp2"]
    for wrapper in wrappers:
        launch: dict[str, Any] = {
            "accelerate": f"recipes/accelerate/{wrapper}.yaml",
            "processes": request.gpus,
        }
        if request.parent == SHORT:
            launch["side_by_side"] = 1
        elif parallel > 1:
            launch["vllm"] = {"tensor_parallel_size": parallel}
        launch["gpu"] = request.gpu
        largest = {trainer: largest_batch(material, trainer, launch, shape) for trainer in ("sft", "grpo")}
        if all(largest.values()):
            args = {trainer: fit[0] for trainer, fit in largest.items() if fit}
            taken = {trainer: fit[1] for trainer, fit in largest.items() if fit}
            if (
                request.parent == SHORT
                and request.gpus == 1
                and SIDE * max(taken.values()) < material.card.memory
            ):
                launch["side_by_side"] = SIDE
            return replace(request, launch=launch, args=args, taken=taken)
    what = f"{request.size} do not fit {request.gpus} x {request.gpu}, a row at a time"
    raise InputError(f"--base {request.base}", what, "more cards, a larger --gpu, or a smaller base")


def _cards_to_evaluate(shape: Shape, memory: float, gpus: int) -> int:
    """How many cards vLLM spreads the weights over, each with 2 GiB of cache at least."""
    sizes = [count for count in (1, 2, 4, 8) if count <= gpus and shape.heads % count == 0]
    fits = (count for count in sizes if 2 * shape.parameters / GIB + 2 * count <= count * FULL * memory)
    return next(fits, sizes[-1])


def _hours(sized: Draft) -> float:
    return sum(hours or 0.0 for hours in task_hours(_material(sized)).values())


def _material(sized: Draft) -> Material:
    return Material(_recipe(sized), Path("runs") / sized.name)


def _recipe(sized: Draft) -> Recipe:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{sized.name}.yaml"
        file.write_text(_text(sized), "utf-8")
        return check(load(file), Path(file.name))


def _text(sized: Draft) -> str:
    lines = [
        f"# {sized.base} ({sized.size}) on {sized.gpus} x {sized.gpu}, sized by `reins new` on {date.today()}.",
        f"# At most {sized.hours:,.{0 if sized.hours >= 10 else 2}f} hours of one card, all at full length; `reins check {sized.name}` has the rest.",
        f"extends: {sized.parent}".ljust(44) + "# data, lengths, learning rates, evaluation sets",
        write_yaml({"name": sized.name}).rstrip(),  # quoted where it reads as a number
        f"base: {sized.base}",
        *_data(sized),
        *(["arms:"] if sized.arms else []),
        *(f"  {arm + ':':<12}{stages}" for arm, stages in sized.arms.items()),
        *(_stages(sized) if sized.args else []),
        *_evaluate(sized),
        f"launch: {_flow(sized.launch or {'gpu': sized.gpu})}",
    ]
    return "\n".join(lines) + "\n"


def _data(sized: Draft) -> list[str]:
    if sized.parent != LONG:
        return [
            f"# It attends to fewer than {REACH:,} tokens, too few for MathIF's lengths: short stories instead"
        ]
    counted = f"{{tokenizer: {sized.base}}}"
    return [
        "# lengths are counted in the base's own tokens",
        f"data: {{traces: {counted}, direct: {counted}, if_traces: {counted}}}",
    ]


def _stages(sized: Draft) -> Iterator[str]:
    """The stages of the arms; those of one trainer are sized alike."""
    used, first = set(re.findall(r"\w+", " ".join(sized.arms.values()))), set[str]()
    yield "stages:"
    for name, stage in _parent(sized).stages.items():
        if sized.arms and name not in used:
            continue
        rows = {"rows": (stage.rows or 0) // sized.fewer} if sized.fewer > 1 else {}
        settings = _flow({**rows, "args": sized.args[stage.trainer]})
        if stage.trainer not in first:
            first.add(stage.trainer)
            memory = f"about {sized.taken[stage.trainer]:.0f} of {CARDS[sized.gpu].memory:.0f} GiB a card"
            yield f"  # {memory}; {_compared(sized, stage)}"
            yield f"  {name}: &{stage.trainer} {settings}"
        else:
            yield f"  {name}: *{stage.trainer}"


def _compared(sized: Draft, stage: Stage) -> str:
    """How large an update is beside the one that is there."""
    there = update_size(DEFAULTS | stage.args, _parent(sized).launch.processes)
    here = update_size(sized.args[stage.trainer], sized.gpus)
    if here == there:
        return "an update is as large as there"
    what = "completions" if stage.rolls_out else "rows"
    return f"an update holds {here} {what}, as near to the {there} there as these cards come"


def _evaluate(sized: Draft) -> list[str]:
    if not sized.samples:
        return []
    sets = {name: {"samples": sized.samples} for name in _parent(sized).evaluate}
    return [f"evaluate: {_flow(sets)}   # to be within the budget"]


def _parent(sized: Draft) -> Recipe:
    """What is extended, as if it were a recipe by itself."""
    return Recipe.model_validate({"name": "parent", **read_yaml(recipe_file(sized.parent))})


def _flow(content: Mapping[str, Any]) -> str:
    parts = (
        f"{key}: {_flow(value) if isinstance(value, Mapping) else value}" for key, value in content.items()
    )
    return f"{{{', '.join(parts)}}}"
