"""Imports run one way, as CONTRIBUTING draws them: from what people use down to the ground."""

import ast
import subprocess
import sys
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
            modules += [_without_reins(f"{node.module}.{name.name}") for name in node.names]
        elif isinstance(node, ast.Import):
            modules += [_without_reins(name.name) for name in node.names]
    return modules


def _without_reins(module: str) -> str:
    ours, _, rest = module.partition(".")
    return rest if ours == "reins" else ours


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


@pytest.mark.parametrize(
    "written", ["from reins.eval.report import report", "import reins.eval.report.report"]
)
def test_an_import_by_our_full_name_is_seen(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    file = tmp_path / "eval/io/files.py"
    file.parent.mkdir(parents=True)
    file.write_text(f"from os import path\nimport json\n{written}\n")
    with pytest.raises(AssertionError, match=r"eval/io/files.py imports eval.report.report: from eval/io up"):
        test_no_import_runs_back_up("eval/io")


def test_the_ground_needs_no_torch() -> None:
    """Nor does anything that it imports, such as transformers: a fresh process sees what came with it."""
    files = [file for room in GROUND for file in files_of(room)]
    modules = [".".join(["reins", *file.relative_to(ROOT).with_suffix("").parts]) for file in files]
    assert "reins.eval.verify.constraints.verdict" in modules
    code = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; "
    code += "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code, *modules], check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_every_room_is_drawn() -> None:
    drawn = {file for room in MAY_IMPORT for file in files_of(room)}
    package = [
        file for top in ("eval", "train", "recipes", "data_builders") for file in (ROOT / top).rglob("*.py")
    ]
    assert set(package) == drawn
