"""What decides an outcome is in its task's hash, and nothing else: as a kind, by running each kind of task."""

import ast
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from stages import make_stage
from synthetic_run import make_run

from reins.eval.io.jsonl import write_jsonl
from reins.recipes.plan.outcome import KINDS, LEFT_OUT, decides
from reins.recipes.plan.packages import NAMED_OTHERWISE, normal, versions
from reins.recipes.plan.sources import parsed, source

ROOT = Path(__file__).parents[1]
NOTICING = """
import os, sys
file = os.open(os.environ["NOTICED"], os.O_CREAT | os.O_APPEND | os.O_WRONLY)
seen = set()
def notice(name):
    if name not in seen:
        seen.add(name)
        os.write(file, (name + "\\n").encode())
for name in sys.orig_argv:
    notice(name)
sys.addaudithook(lambda event, given: event == "import" and notice(given[0]))
"""


def rows(file: Path) -> Path:
    """One row for each way that an answer and a constraint are judged."""
    asked = ["language:response_language", "punctuation:no_comma", "keywords:existence"]
    kwargs = [{"language": "de"}, None, {"keywords": ["sea"]}]
    write_jsonl(
        file,
        [
            {
                "source": "test",
                "id": name,
                "row": name,
                "problem_id": name,
                "question": "How many apples?",
                "answer": r"\\frac{3}{2}",
                "constraint_name": [name],
                "constraint_args": [args],
                "constraint_desc": ["Mind it."],
            }
            for name, args in zip(asked, kwargs, strict=True)
        ],
    )
    return file


def config(folder: Path, content: dict[str, object]) -> str:
    (folder / "config.yaml").write_text(yaml.safe_dump(content | {"inputs": "abc"}))
    return str(folder / "config.yaml")


def build_set(folder: Path, tiny: Path) -> list[str]:
    content = {
        "set": "rows",
        "recipe": "recipe.yaml",
        "builder": "micro.composites",
        "rows": 3,
        "seed": 0,
        "args": {},
    }
    return ["-m", "reins.data_builders.build", "--config", config(folder, content)]


def mixture(folder: Path, tiny: Path) -> list[str]:
    content = {"trainer": "grpo", "sets": {"a": str(rows(folder / "in.jsonl"))}, "shares": {"a": 1.0}}
    content |= {"add": {}, "rows": 3, "seed": 0, "preset": "reins"}
    return ["-m", "reins.data_builders.mixture", "--config", config(folder, content)]


def evaluation(folder: Path, tiny: Path) -> list[str]:
    common = {"rows": str(rows(folder / "in.jsonl")), "samples": 1, "max_new_tokens": 12}
    sets = [{"label": "all", "out": str(folder / "all.think"), **common}]
    plan = {"model": str(tiny), "seed": 0, "preset": "reins", "threads": 1, "parts": sets}
    return ["-m", "reins.eval.run", "--config", config(folder, plan)]


def sft(folder: Path, tiny: Path) -> list[str]:
    return [
        "-m",
        "reins.train.sft",
        "--config",
        str(make_stage(folder / "sft", tiny, "sft", {"max_steps": 1})),
    ]


def pretrain(folder: Path, tiny: Path) -> list[str]:
    stage = make_stage(folder / "pretrain", tiny, "pretrain", {"max_steps": 1})
    return ["-m", "reins.train.pretrain", "--config", str(stage)]


def interpolation(folder: Path, tiny: Path) -> list[str]:
    content = {"trainer": "interpolate", "base": str(tiny), "model": str(tiny), "share": 0.5}
    return ["-m", "reins.train.interpolate", "--config", config(folder, {**content, "out": str(folder)})]


def grpo(folder: Path, tiny: Path) -> list[str]:
    stage = make_stage(folder / "grpo", tiny, "grpo", {"max_steps": 1, "max_completion_length": 12})
    return ["-m", "reins.train.grpo", "--config", str(stage)]


def distillation(folder: Path, tiny: Path) -> list[str]:
    args = {"max_steps": 1, "max_completion_length": 12}
    stage = make_stage(folder / "distill", tiny, "distill", args, teacher=str(tiny))
    return ["-m", "reins.train.distill", "--config", str(stage)]


def report(folder: Path, tiny: Path) -> list[str]:
    run = make_run(folder / "run", rows=40)
    work = "from reins.eval.report.report import report; from reins.recipes.engine.model_card import write_cards;"
    return ["-c", f"{work} report([{str(run)!r}], {str(run / 'report')!r})"]


TASKS = [
    (build_set, ["set"]),
    (mixture, ["mixture"]),
    (evaluation, ["transformers", "judge"]),
    (report, ["report"]),
    pytest.param(sft, ["sft"], marks=pytest.mark.slow),
    pytest.param(grpo, ["grpo"], marks=pytest.mark.slow),
    pytest.param(distillation, ["distill"], marks=pytest.mark.slow),
    pytest.param(pretrain, ["pretrain"], marks=pytest.mark.slow),
    pytest.param(interpolation, ["interpolate"], marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("work", "kinds"), TASKS)
def test_all_that_a_task_imports_is_in_its_hash_or_left_out_for_a_reason(work, kinds, tiny, tmp_path) -> None:
    (tmp_path / "noticing").mkdir()
    (tmp_path / "noticing" / "sitecustomize.py").write_text(NOTICING)
    env = {"PYTHONPATH": str(tmp_path / "noticing"), "NOTICED": str(tmp_path / "noticed")}
    env |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    command = [sys.executable, *work(tmp_path, tiny)]
    done = subprocess.run(command, env=os.environ | env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    noticed = set((tmp_path / "noticed").read_text().splitlines())
    assert any(name.startswith("reins.") for name in noticed)
    assert modules_forgotten(noticed, kinds) == []
    assert packages_forgotten(noticed, kinds) == []


def modules_forgotten(noticed: set[str], kinds: list[str]) -> list[str]:
    """Modules of ours, those that were run as scripts too, that no hash of these kinds knows."""
    scripts = {Path(name) for name in noticed if name.endswith(".py")}
    ours = {name for name in noticed if name.partition(".")[0] == "reins"} | {
        ".".join(("reins", *path.relative_to(ROOT).with_suffix("").parts))
        for path in scripts
        if path.is_relative_to(ROOT)
    }
    known = {name for kind in kinds for name in decides(kind)["sources"]}
    left = [part for kind in kinds for part in (*LEFT_OUT, *KINDS[kind].left_out)]
    return sorted(name for name in ours - known if not any(is_part(name, part) for part in left))


def is_part(name: str, part: str) -> bool:
    return name == part.removesuffix(".*") or (part.endswith(".*") and name.startswith(part[:-1]))


def packages_forgotten(noticed: set[str], kinds: list[str]) -> list[str]:
    """Installed packages that no hash of these kinds knows, and that are not only there for what is left out."""
    providers = importlib.metadata.packages_distributions()
    tops = {name.partition(".")[0] for name in noticed} - sys.stdlib_module_names - {"reins"}
    installed = {normal(package) for top in tops for package in providers.get(top, [])}
    parts = {part for kind in kinds for part in (*LEFT_OUT, *KINDS[kind].left_out)}
    modules = {name for name in noticed if any(is_part(name, part) for part in parts)}
    theirs = {package for name in modules if name.startswith("reins.") for package in source(name).packages}
    known = {name for kind in kinds for name in decides(kind)["packages"]}
    return sorted(installed - known - versions(parts | theirs).keys())


def test_every_reason_is_of_something_that_is_there() -> None:
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    packages = {normal(pin.partition("==")[0]) for pin in pins if "==" in pin}
    packages |= {normal(package.name) for package in importlib.metadata.distributions()}
    for part in {part for kind in KINDS.values() for part in (*LEFT_OUT, *kind.left_out)}:
        path = ROOT.joinpath(*part.removesuffix(".*").split(".")[1:])
        if part.startswith("reins"):
            assert path.is_dir() or path.with_suffix(".py").exists(), part
        else:
            assert part in packages, part
    assert {normal(name) for name in NAMED_OTHERWISE.values()} <= packages


def test_every_package_that_we_import_is_looked_up_by_the_name_it_is_installed_by() -> None:
    providers = importlib.metadata.packages_distributions()
    for kind in KINDS:
        for name in decides(kind)["sources"]:
            for top in source(name).packages & providers.keys():
                looked_up = normal(NAMED_OTHERWISE.get(top, top))
                assert looked_up in {normal(package) for package in providers[top]}, (name, top)


def test_a_worker_that_is_started_by_its_file_and_a_pages_templates_count_too() -> None:
    assert "reins.eval.verify.answers.worker" in decides("judge")["sources"]
    files = [name for name, _ in source("reins.eval.report.report").files]
    assert "report.html.jinja" in files


CODE = '''
"""What it is."""

LIMIT = 3


def half(value: int) -> float:
    """The half."""
    return value / 2
'''


@pytest.mark.parametrize(
    ("find", "put", "turns"),
    [
        ("LIMIT = 3", "LIMIT = 3  # rows", False),
        ("LIMIT = 3", "\n\nLIMIT   =   (\n    3\n)", False),
        ('"""The half."""', '"""Half of it."""', False),
        ('"""What it is."""', "", False),
        ("LIMIT = 3", "LIMIT = 4", True),
        ("value / 2", "value // 2", True),
        ("LIMIT = 3", "LIMIT = 3\nimport json", True),
        ("value: int", "value: str", True),
    ],
)
def test_only_what_the_parser_sees_turns_a_sources_hash(find: str, put: str, turns: bool) -> None:
    assert find in CODE
    before, after = parsed(ast.parse(CODE)), parsed(ast.parse(CODE.replace(find, put)))
    assert (before != after) is turns
