"""Values that a recipe's types let through and that mean nothing: one line and status 2 where they are used."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from stages import make_stage, sft_rows, write_rows

from reins.data_builders import build
from reins.train import grpo, sft
from reins.train.stage import main

PROBLEMS = "composites, source: problems.jsonl, test_share: 0.0"
SETS = {
    "a share above one beside one below nothing": (PROBLEMS, 'shares: {"1": 1.5, "2": -0.5}', "shares: "),
    "a share that is no number": (PROBLEMS, 'shares: {"1": .nan}', "shares: "),
    "no number of steps": ("micro.problems", "steps: []", "steps: weights []"),
    "none of them ever": ("micro.traces", "steps: [0.0, 0.0]", "steps: weights [0.0, 0.0]"),
    "one less than never": ("micro.composites", "steps: [-1.0, 2.0]", "steps: weights [-1.0, 2.0]"),
}


@pytest.mark.parametrize("case", SETS)
def test_a_set(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    builder, argument, said = SETS[case]
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"problem": f"{n} + {n}?", "answer": str(2 * n)}) for n in range(9)]
    Path("problems.jsonl").write_text("\n".join(lines))
    given = yaml.safe_load(f"{{builder: {builder}, {argument}}}")
    config = {"set": "x", "recipe": "r.yaml", "inputs": "", "builder": given.pop("builder"), "args": given}
    Path("config.yaml").write_text(yaml.safe_dump({**config, "rows": 6, "seed": 0}))
    monkeypatch.setattr(sys, "argv", ["build", "--config", "config.yaml"])
    one_line(build.main(), capsys, said)


def rows(**columns: Any) -> list[dict[str, Any]]:
    return [*sft_rows(1), {**next(sft_rows(1)), **columns}]


STAGES: dict[str, tuple[str, dict[str, Any], list[dict[str, Any]], str]] = {
    "evaluation by TRL": ("sft", {"eval_on_start": True}, rows(), "args.eval_on_start: checkpoints are evaluated by"),
    "TRL's plain prompts": ("sft", {}, rows(prompt="a"), "sft.jsonl:2: 'prompt' is 'a'; give a list of messages"),
    "TRL's plain completions": ("sft", {}, rows(completion="b"), "sft.jsonl:2: 'completion' is 'b'; give a list"),
    "a reply without content": ("sft", {}, rows(completion=[{"role": "assistant", "content": None}]), "sft.jsonl:2: a blank completion"),
    "plain prompts of RL": ("grpo", {}, rows(prompt="a"), "grpo.jsonl:2: 'prompt' is 'a'; give a list of messages"),
    "turns without a role": ("grpo", {}, rows(prompt=["a"]), "grpo.jsonl:2: 'prompt' is ['a']"),
}  # fmt: skip


@pytest.mark.parametrize("case", STAGES)
def test_a_stage(
    case: str,
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trainer, args, written, said = STAGES[case]
    config = make_stage(tmp_path / "stage", base, trainer, args)
    write_rows(tmp_path / f"{trainer}.jsonl", written)
    monkeypatch.setattr(sys, "argv", [trainer, "--config", str(config)])
    one_line(main(trainer, {"sft": sft, "grpo": grpo}[trainer].train), capsys, said)  # type: ignore[arg-type]


def one_line(status: int, capsys: pytest.CaptureFixture[str], said: str) -> None:
    errors = capsys.readouterr().err
    assert status == 2 and errors.startswith("error: ") and errors.count("\n") == 1, errors
    assert said in errors
