"""A recipe in its run folder: what all of its tasks share."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...eval.io.run_paths import RunPaths
from ...eval.sample.settings import Server
from ..recipe.files import locate
from ..recipe.models import is_hub_id
from ..recipe.schema import Recipe
from . import fingerprint


@dataclass(frozen=True)
class Model:
    """Where a model is (a folder or a hub id), the hash of its files (of one on the hub, its id), its weights' bytes."""

    location: str
    hashed: str
    size: int = 0

    @classmethod
    def opened(cls, model: str, server: Server | None = None) -> "Model":
        """Of a recipe's `base`, or one of its `models`; what is served is known by its name and address, and by the files
        of its tokenizer."""
        if server is not None:
            tokenizer = cls.opened(server.tokenizer).hashed if server.tokenizer else ""
            return cls(model, fingerprint.digest([model, server.base_url, tokenizer]))
        if is_hub_id(model):
            return cls(model, model)
        folder = locate(model)
        size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        return cls(str(folder), fingerprint.of_files(fingerprint.model_files(folder)), size)


@dataclass(frozen=True)
class RecipeRun:
    """A recipe, the paths of its run, its base (empty where a recipe has none), and the variables of every process."""

    recipe: Recipe
    paths: RunPaths
    base: Model
    env: Mapping[str, str]

    @classmethod
    def of(cls, recipe: Recipe, paths: RunPaths) -> "RecipeRun":
        base = Model.opened(recipe.base) if recipe.base else Model("", "")
        env = {"OMP_NUM_THREADS": str(recipe.launch.threads), "TOKENIZERS_PARALLELISM": "false"}
        return cls(recipe, paths, base, env)
