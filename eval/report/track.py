"""Data, evaluations and the report as Weights & Biases runs, in the group of the ablation's training stages."""

import json
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ..analyse.results import select
from ..io.files import write_text
from ..io.public import public
from ..io.run_paths import RunPaths
from ..io.wandb_names import NAME, TAG, entity_and_project, short
from ..score.measure import Entry
from .lineage import ID, declare_inputs, evaluation_artifact, report_artifact, set_artifacts
from .overview import headline, overview
from .summary import first_modes

TYPES = ("set", "mode", "type", "n", "value", "low", "high")
BINS = "set mode source metric kind from_tokens to_tokens n value low high".split()
LISTS = {  # of results.json: the columns of their tables
    "contrasts": "set mode against_mode metric arm against diff low high p p_holm mdd n clusters".split(),
    "flips": "set mode against_mode metric arm against pass_pass pass_fail fail_pass fail_fail win tie lose "
    "mcnemar_p p_holm n".split(),
    "length": "set mode against_mode metric arm method controls unit value low high p n clusters".split(),
    "attribution": "set mode metric arm against part kind value low high n".split(),
    "joint": "set mode arm both hacc_only correct_only neither expected_both excess low high n clusters".split(),
}

PAGE = ("index.html", "results.json", "figures/*", "tables/*")


def track(run_dir: str | Path) -> None:
    """One run for the data, one per arm and seed (job type `eval`), a point a checkpoint, and one for the report.

    Does nothing where the recipe does not track, or by something else. A run keeps its id in its folder, so that tracking again
    goes on under it; what an offline run has still to upload lies in the run folder too.
    """
    folder = Path(run_dir)
    run = RunPaths(folder)
    recipe = yaml.safe_load(run.recipe.read_text("utf-8"))
    asked = recipe.get("track", {"mode": "disabled"})
    if asked["mode"] == "disabled" or asked.get("report_to", "wandb") != "wandb":
        return
    os.environ.setdefault("WANDB_DATA_DIR", str(folder / "wandb"))
    results = json.loads(run.results.read_text("utf-8"))
    _data(recipe, run)
    for arm in results["arms"]:
        _evaluation(recipe, results, arm, run.evaluated(arm["checkpoint"]))
    _report(recipe, results, run)
    if asked["mode"] == "online":
        declare_inputs(run, recipe, results)


def _start(recipe: dict[str, Any], folder: Path, job_type: str, name: str, tags: list[str]) -> Any:
    import wandb

    entity, project = entity_and_project(recipe["track"]["project"])
    kept = folder / ID
    if not kept.exists():
        write_text(kept, uuid.uuid4().hex[:8])
    return wandb.init(
        entity=entity,
        project=project,
        mode=recipe["track"]["mode"],
        group=short(recipe["name"], NAME),
        job_type=job_type,
        name=short(name, NAME),
        tags=[short(tag, TAG) for tag in tags],
        config=public({key: value for key, value in recipe.items() if key not in ("launch", "track")}),
        dir=str(folder),
        id=kept.read_text(),
        resume="allow",
        settings=wandb.Settings(
            silent=True,
            console="off",
            x_disable_meta=True,  # the host, the user, the command line
            x_disable_machine_info=True,
            x_disable_stats=True,
            disable_git=True,
            save_code=False,
        ),
    )


def _data(recipe: dict[str, Any], run: RunPaths) -> None:
    with _start(recipe, run.root, "data", f"{recipe['name']} data", ["data"]) as logged:
        for artifact in set_artifacts(run, recipe):
            logged.log_artifact(artifact)


def _evaluation(recipe: dict[str, Any], results: Entry, arm: Entry, folder: Path) -> None:
    import wandb

    tags = [arm["arm"], *([] if arm["seed"] is None else [f"seed{arm['seed']}"])]
    figures = select(results["figures"], checkpoint=arm["checkpoint"], arm=arm["arm"])
    points: dict[int, dict[str, Any]] = {}
    shown = first_modes(results)[0]
    for entry in select(results["along"], arm=arm["arm"], seed=arm["seed"]):
        points.setdefault(entry["total_step"], {}).update(_scalars(entry) | headline(entry, shown))
    for entry in select(figures, group=None):
        points.setdefault(arm["steps"], {}).update(_scalars(entry) | headline(entry, shown))
    types = [
        entry | {"type": entry["group"]["value"]}
        for entry in select(figures, metric="verdict")
        if entry["group"] and entry["group"]["by"] == "type"
    ]
    bins = select(results["bins"], arm=arm["arm"])
    tables = {
        "eval/types": wandb.Table(columns=list(TYPES), data=_lines(types, TYPES)),
        "eval/bins": wandb.Table(columns=list(BINS), data=_lines(bins, BINS)),
    }
    points[arm["steps"]] |= tables
    with _start(recipe, folder, "eval", f"{recipe['name']} {arm['checkpoint']}", tags) as run:
        for part in ("arm/*", "eval/*"):
            run.define_metric(part, step_metric="eval/checkpoint_step")
        for step, content in sorted(points.items()):
            run.log({"eval/checkpoint_step": step, **content})
        run.log_artifact(evaluation_artifact(recipe, arm["checkpoint"], folder))


def _scalars(entry: Entry) -> dict[str, float]:
    name = f"eval/{entry['set']}.{entry['mode']}/{entry['metric']}"
    ends = {"value": "", "low": "_low", "high": "_high", "n": "_n"}
    return {name + end: entry[key] for key, end in ends.items() if entry[key] is not None}


def _report(recipe: dict[str, Any], results: Entry, run: RunPaths) -> None:
    import wandb

    tables = {
        f"report/{kind}": wandb.Table(columns=list(columns), data=_lines(whole, columns))
        for kind, columns in LISTS.items()
        if (whole := [entry for entry in results[kind] if not entry.get("group")])
    }
    with _start(recipe, run.report, "report", f"{recipe['name']} report", ["report"]) as logged:
        logged.log(overview(results, run.root) | tables)
        logged.log_artifact(report_artifact(recipe, run.report, PAGE))


def _lines(entries: list[Entry], columns: Sequence[str]) -> list[list[Any]]:
    return [[entry[column] for column in columns] for entry in entries]
