"""The card of every trained arm, in the hub's format, beside its weights; and its way to the hub.

A card says how the arm was trained, with the recipe, and what the run's evaluation found, with intervals. It claims no
licence (weights are under their base's, and the rows that they learned from under their sources') and names a base and
data only on the hub: where things lie here is nobody's business.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResult, HfApi, ModelCard, ModelCardData

from ...eval.analyse.formats import interval, rate
from ...eval.analyse.results import find, select
from ...eval.io.command import read_config
from ...eval.io.errors import InputError, nearest
from ...eval.io.files import read_state, write_text
from ...eval.io.public import public
from ...eval.io.run_paths import DONE, RunPaths, checkpoint_name
from ..recipe.models import is_hub_id

TITLE = 59  # characters of a collection's title, at most
METRICS = ("hacc", "sacc", "correct", "correct_plain", "blind_hacc")


def write_cards(run: Path) -> None:
    """README.md into the final/ of every trained arm that the run's report covers."""
    recipe, results = _read(run)
    for arm in results["arms"]:
        if arm["stages"]:
            folder = RunPaths(run).final(arm["checkpoint"])
            write_text(folder / "README.md", str(_card(run, recipe, results, arm)))


def push(run: Path, arm: str, repository: str, *, seed: int, private: bool = True) -> None:
    """Upload an arm's final/, card included, as a model into the collection of its ablation; needs the user's own hub login.

    Raises InputError on a run without report, and on an arm or seed that it did not train.
    """
    recipe, results = _read(run)
    trained = {entry["arm"]: entry["stages"] for entry in results["arms"] if entry["stages"]}
    if arm not in trained:
        raise InputError(f"--arm {arm}", f"not trained in {run}", nearest(arm, trained))
    if seed not in recipe["seeds"]:
        raise InputError(f"--seed {seed}", f"not a seed of {run}", f"give one of {recipe['seeds']}")
    api = HfApi()
    api.create_repo(repository, private=private, exist_ok=True)
    api.upload_folder(
        folder_path=RunPaths(run).final(checkpoint_name(trained[arm], seed)),
        repo_id=repository,
        ignore_patterns=[
            "adapter/*"
        ],  # added to the weights already, and its config names the base's path here
        commit_message=f"{recipe['name']}: {arm}, seed {seed}",
    )
    collection = api.create_collection(
        f"reins: {recipe['name']}"[:TITLE],
        namespace=repository.partition("/")[0],
        description="The arms of one ablation: one base, trained several ways.",
        private=private,
        exists_ok=True,
    )
    api.add_collection_item(collection.slug, repository, "model", exists_ok=True)


def _read(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    results = read_state(RunPaths(run).results)
    if not results:
        raise InputError(run, "no report/results.json that can be read", "finish the run first")
    return read_config(RunPaths(run).recipe), results


def _card(run: Path, recipe: dict[str, Any], results: dict[str, Any], arm: dict[str, Any]) -> ModelCard:
    base = recipe["base"] if is_hub_id(recipe["base"]) else None
    name = f"{recipe['name']}: {arm['arm']}, seed {arm['seed']}"
    header = ModelCardData(
        base_model=base,
        base_model_relation="finetune" if base else None,
        datasets=_learned_from(recipe, arm) or None,
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["reins", *dict.fromkeys(recipe["stages"][stage]["trainer"] for stage in arm["stages"])],
        model_name=name,
        eval_results=list(_eval_results(results, arm)),
    )
    versions = ", ".join(f"{package} {version}" for package, version in results["versions"].items())
    trained = " then ".join(arm["stages"])
    parts = [
        f"---\n{header.to_yaml()}\n---",
        f"# {name}",
        f"{f'`{base}`' if base else 'A local base'} trained by {trained}, one arm of an ablation by `reins`.",
        "## Training",
        _table("stage trainer data rewards rows cut steps supervised".split(), _stages(run, recipe, arm)),
        "## Evaluation",
        f"Preset {results['preset']}, 95 % intervals clustered by problem; they do not cover the training seed.",
        _table("set mode metric value n change".split(), _figures(results, arm)),
        f"Versions: {versions}.",
        "## Recipe",
        f"```yaml\n{_public_recipe(recipe)}```",
    ]
    return ModelCard("\n\n".join(parts) + "\n")


def _learned_from(recipe: dict[str, Any], arm: dict[str, Any]) -> list[str]:
    """The data sets on the hub that an arm's stages learned from, and those that their sets are made of."""
    waiting = [
        name for stage in arm["stages"] for part in ("data", "add") for name in recipe["stages"][stage][part]
    ]
    reached: dict[str, None] = {}
    while waiting:
        if (name := waiting.pop(0)) not in reached:
            reached[name] = None
            of = recipe.get("data", {}).get(name, {}).get("of")
            waiting += [of] if of else []
    sources = [recipe.get("data", {}).get(name, {}) for name in reached]
    named = [str(source.get("hub") or source.get("source") or "").partition(":")[0] for source in sources]
    return list(dict.fromkeys(name for name in named if is_hub_id(name)))


def _public_recipe(recipe: dict[str, Any]) -> str:
    """The resolved recipe as YAML: of paths the last part, and nothing of this machine and its trackers."""
    shown = {key: value for key, value in recipe.items() if key not in ("launch", "track")}
    if not is_hub_id(recipe["base"]):
        shown["base"] = "LOCAL"
    return yaml.safe_dump(public(_without_folders(shown)), sort_keys=False, allow_unicode=True)


def _without_folders(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without_folders(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_without_folders(value) for value in content]
    if isinstance(content, str) and "/" in content and not is_hub_id(content.partition(":")[0]):
        return Path(content).name
    return content


def _eval_results(results: dict[str, Any], arm: dict[str, Any]) -> Iterator[EvalResult]:
    """The figures as the hub's `model-index` has them, each with its n, interval and preset."""
    for figure in _own(results, arm):
        if figure["value"] is not None:
            yield EvalResult(
                task_type="text-generation",
                dataset_type=figure["set"],
                dataset_name=figure["set"],
                dataset_config=figure["mode"],
                metric_type=figure["metric"],
                metric_value=figure["value"],
                metric_args={"preset": results["preset"]}
                | {key: figure[key] for key in ("n", "low", "high")},
            )


def _stages(run: Path, recipe: dict[str, Any], arm: dict[str, Any]) -> Iterator[Sequence[Any]]:
    for depth, name in enumerate(arm["stages"], 1):
        stage = recipe["stages"][name]
        folder = RunPaths(run).stage(checkpoint_name(arm["stages"][:depth], arm["seed"]))
        if not (done := read_state(folder / DONE)):
            raise InputError(folder / DONE, "not there, or cannot be read", "finish the run first")
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
    for figure in _own(results, arm):
        same = {key: figure[key] for key in ("set", "mode", "metric")}
        gap = find(changes, **same) if select(changes, **same) else None
        change = f"{gap['diff']:+.2f}{interval(gap)}" if gap else "–"
        yield *same.values(), rate(figure), figure["n"], change


def _own(results: dict[str, Any], arm: dict[str, Any]) -> list[dict[str, Any]]:
    whole = select(results["figures"], checkpoint=arm["checkpoint"], group=None)
    return [figure for figure in whole if figure["metric"] in METRICS]


def _table(heads: Sequence[str], rows: Iterator[Sequence[Any]]) -> str:
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in (heads, ["---"] * len(heads), *rows))
