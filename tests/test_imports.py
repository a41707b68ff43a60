"""Imports run one way, as CONTRIBUTING draws them: from what people use down to the ground."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Each room and what it may import beside itself. `eval` is its one file, run.py, which evaluates a checkpoint.
MAY_IMPORT = {
    "eval/io": set(),
    "eval/stats": set(),
    "eval/verify": {"eval/io"},
    "eval/weights": {"eval/io"},
    "eval/attention/spans": {"eval/io", "eval/verify"},
    "eval/sample": {"eval/io", "eval/verify", "eval/weights", "eval/attention/spans"},
    "eval/score": {"eval/io", "eval/stats", "eval/verify"},
    "eval/export": {"eval/io", "eval/verify", "eval/score"},
    "eval/attention": {
        "eval/io",
        "eval/stats",
        "eval/verify",
        "eval/sample",
        "eval/score",
        "eval/attention/spans",
    },
    "eval/analyse": {"eval/io", "eval/stats", "eval/verify", "eval/score", "eval/attention"},
    "eval/report": {"eval/io", "eval/stats", "eval/verify", "eval/score", "eval/analyse"},
    "eval": {"eval/io", "eval/verify", "eval/sample", "eval/score"},
    "data_builders": {"eval/io", "eval/verify"},
    "train": {"eval/io", "eval/verify", "eval/weights", "eval/sample"},
    "recipes/recipe": {"data_builders", "train", "eval"},
    "recipes/plan": {"recipes/recipe", "data_builders", "train", "eval"},
    "recipes/engine": {"recipes/plan", "recipes/recipe", "data_builders", "train", "eval"},
    "recipes/preflight": {"recipes/plan", "recipes/recipe", "data_builders", "train", "eval"},
    "recipes/rehearse": {
        "recipes/engine",
        "recipes/plan",
        "recipes/recipe",
        "data_builders",
        "train",
        "eval",
    },
    "recipes": {"recipes", "data_builders", "train", "eval"},
}
GROUND = ("eval/io", "eval/stats", "eval/verify")  # what a laptop without torch can run


def room_of(module: str) -> str:
    """The room of a dotted module without `reins.`: the longest that its path starts with."""
    path = module.replace(".", "/")
    rooms = [room for room in MAY_IMPORT if path == room or path.startswith(f"{room}/")]
    return max(rooms, key=len)


def imports(file: Path) -> list[str]:
    """The modules that a file imports: ours without `reins.`, as `eval.io.files`; others by their first name."""
    package = [*file.relative_to(ROOT).parent.parts]
    modules = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            parent = package[: len(package) - node.level + 1]
            base = ".".join([*parent, *filter(None, [node.module])])
            modules += [f"{base}.{name.name}".strip(".") for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules.append((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Import):
            modules += [name.name.partition(".")[0] for name in node.names]
    return modules


def files_of(room: str) -> list[Path]:
    files = (ROOT / room).rglob("*.py")
    return [file for file in files if room_of(".".join(file.relative_to(ROOT).with_suffix("").parts)) == room]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_no_import_runs_back_up(room: str) -> None:
    allowed = MAY_IMPORT[room]
    for file in files_of(room):
        for module in imports(file):
            if module.partition(".")[0] not in ("eval", "train", "recipes", "data_builders"):
                continue
            into = room_of(module)
            ok = into == room or any(into == name or into.startswith(f"{name}/") for name in allowed)
            assert ok, f"{file.relative_to(ROOT)} imports {module}: from {room} up into {into}"


@pytest.mark.parametrize("room", GROUND)
def test_the_ground_needs_no_torch(room: str) -> None:
    for file in files_of(room):
        assert "torch" not in imports(file), file


def test_every_room_is_drawn() -> None:
    drawn = {file for room in MAY_IMPORT for file in files_of(room)}
    package = [
        file for top in ("eval", "train", "recipes", "data_builders") for file in (ROOT / top).rglob("*.py")
    ]
    assert set(package) == drawn
