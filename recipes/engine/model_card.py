"""The card of every trained arm, in the hub's format, beside its weights; and its way to the hub.

A card says how the arm was trained and what the run's evaluation found, with intervals. It is no licence: weights are
under their base's, and the rows that they learned from under their sources'.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from ...eval.analyse.results import find, select
from ...eval.io.errors import InputError, nearest
from ...eval.report.tables import interval, rate
from ..plan.task import checkpoint

METRICS = ("hacc", "sacc", "correct", "correct_plain", "blind_hacc")


def write_cards(run: Path) -> None:
    """README.md into the final/ of every trained arm that the run's report covers."""
    recipe, results = _read(run)
    for arm in results["arms"]:
        if arm["stages"]:
            folder = run / "stages" / arm["checkpoint"] / "final"
            (folder / "README.md").write_text(_card(run, recipe, results, arm), encoding="utf-8")


def push(run: Path, arm: str, repository: str, *, seed: int, private: bool = True) -> None:
    """Upload an arm's final/, card included, as a model; needs the user's own hub login.

    Raises InputError on a run without report, and on an arm or seed that it did not train.
    """
    from huggingface_hub import HfApi

    recipe, results = _read(run)
    trained = {one["arm"]: one["stages"] for one in results["arms"] if one["stages"]}
    if arm not in trained:
        raise InputError(f"--arm {arm}", f"not trained in {run}", nearest(arm, trained))
    if seed not in recipe["seeds"]:
        raise InputError(f"--seed {seed}", f"not a seed of {run}", f"give one of {recipe['seeds']}")
    api = HfApi()
    api.create_repo(repository, private=private, exist_ok=True)
    api.upload_folder(
        folder_path=run / "stages" / checkpoint(trained[arm], seed) / "final",
        repo_id=repository,
        commit_message=f"{recipe['name']}: {arm}, seed {seed}",
    )


def _read(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    results = run / "report" / "results.json"
    if not results.exists():
        raise InputError(run, "no report/results.json", "finish the run first")
    return yaml.safe_load((run / "recipe.yaml").read_text("utf-8")), json.loads(results.read_text("utf-8"))


def _card(run: Path, recipe: dict[str, Any], results: dict[str, Any], arm: dict[str, Any]) -> str:
    header = {
        "base_model": recipe["base"],
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["reins", *dict.fromkeys(recipe["stages"][stage]["trainer"] for stage in arm["stages"])],
    }
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    parts = [
        f"---\n{yaml.safe_dump(header, sort_keys=False)}---",
        f"# {recipe['name']}: {arm['arm']}, seed {arm['seed']}",
        f"`{recipe['base']}` trained by {' then '.join(arm['stages'])}, one arm of an ablation by `reins`.",
        "## Training",
        _table("stage trainer data rewards rows cut steps supervised".split(), _stages(run, recipe, arm)),
        "## Evaluation",
        f"Preset {results['preset']}, 95 % intervals clustered by problem; they do not cover the training seed.",
        _table("set mode metric value n change".split(), _figures(results, arm)),
        f"Versions: {versions}.",
    ]
    return "\n\n".join(parts) + "\n"


def _stages(run: Path, recipe: dict[str, Any], arm: dict[str, Any]) -> Iterator[Sequence[Any]]:
    for depth, name in enumerate(arm["stages"], 1):
        stage = recipe["stages"][name]
        folder = run / "stages" / checkpoint(arm["stages"][:depth], arm["seed"])
        done = json.loads((folder / "done.json").read_text("utf-8"))
        counts = (done["rows"], done["cut_rows"], done["steps"], done["supervised_tokens"])
        yield (
            name,
            stage["trainer"],
            _shares(stage["data"] | stage["add"]),
            _shares(stage["rewards"]),
            *counts,
        )


def _shares(of: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:g}" for name, share in of.items()) or "–"


def _figures(results: dict[str, Any], arm: dict[str, Any]) -> Iterator[Sequence[Any]]:
    """Each figure beside the change that the arm, its seeds together, brought against the base."""
    changes = select(results["contrasts"], arm=arm["arm"], against="base", group=None)
    for one in select(results["figures"], checkpoint=arm["checkpoint"], group=None):
        if one["metric"] in METRICS:
            same = {key: one[key] for key in ("set", "mode", "metric")}
            gap = find(changes, **same) if select(changes, **same) else None
            change = f"{gap['diff']:+.2f}{interval(gap)}" if gap else "–"
            yield *same.values(), rate(one), one["n"], change


def _table(heads: Sequence[str], rows: Iterator[Sequence[Any]]) -> str:
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in (heads, ["---"] * len(heads), *rows))
