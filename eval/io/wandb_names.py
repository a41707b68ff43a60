"""Names within Weights & Biases' limits: a long one never stops a stage or a report."""

import hashlib
import re

TAG, NAME = 64, 128  # characters of a tag, and of an artifact, project, group or run


def short(name: str, limit: int) -> str:
    """The name, or, where it is longer than the limit, its start and eight characters of the hash of all of it."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def artifact_name(recipe: str, thing: str) -> str:
    """What a recipe's set, checkpoint, evaluation or report is called among the artifacts of its project."""
    return short(re.sub(r"[^\w.-]", "_", f"{recipe}-{thing}"), NAME)


def entity_and_project(project: str) -> tuple[str | None, str]:
    """Of `entity/project`, as W&B's pages name it, its parts; without an entity the login's own is taken."""
    entity, _, name = project.rpartition("/")
    return entity or None, name
