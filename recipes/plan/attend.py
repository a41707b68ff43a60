"""The tasks that measure attention over the responses of evaluations: one a checkpoint, after its evaluation."""

from collections.abc import Mapping

from ...eval.attention.readable import CONTEXTS, is_read
from ...eval.io.run_paths import ATTENTION
from .outcome import code
from .recipe_run import RecipeRun
from .task import Part, Task


def attention(run: RecipeRun, evaluated: Task, sets: Mapping[str, Task]) -> Task | None:
    """The task that reads what an evaluation's checkpoint answered, again: the sets that say `attention`, in every mode
    whose prompt is made from the row alone. None where there are none."""
    parts = [part for part in evaluated.parts if _is_asked(run, part)]
    if not parts:
        return None
    samples = [sets[part.config["label"]].amount * part.config["samples"] for part in parts]
    longest = [part.config["max_new_tokens"] for part in parts]
    tokens = len(CONTEXTS) * sum(count * most for count, most in zip(samples, longest, strict=True))
    config = {key: evaluated.config[key] for key in ("model", "preset", "threads")}
    keys = ("label", "rows", "mode", "out")
    return Task(
        kind="attend",
        name=f"attend {evaluated.checkpoint}",
        folder=run.paths.attention(evaluated.checkpoint),
        module="reins.eval.attention.run",
        config={**config, "parts": [{key: part.config[key] for key in keys} for part in parts]},
        spec={
            "preset": config["preset"],
            "threads": config["threads"],
            "parts": [[part.config["label"], part.config["mode"]] for part in parts],
            "code": code("attention"),
        },
        needs=(evaluated.name,),
        amount=tokens,
        note=f"{sum(samples):,} responses in {len(CONTEXTS)} contexts, at most {tokens:,} tokens",
        stages=evaluated.stages,
        seed=evaluated.seed,
        checkpoint=evaluated.checkpoint,
        env=evaluated.env,
        beside=tuple(part.folder / ATTENTION for part in parts),
    )


def _is_asked(run: RecipeRun, part: Part) -> bool:
    """Whether attention is asked of this set, and its constraints are in the prompts."""
    label, constrained = part.config["label"], part.config["with_constraints"]
    return constrained and run.recipe.evaluate[label].attention and is_read(part.config["mode"])
