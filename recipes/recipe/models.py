"""The models that a recipe names: folders that hold all of one, ids on the hub, and names at a server."""

from pathlib import Path

from ...eval.io.errors import InputError, nearest
from ...eval.sample.modes.names import parse_mode
from .files import locate, text_of
from .schema import Recipe
from .sets import AnswersSet

FILES = {"config.json": "model", "*.safetensors": "weights", "tokenizer*.json": "tokenizer"}
WEIGHTS = "*.safetensors"


def check_models(recipe: Recipe) -> None:
    """Raise InputError, naming the key, where a model is not there whole, or cannot be asked as the recipe says."""
    served, answers = recipe.launch.engine == "openai", _of_answers(recipe)
    if served and (recipe.arms or answers):
        what = "engine openai asks models that are served, and this recipe's are trained or asked here"
        raise InputError(
            f"data.{answers[0]}" if answers else "arms", what, "`models` alone, or another engine"
        )
    if recipe.base or recipe.arms or answers:
        check_model(recipe.base, "base")
    if served:
        _check_served(recipe)
        return
    if recipe.launch.server or recipe.launch.servers:
        raise InputError("launch.server", f"engine {recipe.launch.engine} asks none", "engine: openai")
    for name, model in recipe.models.items():
        check_model(model, f"models.{name}")


def check_model(model: str, key: str, *, weights: bool = True) -> None:
    """Raise InputError, naming the key, where a folder is not a whole model; what is on the hub is not looked at."""
    if not model:
        raise InputError(key, "missing", "name a model's folder or a hub id")
    if is_hub_id(model):
        return
    folder = locate(model)
    for file, what in FILES.items():
        if (weights or file != WEIGHTS) and not any(folder.glob(file)):
            raise InputError(key, f"{model} holds no {what} ({file})", "name a model's folder or a hub id")
    settings = folder / "tokenizer_config.json"
    inside = settings.exists() and '"chat_template"' in text_of(settings, key)
    if not inside and not (folder / "chat_template.jinja").is_file():
        raise InputError(key, f"{model} has no chat template", f"put one in {model}/chat_template.jinja")


def is_hub_id(base: str) -> bool:
    """`owner/name` with no such folder here: a model on the hub, whose files cannot be looked at offline."""
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(base)
    except HFValidationError:
        return False
    return "/" in base and not locate(base.split("/")[0]).exists()


def file_of(model: str, name: str) -> Path | None:
    """A file of a model's folder, or of the hub's cache; None where it is in neither."""
    from huggingface_hub import try_to_load_from_cache

    if not is_hub_id(model):
        file = locate(model) / name
        return file if file.is_file() else None
    cached = try_to_load_from_cache(model, name)
    return Path(cached) if isinstance(cached, str) else None


def _of_answers(recipe: Recipe) -> list[str]:
    return [name for name, dataset in recipe.data.items() if isinstance(dataset, AnswersSet)]


def _check_served(recipe: Recipe) -> None:
    for name in recipe.launch.servers:
        if name not in recipe.models:
            raise InputError(f"launch.servers.{name}", "no model has this name", nearest(name, recipe.models))
    for name in recipe.models:
        server = recipe.launch.server_of(name)
        if server is None:
            key = f"launch.servers.{name}" if recipe.launch.servers else "launch.server"
            raise InputError(key, "missing", f"say where {recipe.models[name]} is served: {{base_url: …}}")
        if server.tokenizer:
            key = f"servers.{name}" if name in recipe.launch.servers else "server"
            check_model(server.tokenizer, f"launch.{key}.tokenizer", weights=False)
        for set_name, evaluation in recipe.evaluate.items():
            for mode in evaluation.modes:
                try:
                    parse_mode(mode).check_engine(recipe.launch.engine, server)
                except InputError as error:
                    raise InputError(f"evaluate.{set_name}.modes", error.what, error.fix) from None
