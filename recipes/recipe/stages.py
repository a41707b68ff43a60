"""A stage's data, arguments and rewards, looked at before anything runs: names that are there, numbers that add up."""

from ...data_builders.mixture import counts
from ...eval.io.errors import InputError, nearest
from ...eval.io.run_paths import BASE
from ...train.arguments import check_args, check_dtype
from ...train.lora_arguments import check_lora
from ...train.rewards import NAMES as REWARDS
from .files import json_object, locate, text_of
from .models import is_hub_id
from .schema import Recipe, Stage

OURS = {
    "output_dir": "the recipe sets this itself",
    "seed": "the recipe sets this itself",
    "data_seed": "the recipe sets this itself",
    "run_name": "the recipe sets this itself",
    "project": "it is track.project, of the whole recipe",
    "report_to": "it is track.report_to, of the whole recipe",
}


def check_stage(recipe: Recipe, name: str) -> Stage:
    """A stage with its `rows` written out; raises InputError with its key and the fix."""
    stage, key = recipe.stages[name], f"stages.{name}"
    if stage.trainer == "interpolate":
        return _between(stage, key)
    if stage.share is not None or not stage.data:
        what = "missing" if not stage.data else f"{stage.trainer} has no share"
        raise InputError(
            f"{key}.{'share' if stage.data else 'data'}", what, "sets by their shares, as `data: {a: 1.0}`"
        )
    for part, shares in (("data", stage.data), ("add", stage.add)):
        for other in shares:
            if other not in recipe.data:
                raise InputError(f"{key}.{part}", f"unknown set {other!r}", nearest(other, recipe.data))
    if abs(sum(stage.data.values()) - 1) > 1e-9:  # 0.7 + 0.2 + 0.1 is not exactly 1
        total = f"{sum(stage.data.values()):g}"
        raise InputError(
            f"{key}.data", f"shares add to {total}, not 1", "rows that come on top belong in `add`"
        )
    for reward in stage.rewards:
        if reward not in REWARDS:
            raise InputError(f"{key}.rewards", f"unknown reward {reward!r}", nearest(reward, REWARDS))
    if bool(stage.rewards) != (stage.trainer == "grpo"):
        raise InputError(
            f"{key}.rewards", "GRPO stages have rewards, others none", "mend `rewards` or `trainer`"
        )
    if stage.trainer != "pretrain" and stage.architecture is not None:
        raise InputError(f"{key}.architecture", f"{stage.trainer} keeps the model's", "trainer: pretrain")
    if stage.trainer == "pretrain":
        _check_new(recipe, stage, key)
    for ours, where in OURS.items():
        if ours in stage.args:
            raise InputError(f"{key}.args.{ours}", where, "take it out")
    try:
        check_args(stage.trainer, stage.args, recipe.launch.processes)
        check_lora(stage.trainer, stage.lora or {}, stage.args)
    except InputError as error:
        raise InputError(f"{key}.{error.where}", error.what, error.fix) from None
    if template := stage.args.get("chat_template_path"):
        text_of(locate(template), f"{key}.args.chat_template_path")
    return _with_rows(recipe, _with_teacher(recipe, stage, name), key)


def _between(stage: Stage, key: str) -> Stage:
    """A stage of weights between two models says how much of each, and nothing else."""
    if stage.share is None:
        raise InputError(f"{key}.share", "missing", "how much of the trained weights, from 0 to 1")
    said = stage.model_fields_set - {"trainer", "share"}
    if wrong := sorted(name for name in said if getattr(stage, name) not in ({}, None)):
        raise InputError(f"{key}.{wrong[0]}", "nothing is trained here", "take it out")
    return stage


def _check_new(recipe: Recipe, stage: Stage, key: str) -> None:
    """Weights drawn anew have no base for an adapter, and an architecture has the keys of the base's config."""
    if stage.lora is not None:
        raise InputError(f"{key}.lora", "weights drawn anew are trained whole", "take it out")
    if "model_init_kwargs" in stage.args:
        raise InputError(f"{key}.args.model_init_kwargs", "no weights are loaded", "say `architecture`")
    check_dtype((stage.architecture or {}).get("dtype"), f"{key}.architecture.dtype")
    if not is_hub_id(recipe.base):
        known = json_object(locate(recipe.base) / "config.json")
        for name in stage.architecture or {}:
            if name not in known:
                raise InputError(
                    f"{key}.architecture.{name}", "the base has no such key", nearest(name, known)
                )


def _with_teacher(recipe: Recipe, stage: Stage, name: str) -> Stage:
    """A `distill` stage learns from the base unless it says from which arm, whose stages are trained without it."""
    key = f"stages.{name}.teacher"
    if stage.trainer != "distill":
        if stage.teacher is not None:
            raise InputError(key, f"{stage.trainer} has none", "take it out, or trainer: distill")
        return stage
    teacher = stage.teacher or BASE
    if teacher != BASE and teacher not in recipe.arms:
        raise InputError(key, f"unknown arm {teacher!r}", nearest(teacher, [BASE, *recipe.arms]))
    if name in _behind(recipe, teacher):
        raise InputError(key, f"{teacher!r} is trained by this stage", "an arm that is trained without it")
    return stage.model_copy(update={"teacher": teacher})


def _behind(recipe: Recipe, arm_name: str) -> set[str]:
    """The stages that an arm's last checkpoint comes of: its own, and those of the arms that taught them."""
    found: set[str] = set()
    arms = [arm_name]
    while arms:
        arm = recipe.arms.get(arms.pop())
        fresh = {stage for stage in arm.stages if stage in recipe.stages} - found if arm else set()
        found |= fresh
        arms += [recipe.stages[stage].teacher or BASE for stage in fresh]
    return found


def _with_rows(recipe: Recipe, stage: Stage, key: str) -> Stage:
    """The mixture's first set holds every place before the others take theirs, so it must have `rows` rows.

    A set with a share of 0 is none of the mixture's.
    """
    mixed = {name: share for name, share in stage.data.items() if share}
    first, shares = next(iter(mixed)), {**stage.add, **mixed}
    available = {name: recipe.data[name].rows for name in shares}
    sizes = {name: size for name, size in available.items() if size is not None}
    if stage.rows is None and len(sizes) < len(available):
        raise InputError(
            f"{key}.rows", "missing", "how many rows a hub set has is not known, so say how many to take"
        )
    limits = [int(size / (1.0 if name == first else shares[name])) for name, size in sizes.items()]
    if both := sorted(mixed.keys() & stage.add.keys()):
        what = f"{both[0]!r} is in `data` and in `add`, which would take the same rows again"
        raise InputError(key, what, "raise its share, or make a set of other rows")
    rows = stage.rows or min(limits)
    wanted = counts(mixed, rows) | {name: round(share * rows) for name, share in stage.add.items()}
    for name, count in wanted.items():
        if not count:
            raise InputError(key, f"{rows} rows at this share give no row of {name!r}", "raise one of them")
        needed = rows if name == first else count
        if sizes.get(name, needed) < needed:
            raise InputError(key, f"wants {needed} rows of {name!r}, which has {sizes[name]}", "build more")
    return stage.model_copy(update={"rows": rows})
