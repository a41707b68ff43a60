"""A recipe for a model and its cards, sized by the arithmetic of `reins check`: wrapper, batches, vLLM's share, cost.

It extends one of ours: MathIF's data and lengths for a base that attends far enough, short stories for any other. An
update holds as many rows as there, or as near to it as the cards allow.
"""

import copy
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any

from ..eval.io.errors import InputError, nearest
from .plan.estimate import DEFAULTS
from .preflight.cards import CARDS
from .preflight.cost import task_hours
from .preflight.gpu import GIB, stage_memory
from .preflight.material import Material
from .preflight.shapes import Shape, shape_of
from .recipe.files import recipe_file
from .recipe.models import check_model
from .recipe.resolve import check
from .recipe.schema import Launch, Recipe, Stage, load
from .recipe.yaml_file import read_yaml, write_yaml

LONG, SHORT = "qwen/shared.yaml", "smollm2/ablation.yaml"
REACH = 20000  # positions that a base needs for the replies, of up to 16,384 tokens, that LONG asks for
FULL = 0.9  # of a card's memory, by formula
ROOM = 0.15  # of a card, that vLLM has for its cache in rollouts
NODE = 8  # cards
MOST_ROWS = 128  # at once
LONG_ROW = (
    4096  # tokens, beyond which a row fills a card by itself, and several would be padded to the longest
)
SIDE = 4  # stages of SHORT that share a card where there is room: each leaves most of it idle
SMALL = 5e8  # parameters, up to which SHORT's learning rates are meant
RATES = {
    "sft": 1e-5,
    "grpo": 1e-6,
}  # for a larger base, as MathIF and open-r1 have them in order of magnitude
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
        largest = {trainer: _largest(material, trainer, launch, shape) for trainer in ("sft", "grpo")}
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


def _largest(
    material: Material, trainer: str, launch: Mapping[str, Any], shape: Shape
) -> tuple[dict[str, int | float], float] | None:
    """The arguments of the most rows at once that fit a card, and what they take of it; None where not one does."""
    stage = next(stage for stage in material.recipe.stages.values() if stage.trainer == trainer)
    assert material.card is not None
    on_these = copy.copy(material)
    on_these.recipe = material.recipe.model_copy(update={"launch": Launch.model_validate(launch)})
    for args in _arguments(material, stage, launch["processes"], shape):
        taken = sum(
            stage_memory(on_these, stage.model_copy(update={"args": stage.args | args}), shape).values()
        )
        if taken <= FULL * material.card.memory:
            return args, taken
    return None


def _arguments(material: Material, stage: Stage, cards: int, shape: Shape) -> list[dict[str, int | float]]:
    """The settings for every number of rows at once: those whose update is nearest in size to the one that is there first,
    and of these the most rows."""
    args = material.args(stage)
    size, accumulated = args["per_device_train_batch_size"], args["gradient_accumulation_steps"]
    update, rounds = (
        _update(stage, material.recipe),
        (args["steps_per_generation"] or accumulated) / accumulated,
    )
    more = _share(shape, material) if stage.args.get("use_vllm") else {}
    if stage.args["learning_rate"] > RATES[stage.trainer] and shape.parameters > SMALL:
        more["learning_rate"] = RATES[stage.trainer]
    found: list[tuple[int, dict[str, int | float]]] = []
    most = size if (args.get("max_length") or 0) > LONG_ROW else min(MOST_ROWS, 4 * size)
    for rows in range(most, 0, -1):
        steps = _nearest_steps(
            update, rows * cards, rounds, args["num_generations"] if stage.trainer == "grpo" else 1
        )
        generation = {"steps_per_generation": round(steps * rounds)} if rounds != 1 else {}
        settings = {"per_device_train_batch_size": rows, "gradient_accumulation_steps": steps}
        found.append((abs(rows * cards * steps - update), settings | generation | more))
    return [settings for _, settings in sorted(found, key=itemgetter(0))]


def _nearest_steps(update: int, at_once: int, rounds: float, group: int) -> int:
    """Batches of an update that is nearest to this size, where whole groups of completions are generated together."""
    tried = range(1, update // at_once + group + 1)
    whole = (steps for steps in tried if (drawn := round(steps * rounds)) and not at_once * drawn % group)
    return min(whole, key=lambda steps: abs(at_once * steps - update))


def _update(stage: Stage, recipe: Recipe) -> int:
    """Rows, or completions, of one update of a stage in this recipe."""
    args = DEFAULTS | stage.args
    batch = args["per_device_train_batch_size"] * args["gradient_accumulation_steps"]
    return int(batch * recipe.launch.processes)


def _share(shape: Shape, material: Material) -> dict[str, float]:
    """The least of a card, in tenths, that holds vLLM's weights and a cache; 0.3 is TRL's own."""
    assert material.card is not None
    needed = 2 * shape.parameters / GIB / material.card.memory + ROOM
    return {"vllm_gpu_memory_utilization": min(max(-(-needed * 10 // 1) / 10, 0.3), 0.9)}


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
    args, there = sized.args[stage.trainer], _update(stage, _parent(sized))
    here = args["per_device_train_batch_size"] * args["gradient_accumulation_steps"] * sized.gpus
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
