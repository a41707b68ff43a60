"""What arms are for, as a recipe says it: roles name arms that are there and can be what the role makes of them."""

from ...eval.io.errors import InputError, nearest
from ...eval.verify.decision import THINKING
from .modes import asked_both_ways
from .schema import Arm, Recipe


def check_roles(recipe: Recipe, name: str) -> None:
    """Raise InputError, naming the key, on a role of an arm that says nothing or cannot be.

    An arm is the control or the mixed form of arms that are there, are trained, answer, and are not itself; it decides for
    one that answers, or for the base.
    """
    arm = recipe.arms[name]
    mixed_of = [arm.mixed_of] if arm.mixed_of else []
    for role, others in (("control_of", arm.control_of), ("mixed_of", mixed_of)):
        key = f"arms.{name}.{role}"
        _check_named(recipe, arm, key, name, others)
        for other in others:
            if not recipe.arms[other].stages:
                raise InputError(key, f"{other!r} is the base", "name another trained arm")
    if arm.decides_for:
        _check_classifier(recipe, name, arm)


def check_compared(recipe: Recipe) -> None:
    """Raise InputError where something is compared with, or shown the replies of, an arm that answers nothing."""
    named = [(f"against.{name}", each) for name, other in recipe.against.items() for each in (name, other)]
    named += [
        (f"evaluate.{name}.replies_of", each.replies_of or "") for name, each in recipe.evaluate.items()
    ]
    for key, other in named:
        if other in recipe.arms:
            _refuse_classifier(recipe, key, other)


def _check_named(recipe: Recipe, arm: Arm, key: str, name: str, others: list[str]) -> None:
    """The arms that a role names."""
    if others and not arm.stages:
        raise InputError(key, "an arm without stages is the base", "take the role out")
    for other in others:
        if other not in recipe.arms:
            raise InputError(key, f"unknown arm {other!r}", nearest(other, recipe.arms))
        if other == name:
            raise InputError(key, f"{other!r} is itself", "name another arm")
        _refuse_classifier(recipe, key, other)


def _refuse_classifier(recipe: Recipe, key: str, other: str) -> None:
    if decided := recipe.arms[other].decides_for:
        raise InputError(key, f"{other!r} answers nothing, it decides for {decided}", "name another arm")


def _check_classifier(recipe: Recipe, name: str, arm: Arm) -> None:
    """It is asked in mode `decide` alone, so it has a checkpoint of its own, no second role, and something to decide."""
    key = f"arms.{name}.decides_for"
    _check_named(recipe, arm, key, name, [arm.decides_for or ""])
    if arm.control_of or arm.mixed_of:
        raise InputError(key, "it answers nothing, so it is no control or mixed form", "take one role out")
    for other, each in recipe.arms.items():
        if other != name and each.stages == arm.stages and not each.decides_for:
            raise InputError(key, f"{other!r} has the same stages, and answers", "stages of its own")
    if not asked_both_ways(recipe):
        said = "no set is asked both directly and with a thought, so there is nothing to decide"
        raise InputError(key, said, f"evaluate.<set>.modes: [direct, {' or '.join(THINKING)}]")
