"""A recipe in its run folder: what all of its tasks share."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ...eval.io.files import model_files, sha256_of
from ...eval.io.run_paths import RunPaths
from ...eval.sample.settings import Server
from ..recipe.architecture import drawn_model
from ..recipe.files import locate
from ..recipe.models import WEIGHTS, file_of, is_hub_id
from ..recipe.schema import Recipe
from . import fingerprint


@dataclass(frozen=True)
class Model:
    """Where a model is (a folder or a hub id), the hash of its files (of one on the hub, its id), and how many parameters
    it has; 0 where no file here says so, as of one that is still to be fetched."""

    location: str
    hashed: str
    parameters: int = 0

    @classmethod
    def opened(cls, model: str, server: Server | None = None) -> "Model":
        """Of a recipe's `base`, or one of its `models`; what is served is known by its name and address, and by the files
        of its tokenizer."""
        if server is not None:
            tokenizer = cls.opened(server.tokenizer).hashed if server.tokenizer else ""
            return cls(model, fingerprint.digest([model, server.base_url, tokenizer]))
        if is_hub_id(model):
            cached = file_of(model, "config.json")
            return cls(model, model, _parameters(cached.parent) if cached else 0)
        folder = locate(model)
        hashed = sha256_of(model_files(folder))
        return cls(str(folder), hashed, _parameters(folder))


def _parameters(folder: Path) -> int:
    """By the headers of the weights' files; one that is not whole counts for nothing here, and is refused where it is read."""
    count = 0
    for file in folder.glob(WEIGHTS):
        with suppress(SafetensorError), safe_open(file, "np") as weights:
            names = weights.keys()
            count += sum(prod(weights.get_slice(name).get_shape()) for name in names)
    return count


@dataclass(frozen=True)
class RecipeRun:
    """A recipe, the paths of its run, its base (empty where a recipe has none), and the variables of every process."""

    recipe: Recipe
    paths: RunPaths
    base: Model
    env: Mapping[str, str]

    def parameters(self, stages: Sequence[str]) -> int:
        """How many parameters what these stages train has; 0 where nobody here knows."""
        drawn = drawn_model(self.recipe, stages)
        return self.base.parameters if drawn is None else int(drawn.num_parameters())

    @classmethod
    def of(cls, recipe: Recipe, paths: RunPaths) -> "RecipeRun":
        base = Model.opened(recipe.base) if recipe.base else Model("", "")
        env = {"OMP_NUM_THREADS": str(recipe.launch.threads), "TOKENIZERS_PARALLELISM": "false"}
        return cls(recipe, paths, base, env)
