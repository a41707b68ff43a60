"""A change redoes what it can move and nothing else: planned with one file or package changed at a time."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import make_tiny

ROOT = Path(__file__).parents[1]
RECIPE = """
name: small
base: base
seeds: [0]
data:
  traces: {builder: micro.traces, rows: 8}
  problems: {builder: micro.problems, rows: 8}
  composite: {builder: micro.composites, rows: 4}
stages:
  sft: {trainer: sft, data: {traces: 1.0}}
  rl: {trainer: grpo, data: {problems: 1.0}, rewards: {correct: 1.0}, args: {max_steps: 2}}
arms: {sft: [sft], rl: [rl]}
evaluate:
  composite: {samples: 1, modes: [think]}
launch: {accelerate: cpu.yaml}
"""
# Plans once for every change, each in a process of its own that has read nothing yet, and prints what goes into what.
PLANNING = """
import json, os, sys
from pathlib import Path
from reins.recipes.engine.done import origins_of
from reins.recipes.plan.plan import plan
from reins.recipes.plan.outcome import code
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import load
import reins
assert Path(reins.__file__).parent == Path("reins").resolve()
for number, change in enumerate(json.loads(sys.argv[1])):
    if os.fork():
        assert os.wait()[1] == 0
        continue
    if "package" in change:
        folder = Path(f"{number}/{change['package'].replace('-', '_')}-99.0.dist-info")
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Name: {change['package']}\\nVersion: 99.0\\n\\n")
        sys.path.insert(0, str(number))
    file = Path("reins", change.get("file", "__init__.py"))
    before = file.read_text()
    file.write_text(before + change.get("line", ""))
    tasks = plan(check(load("recipe.yaml"), Path("recipe.yaml")), Path("run"))
    outputs = {name: name for name in tasks}
    hashes = {task.name: origins_of(task, outputs) for task in tasks.values()}
    hashes |= {f"{task.name} judged": [task.judge] for task in tasks.values() if task.judge}
    hashes["report"] = code("report")
    file.write_text(before)
    print(json.dumps(hashes), flush=True)
    os._exit(0)
"""
REWARDS, SFT = "stage rl-s0", "stage sft-s0"
JUDGED = {"eval rl-s0 judged", "eval sft-s0 judged"}
SAMPLES = {"eval rl-s0", "eval sft-s0"}
MIXED = {"rows rl-s0", "rows sft-s0"}
SETS = {"data traces", "data problems", "data composite"}
CHANGES = [
    ({}, set()),
    ({"file": "train/rewards.py", "line": "\n# a comment\n"}, set()),
    ({"file": "train/rewards.py", "line": "\nLIMIT = 3\n"}, {REWARDS}),
    ({"file": "train/sft.py", "line": "\nLIMIT = 3\n"}, {SFT}),
    ({"file": "train/loop.py", "line": "\nLIMIT = 3\n"}, {REWARDS, SFT}),
    ({"file": "data_builders/mixture.py", "line": "\nLIMIT = 3\n"}, MIXED | SETS),
    ({"file": "data_builders/micro/stories.py", "line": "\nLIMIT = 3\n"}, SETS),
    ({"file": "eval/sample/decode.py", "line": "\nLIMIT = 3\n"}, SAMPLES),
    ({"file": "eval/sample/vllm_engine.py", "line": "\nLIMIT = 3\n"}, set()),
    ({"file": "eval/verify/answers/worker.py", "line": "\nLIMIT = 3\n"}, {REWARDS, "report"} | JUDGED | SETS),
    ({"file": "eval/score/measure.py", "line": "\nLIMIT = 3\n"}, {"report"} | JUDGED),
    ({"file": "eval/analyse/joint.py", "line": "\nLIMIT = 3\n"}, {"report"}),
    ({"file": "eval/report/templates/report.css.jinja", "line": "\n"}, {"report"}),
    ({"file": "recipes/engine/progress.py", "line": "\nLIMIT = 3\n"}, set()),
    *(
        ({"package": name}, {REWARDS, "report"} | JUDGED | SETS)
        for name in ("math-verify", "sympy", "langdetect", "py3langid", "latex2sympy2-extended")
    ),
    ({"package": "torch"}, {REWARDS, SFT} | SAMPLES),
    ({"package": "tqdm"}, set()),
]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> list[set[str]]:
    """The tasks that each of CHANGES redoes, of a copy of the package."""
    folder = tmp_path_factory.mktemp("planned")
    for room in ("__init__.py", "data_builders", "eval", "recipes", "train"):
        copy = shutil.copytree if (ROOT / room).is_dir() else shutil.copy
        (folder / "reins").mkdir(exist_ok=True)
        copy(ROOT / room, folder / "reins" / room)
    make_tiny(folder / "base")
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "cpu.yaml").write_text("distributed_type: 'NO'\nuse_cpu: true\n")
    command = [sys.executable, "-c", PLANNING, json.dumps([change for change, _ in CHANGES])]
    env = os.environ | {"PYTHONPATH": str(folder), "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    hashes = [json.loads(line) for line in done.stdout.splitlines()]
    return [{name for name in hashes[0] if one[name] != hashes[0][name]} for one in hashes]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_a_change_redoes_what_it_can_move_and_nothing_else(planned: list[set[str]], number: int) -> None:
    assert planned[number] == CHANGES[number][1], CHANGES[number][0]
