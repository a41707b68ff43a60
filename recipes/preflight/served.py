"""Models at a server: each server is asked once what it has, which costs nothing; no row is sent."""

from collections.abc import Iterator, Mapping
from functools import cache

from ...eval.io.errors import InputError, nearest
from ...eval.sample.connection import Refused
from ...eval.sample.server import listed_models
from ...eval.sample.settings import Server
from .finding import Finding
from .material import Material


def servers(material: Material) -> Iterator[Finding]:
    """Whether each model's server answers, lists the model, and has room for the replies that are asked of it."""
    look = cache(_look)
    longest = max((evaluation.max_new_tokens for evaluation in material.recipe.evaluate.values()), default=0)
    for name, model in material.recipe.models.items():
        server = material.recipe.launch.server_of(name)
        if server is None:
            continue
        listed = look(server)
        if isinstance(listed, InputError):  # a server that is not there may be started later
            text = f"{name}: {listed.where}: {listed.what}"
            yield Finding("FAIL" if isinstance(listed, Refused) else "warn", "server", text, listed.fix)
        else:
            yield _listed(name, model, server, listed, longest)


def _look(server: Server) -> dict[str, int | None] | InputError:
    """The models of a server, or why they cannot be had."""
    try:
        return listed_models(server)
    except InputError as error:
        return error


def _listed(name: str, model: str, server: Server, listed: Mapping[str, int | None], longest: int) -> Finding:
    if not listed:
        text = f"{name}: {server.base_url} answers, and does not list its models"
        return Finding("warn", "server", text, f"see that it has {model!r}")
    if model not in listed:
        text = f"{name}: {server.base_url} does not list {model!r}"
        return Finding("warn", "server", text, nearest(model, listed))
    room = listed[model]
    if room is not None and room <= longest:
        text = f"{name}: replies of up to {longest} tokens, {model} has {room} at {server.base_url}"
        return Finding("FAIL", "server", text, "a smaller max_new_tokens, or a larger --max-model-len there")
    tokens = f", {room} tokens each" if room is not None else ""
    return Finding("ok", "server", f"{name}: {server.base_url} has {model}{tokens}")


def prices(material: Material) -> Iterator[Finding]:
    """What the replies cost at full length, where the recipe states a price."""
    for name in material.recipe.models:
        server = material.recipe.launch.server_of(name)
        if server is None or server.price is None:
            continue
        tokens = sum(task.amount for task in material.tasks.values() if task.checkpoint == name)
        cost = server.price.of_replies(tokens)
        text = f"{name}: at most {cost} for {tokens:,} tokens of replies; prompts come on top"
        yield Finding("ok", "price", text)
