"""Code that comes with a model is never run, and nobody is asked whether to: one line says what it wants."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from reins_command import ROW, reins

from reins.eval.io.errors import InputError
from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.sample.generate import generate
from reins.recipes.preflight import preflight
from reins.recipes.recipe.schema import load
from reins.train.arguments import check_args

RECIPE = """
name: k
base: base
data: {t: {builder: micro.traces, rows: 8}, l: {builder: long_traces, rows: 1, source: t.jsonl, tokenizer: base, max_reasoning_tokens: 9}}
stages: {s: {trainer: sft, data: {t: 1.0}, args: {max_steps: 1, per_device_train_batch_size: 4}}}
arms: {base: [], s: [s]}
"""
TRACE = {"question": "1 + 1?", "gt": "2", "code": ["<think>" + "so " * 50 + "</think>2"], "score": [True]}
MAPS: dict[str, dict[str, object]] = {
    "a pair": {"auto_map": {"AutoTokenizer": ["evil.T", None]}},
    "a text": {"auto_map": {"AutoTokenizer": "evil.T"}},
    "an old list": {"auto_map": ["evil.T", None]},
    "fast alone": {"auto_map": {"AutoTokenizer": [None, "evil.T"]}},
    "of another repository": {"auto_map": {"AutoTokenizer": ["me/other--evil.T", None]}},
}
COMMANDS: dict[str, tuple[str, ...]] = {
    "check": ("check", "r.yaml"),
    "build": ("build", "r.yaml", "l"),
    "generate": ("generate", "--model", "base", "--data", "d.jsonl", "--out", "o"),
    "run": ("run", "r.yaml"),
    "rehearse": ("run", "r.yaml", "--rehearse"),
}


def settings(**values: object) -> None:
    file = Path("base/tokenizer_config.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.fixture
def evil(world: Path) -> Path:
    """Where to stand, beside a base whose code leaves a file behind as soon as it is run."""
    Path("base/evil.py").write_text("open('ran.txt', 'a').close()\nclass T: ...\n")
    Path("d.jsonl").write_text(json.dumps(ROW))
    Path("t.jsonl").write_text(json.dumps(TRACE))
    Path("r.yaml").write_text(RECIPE)
    return world


@pytest.mark.parametrize("auto_map", MAPS.values(), ids=MAPS)
def test_a_tokenizer_that_wants_code_of_its_own_is_refused(auto_map: dict[str, object], evil: Path) -> None:
    settings(tokenizer_class="T", **auto_map)
    with pytest.raises(InputError, match=r"base: its tokenizer wants code of its own \(auto_map\)"):
        read_checkpoint("base")
    assert not Path("ran.txt").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_it_and_asks_nobody(command: str, evil: Path) -> None:
    settings(tokenizer_class="T", **MAPS["a pair"])
    done = reins(*COMMANDS[command], said="y\n" * 9)
    assert done.returncode == 2 and "its tokenizer wants code of its own" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "[y/N]" not in done.stdout + done.stderr
    assert not list(evil.rglob("ran.txt"))


def test_code_that_is_not_needed_is_left_alone(evil: Path) -> None:
    settings(**MAPS["a pair"])
    assert reins("check", "r.yaml", said="y\n" * 9).returncode == 0
    assert not list(evil.rglob("ran.txt"))


def test_a_recipe_cannot_ask_for_it() -> None:
    for args in ({"trust_remote_code": True}, {"model_init_kwargs": {"trust_remote_code": True}}):
        with pytest.raises(InputError, match=r"trust_remote_code: no code of a model's own is run here"):
            check_args("sft", args)


UNREADABLE: dict[str, Callable[[], object]] = {
    "cut": lambda: Path("base/tokenizer.json").write_text('{"version": '),
    "empty": lambda: Path("base/tokenizer.json").write_text("{}"),
    "a model of nothing": lambda: Path("base/tokenizer.json").write_text('{"added_tokens": [], "model": 3}'),
    "an LFS pointer": lambda: Path("base/tokenizer.json").write_text("version https://git-lfs.github.com/spec/v1\n"),
    "no text": lambda: Path("base/tokenizer.json").write_bytes(b"\xff\xfe{"),
    "settings that are a list": lambda: Path("base/tokenizer_config.json").write_text("[]"),
    "a class that is a number": lambda: settings(tokenizer_class=5),
    "an end that is a mapping": lambda: settings(eos_token={"a": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_tokenizer_that_cannot_be_read_is_one_line(name: str, evil: Path) -> None:
    UNREADABLE[name]()
    failed = [str(finding) for finding in preflight(load("r.yaml"), Path("o")) if finding.level == "FAIL"]
    assert any("its tokenizer cannot be opened" in line and "\n" not in line for line in failed), failed
    with pytest.raises(InputError, match=r"cannot be opened[^\n]*$"):
        generate("base", "d.jsonl", "o")
