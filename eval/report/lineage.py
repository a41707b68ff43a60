"""What a tracked ablation is made of, as artifacts of Weights & Biases: data set -> checkpoint -> evaluation -> report.

An artifact says what a thing is and how it was made; neither rows nor weights are uploaded.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..io.files import sha256
from ..io.lines import read_text
from ..io.public import public
from ..io.run_paths import RunPaths, checkpoint_name
from ..io.wandb_names import artifact_name, entity_and_project
from ..score.measure import Entry

ID = "wandb_id"  # the file in a folder that says which run of W&B it is


@dataclass(frozen=True)
class TrackedRun:
    """The W&B run of a folder, and the artifacts that it was given."""

    folder: Path
    inputs: tuple[str, ...]

    @property
    def id(self) -> str:
        return (self.folder / ID).read_text("utf-8")


def tracked_runs(run: RunPaths, recipe: Mapping[str, Any], results: Entry) -> Iterator[TrackedRun]:
    """Every stage, evaluation and the report that were tracked, each with those of its inputs that were."""
    sets = {name: _of_set(recipe, name) for name in recipe["data"] if run.rows(name).is_file()}
    trained: dict[str, tuple[str, ...]] = {}
    for arm in results["arms"]:
        for depth, stage in enumerate(arm["stages"], 1):
            name = checkpoint_name(arm["stages"][:depth], arm["seed"])
            before = checkpoint_name(arm["stages"][: depth - 1], arm["seed"])
            learned = {**recipe["stages"][stage]["data"], **recipe["stages"][stage]["add"]}
            parent = (artifact_name(recipe["name"], before),) if before in trained else ()
            if (run.stage(name) / ID).exists():
                trained[name] = (*parent, *(sets[each] for each in learned if each in sets))
    for name, inputs in trained.items():
        yield TrackedRun(run.stage(name), inputs)
    asked = [sets[name] for name in recipe["evaluate"] if name in sets]
    checkpoints = [arm["checkpoint"] for arm in results["arms"]]
    for name in checkpoints:
        of_stage = (artifact_name(recipe["name"], name),) if name in trained else ()
        yield TrackedRun(run.evaluated(name), (*of_stage, *asked))
    yield TrackedRun(run.report, tuple(evaluation_name(recipe, name) for name in checkpoints))


def declare_inputs(run: RunPaths, recipe: Mapping[str, Any], results: Entry) -> None:
    """Tell the server which artifacts each run was given, once all are there: an offline run cannot say it itself."""
    import wandb

    api = wandb.Api()
    entity, project = entity_and_project(recipe["track"]["project"])
    place = f"{entity or api.default_entity}/{project}"
    for tracked in tracked_runs(run, recipe, results):
        uploaded = api.run(f"{place}/{tracked.id}")
        for name in tracked.inputs:
            uploaded.use_artifact(api.artifact(f"{place}/{name}:latest"))


def evaluation_name(recipe: Mapping[str, Any], checkpoint: str) -> str:
    return artifact_name(recipe["name"], f"eval-{checkpoint}")


def set_artifacts(run: RunPaths, recipe: Mapping[str, Any]) -> Iterator[Any]:
    """An artifact a built set: its card, and how many rows of which hash."""
    import wandb

    for name in recipe["data"]:
        if not run.rows(name).is_file():
            continue
        artifact = wandb.Artifact(_of_set(recipe, name), type="dataset")
        with run.rows(name).open("rb") as rows:
            said = {"rows": sum(1 for _ in rows), "sha256": sha256(run.rows(name))}
        with artifact.new_file("set.json") as file:
            json.dump(said, file)
        if (card := run.set(name) / "card.md").is_file():
            with artifact.new_file("card.md") as file:
                file.write(public(read_text(card)))
        yield artifact


def evaluation_artifact(recipe: Mapping[str, Any], checkpoint: str, folder: Path) -> Any:
    """The metrics of every set and mode of a checkpoint."""
    import wandb

    artifact = wandb.Artifact(evaluation_name(recipe, checkpoint), type="evaluation")
    for file in sorted(folder.glob("*/metrics.json")):
        artifact.add_file(str(file), f"{file.parent.name}/metrics.json")
    return artifact


def report_artifact(recipe: Mapping[str, Any], folder: Path, patterns: Sequence[str]) -> Any:
    """The page with what it is made of."""
    import wandb

    artifact = wandb.Artifact(artifact_name(recipe["name"], "report"), type="report")
    for pattern in patterns:
        for file in sorted(folder.glob(pattern)):
            artifact.add_file(str(file), file.relative_to(folder).as_posix())
    return artifact


def _of_set(recipe: Mapping[str, Any], name: str) -> str:
    return artifact_name(recipe["name"], f"data-{name}")
