"""What the arms of a run are for, as its recipe says: which is the base, which are controls, which are mixed.

Nothing is read from an arm's name. An arm that states neither `control_of` nor `mixed_of` nor `decides_for` is a
treatment: what the ablation asks about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["base", "treatment", "control", "mixed", "classifier", "model"]
Question = Literal["base", "control", "mixed", "pair", "mode"]

UNSAID = (
    "no arm of the recipe says what it is for, so none is compared with a control or with its unmixed form; say "
    "`name: {stages: [...], control_of: other}` or `mixed_of: other` under `arms` of recipe.yaml and report again"
)


@dataclass(frozen=True)
class Roles:
    """The arms in the recipe's order with their roles; `against` are the pairs that the recipe names.

    `decides_for` has the classifiers: arms that answer nothing, and say of each row whether another should think.
    """

    role: Mapping[str, Role]
    control_of: Mapping[str, tuple[str, ...]]
    mixed_of: Mapping[str, str]
    against: Mapping[str, str]
    decides_for: Mapping[str, str]

    @classmethod
    def of(cls, recipe: Mapping[str, Any]) -> "Roles":
        """Those of a resolved recipe; in one without roles an arm is a bare list of stages."""
        arms = {
            name: arm if isinstance(arm, dict) else {"stages": arm} for name, arm in recipe["arms"].items()
        }
        return cls(
            {name: _role(arm) for name, arm in arms.items()}
            | dict.fromkeys(recipe.get("models", ()), "model"),
            {name: _several(arm.get("control_of")) for name, arm in arms.items()},
            {name: arm["mixed_of"] for name, arm in arms.items() if arm.get("mixed_of")},
            recipe.get("against", {}),
            {name: arm["decides_for"] for name, arm in arms.items() if arm.get("decides_for")},
        )

    @property
    def base(self) -> str | None:
        """The arm without stages; None where models alone are evaluated."""
        return next((name for name, role in self.role.items() if role == "base"), None)

    @property
    def unsaid(self) -> bool:
        """Whether several arms are trained and none says what it is for."""
        trained = [role for role in self.role.values() if role not in ("base", "classifier", "model")]
        return len(trained) > 1 and set(trained) == {"treatment"}

    def controls(self, arm: str) -> list[str]:
        """The controls of an arm, in the recipe's order."""
        return [control for control, arms in self.control_of.items() if arm in arms]

    def classifiers(self, arm: str) -> list[str]:
        """The arms that decide for an arm, in the recipe's order."""
        return [classifier for classifier, decided in self.decides_for.items() if decided == arm]

    def reference(self, arm: str) -> str | None:
        """What an arm's change is counted from: what the recipe sets it against, or else the base."""
        return self.against.get(arm, None if arm == self.base else self.base)

    def pairs(self, arms: Sequence[str]) -> list[tuple[str, str]]:
        """(arm, against) among these: every arm and the base, what the recipe pairs, controls, mixed and unmixed."""
        return [pair for pair in dict.fromkeys(self._wanted()) if set(pair) <= set(arms)]

    def _wanted(self) -> Iterator[tuple[str, str]]:
        if self.base is not None:
            yield from ((arm, self.base) for arm in self.role if arm != self.base)
        yield from self.against.items()
        yield from ((arm, control) for arm in self.role for control in self.controls(arm))
        yield from self.mixed_of.items()

    def question(self, arm: str, against: str) -> Question:
        """What the comparison of an arm with another asks."""
        if arm == against:
            return "mode"
        if against == self.base:
            return "base"
        if self.against.get(arm) == against:
            return "pair"
        return "control" if against in self.controls(arm) else "mixed"


def _several(names: str | Sequence[str] | None) -> tuple[str, ...]:
    """A recipe may name a single arm as text; a resolved one has a list."""
    return (names,) if isinstance(names, str) else tuple(names or ())


def _role(arm: Mapping[str, Any]) -> Role:
    if not arm["stages"]:
        return "base"
    if arm.get("decides_for"):
        return "classifier"
    if arm.get("control_of"):
        return "control"
    return "mixed" if arm.get("mixed_of") else "treatment"
