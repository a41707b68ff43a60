"""Rows that a set cannot have, as far as the recipe alone shows it: else it is found out once a model has worked for them."""

from ...data_builders.problems import BENCHMARKS
from ...eval.io.errors import InputError, nearest
from .schema import Recipe
from .sets import AnswersSet, BuiltSet

# Rows that `benchmark` has of each as it is published; of IFBench's 300 those whose constraints all have a rule here.
PUBLISHED = {
    "gsm8k": 1319,
    "math500": 500,
    "aime24": 30,
    "aime25": 30,
    "amc23": 40,
    "minerva": 272,
    "olympiad": 675,
    "mathif": 420,
    "ifeval": 541,
    "ifbench": 120,
}
EXCLUSIVE = {"thought", "no_thought"}  # of what own_answers may keep


def check_benchmark(dataset: BuiltSet, key: str) -> None:
    """Raise InputError on a benchmark that nobody knows, and on more rows than it has."""
    if dataset.builder != "benchmark":
        return
    name = dataset.args["name"]
    if name not in BENCHMARKS:
        raise InputError(f"{key}.name", f"unknown benchmark {name!r}", nearest(name, BENCHMARKS))
    there = PUBLISHED[name]
    if dataset.rows > there and not dataset.args.get("source"):
        raise InputError(f"{key}.rows", f"{dataset.rows}, and {name} has {there}", f"{there} at most")


def check_answers(recipe: Recipe, name: str) -> None:
    """Raise InputError where no answers whatever of the base make this set; every set of `recipe` has its rows."""
    dataset, key = recipe.data[name], f"data.{name}"
    if not isinstance(dataset, AnswersSet):
        return
    asked = recipe.data[dataset.of].rows
    if asked is not None and dataset.rows > asked:
        said = f"{dataset.rows}, and each of the {asked} rows of {dataset.of} gives one at most"
        raise InputError(f"{key}.rows", said, f"{asked} at most, or more rows of {dataset.of}")
    if dataset.builder == "undecided":
        _check_samples_differ(dataset, key)
    if set(dataset.args.get("keep") or []) >= EXCLUSIVE:
        said = "thought and no_thought, and no sample is both"
        raise InputError(f"{key}.keep", said, "take one of them out")


def _check_samples_differ(dataset: AnswersSet, key: str) -> None:
    """The base is undecided where its samples to one prompt differ."""
    if dataset.samples == 1:
        raise InputError(f"{key}.samples", "1, and undecided compares several", "samples: 4, or more")
    if dataset.temperature == 0:
        said = "0, at which all samples to a prompt are the same"
        raise InputError(f"{key}.temperature", said, "above 0, as 1.0")
