"""How many rows of a stage go through a card at once: the most that fit, at an update as near as can be to the one before."""

import copy
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from .plan.estimate import update_size
from .preflight.gpu import GIB, stage_memory
from .preflight.material import Material
from .preflight.shapes import Shape
from .recipe.schema import Launch, Stage

FULL = 0.9  # of a card's memory, by formula
ROOM = 0.15  # of a card, that vLLM has for its cache in rollouts
MOST_ROWS = 128  # at once
# Tokens, beyond which a row fills a card by itself, and several would be padded to the longest.
LONG_ROW = 4096
SMALL = 5e8  # parameters, up to which the learning rates of short recipes are meant
# For a larger base, as MathIF and open-r1 have them in order of magnitude.
RATES = {"sft": 1e-5, "grpo": 1e-6}


def largest_batch(
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
    update = update_size(args, material.recipe.launch.processes)
    rounds = (args["steps_per_generation"] or accumulated) / accumulated
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


def _share(shape: Shape, material: Material) -> dict[str, float]:
    """The least of a card, in tenths, that holds vLLM's weights and a cache; 0.3 is TRL's own."""
    assert material.card is not None
    needed = 2 * shape.parameters / GIB / material.card.memory + ROOM
    return {"vllm_gpu_memory_utilization": min(max(-(-needed * 10 // 1) / 10, 0.3), 0.9)}
