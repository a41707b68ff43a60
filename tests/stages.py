"""Stages on disk for tests of training: rows, config.yaml, and ways to run and to read them."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from reins.eval.io.errors import InputError
from reins.train import distill, grpo, sft
from reins.train.speed import DURATIONS
from reins.train.stage import start

ROOT = Path(__file__).parents[1]
SFT_ARGS = {"per_device_train_batch_size": 4, "max_length": 96, "learning_rate": 1e-3}
DISTILL_ARGS = {"per_device_train_batch_size": 16, "max_completion_length": 40, "learning_rate": 1e-3}
GRPO_ARGS = {
    "per_device_train_batch_size": 16,
    "num_generations": 4,
    "max_completion_length": 40,
    "learning_rate": 1e-3,
}
REWARDS = {"correct": 1.0, "format": 0.1, "constraints": 1.0, "random": 0.5}


def sft_rows(count=24):
    rng = random.Random(0)
    for _ in range(count):
        a, b, long = rng.randint(2, 60), rng.randint(2, 60), rng.randint(1, 8)
        question = f"Tom has {a} apples and buys {b} more. How many?"
        answer = f"<think>\n{'Wait, check: ' * long}{a} + {b} = {a + b}\n</think>\nThe answer is {a + b}."
        yield {
            "prompt": [{"role": "user", "content": question}],
            "completion": [{"role": "assistant", "content": answer}],
        }


def grpo_rows(count=24):
    for i in range(count):
        yield {
            "prompt": [{"role": "user", "content": f"Tom has {i} apples and buys 12 more. How many?"}],
            "solution": str(i + 12) if i % 4 else None,
            "constraint_name": ["change_case:english_lowercase"] if i % 2 == 0 else [],
            "constraint_args": json.dumps([None] if i % 2 == 0 else []),
            "row": f"tiny-{i}",
            "problem_id": f"tiny-{i}",
        }


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def make_stage(out, base, trainer, args=(), **config):
    """Write a stage's config.yaml and rows; return the config's path."""
    out.mkdir(parents=True, exist_ok=True)
    write_rows(out.parent / f"{trainer}.jsonl", grpo_rows() if trainer == "grpo" else sft_rows())
    content = {
        "trainer": trainer,
        "model": str(base),
        "rows": str(out.parent / f"{trainer}.jsonl"),
        "out": str(out),
        "rewards": REWARDS if trainer == "grpo" else {},
        "args": {"seed": 0, "max_steps": 6, "save_steps": 2, "logging_steps": 1}
        | {"grpo": GRPO_ARGS, "distill": DISTILL_ARGS}.get(trainer, SFT_ARGS)
        | dict(args),
        "inputs": "what went in",
    }
    (out / "config.yaml").write_text(yaml.safe_dump(content | config))
    return out / "config.yaml"


def train(config, trainer="sft"):
    start(trainer, {"sft": sft, "grpo": grpo, "distill": distill}[trainer].train, config)
    return config.parent


def weights(out):
    return load_file(out / "final" / "model.safetensors")


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def steady(path):
    """A stage's log without what no two runs log alike."""
    return [{key: value for key, value in entry.items() if key not in DURATIONS} for entry in lines(path)]


def launch(config, file="cpu.yaml", trainer="sft", options=(), env=(), **extra):
    command = [sys.executable, "-m", "accelerate.commands.launch", "--quiet"]
    command += ["--config_file", str(ROOT / "recipes" / "accelerate" / file), *options]
    command += ["-m", f"reins.train.{trainer}", "--config", str(config)]
    env = os.environ | {"OMP_NUM_THREADS": "1"} | dict(env)
    return subprocess.Popen(
        command,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **extra,
    )


def kill_after(config, checkpoint, trainer="sft"):
    """`kill -9` of a stage once a checkpoint of it is whole."""
    child = launch(config, trainer=trainer)
    while not (config.parent / checkpoint / "whole.json").exists():
        assert child.poll() is None, child.communicate()[0]
        time.sleep(0.001)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def refused(config, trainer="sft"):
    with pytest.raises(InputError) as caught:
        train(config, trainer)
    assert "\n" not in str(caught.value)
    return str(caught.value)
