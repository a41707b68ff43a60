"""Models that `pretrain` stages draw in an architecture of their own: how large they are, and what fits them."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError

from ...eval.io.errors import InputError
from ...eval.io.run_paths import BASE
from .files import locate
from .schema import Recipe

# What transformers, safetensors and the file system raise on a folder that is not a whole model.
UNREADABLE = (
    *(
        ArithmeticError,
        AttributeError,
        ImportError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ),
    *(SafetensorError, StrictDataclassError),
)


def drawn_by(recipe: Recipe, stages: Sequence[str]) -> str | None:
    """The stage that draws the model of these in an architecture of its own; None where they have the base's."""
    first = recipe.stages.get(stages[0]) if stages else None
    return stages[0] if first and first.trainer == "pretrain" and first.architecture else None


def drawn_model(recipe: Recipe, stages: Sequence[str]) -> Any:
    """The model that these stages train, without weights; None where it has the base's architecture, and where none can be
    made here: that is refused where its config or the base is looked at."""
    root = drawn_by(recipe, stages)
    return _made(recipe.base, json.dumps(recipe.stages[root].architecture)) if root else None


def check_alike(recipe: Recipe, arm_name: str) -> None:
    """Raise InputError where a stage would mix, or compare, models whose weights or tokens are not the same."""
    stages = recipe.arms[arm_name].stages
    for depth, name in enumerate(stages):
        stage = recipe.stages[name]
        if stage.trainer == "interpolate":
            _check_weights(recipe, stages[:depth], name, arm_name)
        elif stage.trainer == "distill":
            teacher = recipe.arms.get(stage.teacher or BASE)
            _check_tokens(recipe, stages[:depth], teacher.stages if teacher else [], name)


def _check_weights(recipe: Recipe, before: Sequence[str], name: str, arm_name: str) -> None:
    drawn, base = drawn_model(recipe, before), _made(recipe.base, "{}") if drawn_by(recipe, before) else None
    if drawn is None or base is None:
        return
    here, there = _shapes(drawn), _shapes(base)
    for weight in {**there, **here}:
        if here.get(weight) != there.get(weight):
            said = f"{name!r} is between the base and what {before[0]!r} draws, whose {weight} is another"
            raise InputError(f"arms.{arm_name}", said, "the base's architecture, or no such stage")


def _check_tokens(recipe: Recipe, student: Sequence[str], teacher: Sequence[str], name: str) -> None:
    if not drawn_by(recipe, student) and not drawn_by(recipe, teacher):
        return
    models = [drawn_model(recipe, stages) or _made(recipe.base, "{}") for stages in (student, teacher)]
    sizes = [model.config.get_text_config().vocab_size for model in models if model is not None]
    if len(set(sizes)) > 1:
        said = f"the student embeds {sizes[0]} tokens, its teacher {sizes[1]}"
        raise InputError(f"stages.{name}.teacher", said, "two of one architecture.vocab_size")


def _shapes(model: Any) -> Mapping[str, Sequence[int]]:
    return {name: tuple(weight.shape) for name, weight in model.state_dict().items()}


@cache
def _made(base: str, architecture: str) -> Any:
    """Nobody changes what is returned."""
    import torch
    from transformers import AutoModelForCausalLM

    from ...train.config import config_of

    try:
        config = config_of(str(locate(base)), json.loads(architecture))
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except (InputError, *UNREADABLE):
        return None
