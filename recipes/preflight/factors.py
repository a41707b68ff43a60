"""What the factors of a recipe come to: the arms they cross, and the stages that those share."""

from collections import Counter
from collections.abc import Iterator
from math import prod

from .finding import Finding
from .material import Material


def cells(material: Material) -> Iterator[Finding]:
    """Which combinations of values have an arm: all, or some."""
    crossed: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for arm in material.recipe.arms.values():
        if arm.factors:
            written = {name: str(value) for name, value in arm.factors.items()}
            crossed.setdefault(tuple(written), []).append(written)
    for names, arms in crossed.items():
        values = {name: list(dict.fromkeys(arm[name] for arm in arms)) for name in names}
        listed = " x ".join(f"{name} ({', '.join(values[name])})" for name in names)
        whole, there = prod(map(len, values.values())), len({tuple(arm.values()) for arm in arms})
        yield Finding("ok", "factors", f"{listed}: {len(arms)} arm(s), {there} of {whole} combinations")


def prefixes(material: Material) -> Iterator[Finding]:
    """How often a stage is trained, and what is trained once for several arms."""
    arms = material.recipe.arms
    if not any(arm.factors for arm in arms.values()):
        return
    used = Counter(tuple(arm.stages[:n]) for arm in arms.values() for n in range(1, len(arm.stages) + 1))
    seeds = len(material.recipe.seeds)
    text = (
        f"{used.total() * seeds} stages in {len(arms)} arms at {seeds} seed(s), {len(used) * seeds} to train"
    )
    shared = [f"{'.'.join(stages)} by {count}" for stages, count in used.items() if count > 1]
    yield Finding("ok", "factors", f"{text}; once for several arms: {', '.join(shared) or 'none'}")
