"""Evaluations and the report as Weights & Biases runs, in the group of the ablation's training stages."""

import json
import uuid
from pathlib import Path
from typing import Any

import yaml

from .results import Entry, select

BINS = ("set", "mode", "metric", "kind", "from", "to", "n", "value", "low", "high")
TYPES = ("set", "mode", "type", "n", "value", "low", "high")
CONTRASTS = ("set", "mode", "metric", "arm", "against", "diff", "low", "high", "p", "mdd", "n", "clusters")


def track(run_dir: str | Path) -> None:
    """One run per evaluated checkpoint (job type `eval`) and one for the report (`report`), from its results.

    Does nothing where the recipe does not track. A run keeps its id in its folder, so that tracking again
    goes on under it.
    """
    folder = Path(run_dir)
    recipe = yaml.safe_load((folder / "recipe.yaml").read_text("utf-8"))
    if recipe.get("track", {"mode": "disabled"})["mode"] == "disabled":
        return
    results = json.loads((folder / "report" / "results.json").read_text("utf-8"))
    for arm in results["arms"]:
        _evaluation(recipe, results, arm, folder / "evals" / arm["checkpoint"])
    _report(recipe, results, folder / "report")


def _start(recipe: dict[str, Any], folder: Path, job_type: str, name: str, tags: list[str]) -> Any:
    import wandb

    kept = folder / "wandb_id"
    if not kept.exists():
        kept.write_text(uuid.uuid4().hex[:8])
    return wandb.init(
        project=recipe["track"]["project"],
        mode=recipe["track"]["mode"],
        group=recipe["name"],
        job_type=job_type,
        name=name,
        tags=tags,
        config=recipe,
        dir=str(folder),
        id=kept.read_text(),
        resume="allow",
        settings=wandb.Settings(silent=True, console="off"),
    )


def _evaluation(recipe: dict[str, Any], results: Entry, arm: Entry, folder: Path) -> None:
    import wandb

    tags = [arm["arm"], *([] if arm["seed"] is None else [f"seed{arm['seed']}"])]
    own = select(results["figures"], checkpoint=arm["checkpoint"])
    scalars = {
        f"eval/{one['set']}.{one['mode']}/{one['metric']}{end}": one[key]
        for one in select(own, group=None)
        for key, end in (("value", ""), ("low", "_low"), ("high", "_high"), ("n", "_n"))
        if one[key] is not None
    }
    types = [one | {"type": one["group"]["value"]} for one in select(own, metric="verdict") if one["group"]]
    tables = {
        "eval/types": wandb.Table(columns=list(TYPES), data=_lines(types, TYPES)),
        "eval/bins": wandb.Table(
            columns=list(BINS), data=_lines(select(results["bins"], arm=arm["arm"]), BINS)
        ),
    }
    with _start(recipe, folder, "eval", f"{recipe['name']} {arm['checkpoint']}", tags) as run:
        run.define_metric("eval/*", step_metric="eval/checkpoint_step")
        run.log({"eval/checkpoint_step": arm["steps"], **scalars, **tables})


def _report(recipe: dict[str, Any], results: Entry, folder: Path) -> None:
    import wandb

    whole = select(results["contrasts"], group=None)
    artifact = wandb.Artifact(f"{recipe['name']}-report", type="report")
    for pattern in ("index.html", "results.json", "figures/*", "tables/*"):
        for file in sorted(folder.glob(pattern)):
            artifact.add_file(str(file), file.relative_to(folder).as_posix())
    with _start(recipe, folder, "report", f"{recipe['name']} report", ["report"]) as run:
        run.log({"report/contrasts": wandb.Table(columns=list(CONTRASTS), data=_lines(whole, CONTRASTS))})
        run.log_artifact(artifact)


def _lines(entries: list[Entry], columns: tuple[str, ...]) -> list[list[Any]]:
    return [[entry[column] for column in columns] for entry in entries]
