"""vLLM itself on the micro base, against the transformers engine; docs/engines.md says how to install it on a CPU."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from small_rows import keyed, read, write

from reins.data_builders import BUILDERS
from reins.eval.sample.generate import generate
from reins.eval.sample.vllm_arguments import VllmArguments
from reins.eval.sample.vllm_loading import load_vllm, unload_vllm

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed here"),
]
BASE = Path(__file__).parents[1] / "recipes" / "micro" / "base"
GREEDY = {"samples": 1, "temperature": 0.0, "max_new_tokens": 160}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)
    yield
    unload_vllm()


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    built = BUILDERS["micro.composites"](rows=24, seed=15, split="test", pool="test")
    write(file, [row.line() for row in built])
    return file


@pytest.mark.parametrize(
    "mode", ["think", "direct", "budget 8", "wait 1", "pad 4", "repeat", "cot", "reflect"]
)
def test_greedy_records_are_those_of_the_transformers_engine(rows, tmp_path, mode):
    """Texts, states, cuts, both counts of tokens, prompts."""
    ours = read(generate(BASE, rows, tmp_path / "ours", mode=mode, **GREEDY))
    assert read(generate(BASE, rows, tmp_path / "theirs", mode=mode, engine="vllm", **GREEDY)) == ours
    assert len(ours) == 24
    if mode not in ("think", "direct"):
        plain = keyed(generate(BASE, rows, tmp_path / "plain", engine="vllm", **GREEDY))
        assert sum(plain[record["row"], 0]["text"] != record["text"] for record in ours) > 2


def test_decisions_are_those_of_the_transformers_engine(rows, tmp_path):
    """Also where neither word is among the likeliest: the micro base, which knows of no such question, says neither."""
    ours = read(generate(BASE, rows, tmp_path / "ours", mode="decide", **GREEDY))
    theirs = read(generate(BASE, rows, tmp_path / "theirs", mode="decide", engine="vllm", **GREEDY))
    for name in ("p_yes", "p_word"):
        told = [record.pop(name) for record in ours]
        assert [record.pop(name) for record in theirs] == pytest.approx(told, rel=1e-3)
        assert len(set(told)) == 24
    assert theirs == ours


@pytest.mark.parametrize("mode", ["think", "wait 1"])
def test_sampled_replies_do_not_depend_on_order_neighbours_or_a_kill(rows, tmp_path, mode):
    asked = {"mode": mode, "samples": 2, "max_new_tokens": 100, "top_p": 0.95, "engine": "vllm"}
    whole = generate(BASE, rows, tmp_path / "whole", **asked)
    records = keyed(whole)
    assert len({record["text"] for record in records.values()}) > 30
    write(tmp_path / "half.jsonl", list(reversed(read(rows)))[:12])
    half = keyed(generate(BASE, tmp_path / "half.jsonl", tmp_path / "half", **asked))
    assert len(half) == 24 and all(record == records[key] for key, record in half.items())
    (killed := tmp_path / "killed").mkdir()
    shutil.copy(whole.parent / "generation.json", killed)
    lines = whole.read_bytes().splitlines(keepends=True)
    (killed / "responses.partial-0.jsonl").write_bytes(b"".join(lines[30:10:-1]) + lines[5][:40])
    assert generate(BASE, rows, killed, **asked).read_bytes() == whole.read_bytes()


def test_it_ends_where_the_checkpoint_says_and_answers_with_the_weights_that_are_there(rows, tmp_path):
    folder = shutil.copytree(BASE, tmp_path / "model")
    settings = json.loads((folder / "generation_config.json").read_text())
    common = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]["Ġ"]
    (folder / "generation_config.json").write_text(json.dumps(settings | {"eos_token_id": [2, common]}))
    for name in ("first", "trained"):
        ours = read(generate(folder, rows, tmp_path / f"{name}-ours", **GREEDY))
        assert read(generate(folder, rows, tmp_path / f"{name}-theirs", engine="vllm", **GREEDY)) == ours
        weights = load_file(folder / "model.safetensors")
        torch.manual_seed(0)
        noisy = {key: value + 0.2 * value.std() * torch.randn_like(value) for key, value in weights.items()}
        save_file(noisy, folder / "model.safetensors", metadata={"format": "pt"})
    first, trained = (read(tmp_path / f"{name}-theirs/responses.jsonl") for name in ("first", "trained"))
    assert sum(a["text"] != b["text"] for a, b in zip(first, trained, strict=True)) > 10


def test_several_engines_share_the_rows_of_a_set(rows, tmp_path):
    part = {"label": "set", "rows": str(rows), "out": str(tmp_path / "theirs"), **GREEDY}
    plan = {"model": str(BASE), "seed": 0, "engine": "vllm", "world_size": 2, "inputs": "", "parts": [part]}
    (tmp_path / "config.yaml").write_text(json.dumps(plan))
    several = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    asked = [*several, "-m", "reins.eval.run", "--config", str(tmp_path / "config.yaml")]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    ours = generate(BASE, rows, tmp_path / "ours", **GREEDY)
    assert (tmp_path / "theirs" / "responses.jsonl").read_bytes() == ours.read_bytes()


def test_a_float32_checkpoint_stays_one(rows):
    engine = load_vllm(str(BASE), VllmArguments(), 300)
    assert engine.model_config.dtype == torch.float32 and engine.model_config.max_model_len == 512
