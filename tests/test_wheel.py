"""The wheel, installed where there is no clone: it holds all of the package, and its recipes run by their names."""

import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PARTS = ("data_builders", "train", "eval", "recipes")
SMALL = """
extends: micro/ablation
name: small
data: {composite: {rows: 4}, writing: {rows: 4}}
stages: {sft: {rows: 16, args: {max_steps: 2, per_device_train_batch_size: 2, save_steps: 1,
                                chat_template_path: recipes/templates/chatml.jinja}}}
evaluate:
  composite: {samples: 1, max_new_tokens: 8, checkpoints: last}
  writing: {samples: 1, max_new_tokens: 8}
"""


def _pip(*arguments: object, setuptools: str = "") -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments), "--quiet", "--no-deps"]
    subprocess.run(command, check=True, env={"PYTHONPATH": setuptools, "PATH": "/usr/bin:/bin"})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: a build leaves files beside its sources."""
    newest = max(distributions(name="setuptools"), key=lambda package: Version(package.version))
    if Version(newest.version) < Version("77"):
        pytest.skip(f"setuptools {newest.version} does not build this project, which asks for 77")
    clone, out = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE", "__init__.py"):
        shutil.copy(ROOT / file, clone)
    _pip(
        "wheel",
        clone,
        "--no-build-isolation",
        "--wheel-dir",
        out,
        setuptools=str(newest.locate_file("")),
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def reins(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a new environment, in which the wheel stands before the packages that are installed here."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=True)
    python = place / "bin" / "python"
    _pip("--python", python, "install", "--no-index", wheel)
    packages = next(place.glob("lib/python*/site-packages"))
    (packages / "here.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")))
    return python.with_name("reins")


@pytest.mark.slow
def test_a_wheel_holds_every_module_template_recipe_and_base(wheel: Path) -> None:
    kinds = (".py", ".yaml", ".jinja", ".json", ".safetensors")
    files = {file for part in PARTS for file in (ROOT / part).rglob("*") if file.suffix in kinds}
    with zipfile.ZipFile(wheel) as packed:
        missing = {f"reins/{file.relative_to(ROOT)}" for file in files} - {*packed.namelist()}
    assert not missing


@pytest.mark.slow
def test_recipes_run_by_name_far_from_a_clone(reins: Path, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    said = {}
    for name, words in {
        "check": ["check", "micro/ablation"],
        "plan": ["run", "recipes/micro/ablation.yaml", "--dry-run"],
        "run": ["run", "small", "--arm", "base", "--arm", "sft"],
        "report": ["report", "runs/small", "--out", "again"],
        "typo": ["run", "micro/ablatoin"],
    }.items():
        done = subprocess.run(
            [reins, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        )
        said[name] = done.stdout + done.stderr
        assert done.returncode == (2 if name == "typo" else 0), said[name]
    assert "FAIL" not in said["check"] and "stage sft.rl-s0" in said["plan"]
    assert "did you mean 'micro/ablation'?" in said["typo"]
    run = tmp_path / "runs" / "small"
    assert (run / "report" / "index.html").is_file() and (tmp_path / "again" / "results.json").is_file()
    template = (run / "stages" / "sft-s0" / "final" / "chat_template.jinja").read_text()
    assert template == (ROOT / "recipes" / "templates" / "chatml.jinja").read_text()
