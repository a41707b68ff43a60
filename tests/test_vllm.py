"""The vLLM engine against a stand-in with vLLM's interface: what the real one draws is its own, and not tested here."""

import sys
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from small_rows import TOKENS, a_row, keyed, read, write
from tiny import make_tiny
from transformers import AutoModelForCausalLM

from reins.eval.sample import vllm_engine
from reins.eval.sample.generate import generate
from reins.eval.sample.sampler import pick, uniforms
from reins.eval.sample.vllm_engine import load_vllm

MODES = [("think", 7), ("direct", 7), ("budget 10", 11), ("wait 2", 7), ("repeat", 7), ("pad 3", 7)]


@dataclass
class SamplingParams:
    """Those of vLLM's arguments that are used, without defaults: what is not passed is not relied on."""

    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    stop_token_ids: list[int]
    detokenize: bool


class LLM:
    """Draws one request after another from a model of ours, by a stream that the request's seed names."""

    def __init__(self, model, dtype, trust_remote_code):
        assert not trust_remote_code
        self.model = AutoModelForCausalLM.from_pretrained(model)
        self.seeds: list[int] = []

    def generate(self, prompts, asked, use_tqdm):
        assert len(prompts) == len(asked) > 0
        self.seeds.extend(one.seed for one in asked)
        replies = [self.reply(*pair) for pair in zip(prompts, asked, strict=True)]
        return [SimpleNamespace(outputs=[SimpleNamespace(token_ids=tuple(reply))]) for reply in replies]

    @torch.inference_mode()
    def reply(self, prompt, asked):
        """The end token is among the tokens, as vLLM hands it over."""
        tokens, reply, cache = torch.tensor([prompt["prompt_token_ids"]]), [], None
        for draw in uniforms(asked.seed, asked.max_tokens):
            made = self.model(tokens, past_key_values=cache, use_cache=True)
            cache, chosen = made.past_key_values, torch.tensor([draw], dtype=torch.float64)
            tokens = pick(made.logits[:, -1], chosen, asked.temperature, asked.top_p)[:, None]
            reply.append(tokens.item())
            if reply[-1] in asked.stop_token_ids:
                break
        return reply


@pytest.fixture(scope="module")
def thinkers(tmp_path_factory):
    """Greedy, one goes on thinking and the other ends its thoughts: else some modes would have nothing to do."""
    return {
        seed: make_tiny(tmp_path_factory.mktemp("thinker") / str(seed), think_tokens=True, seed=seed)
        for seed in (7, 11)
    }


@pytest.fixture
def rows(tmp_path):
    write(tmp_path / "rows.jsonl", [a_row(index) for index in range(20)])
    return tmp_path / "rows.jsonl"


@pytest.fixture(autouse=True)
def vllm(monkeypatch):
    load_vllm.cache_clear()
    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(LLM=LLM, SamplingParams=SamplingParams))
    yield
    load_vllm.cache_clear()


@pytest.mark.parametrize(("mode", "seed"), MODES)
def test_every_mode_gives_the_same_greedy_replies_by_both_engines(thinkers, rows, tmp_path, mode, seed):
    thinker = thinkers[seed]
    asked = {"mode": mode, "samples": 1, "temperature": 0, "max_new_tokens": TOKENS}
    ours = read(generate(thinker, rows, tmp_path / "ours", **asked))
    assert read(generate(thinker, rows, tmp_path / "theirs", engine="vllm", **asked)) == ours
    asked_for = load_vllm(str(thinker)).seeds
    assert len(set(asked_for)) == len(asked_for) >= 20
    if mode not in ("think", "direct"):
        plain = keyed(generate(thinker, rows, tmp_path / "plain", **asked | {"mode": "think"}))
        assert sum(plain[record["row"], 0]["text"] != record["text"] for record in ours) > 5


@pytest.mark.parametrize("mode", ["think", "wait 2"])
def test_samples_do_not_depend_on_what_is_asked_beside_them(thinkers, rows, tmp_path, monkeypatch, mode):
    thinker = thinkers[7]
    asked = {"mode": mode, "samples": 2, "max_new_tokens": 40, "top_p": 0.95, "engine": "vllm"}
    whole = generate(thinker, rows, tmp_path / "whole", **asked).read_bytes()
    assert len({record["text"] for record in read(tmp_path / "whole/responses.jsonl")}) > 30
    monkeypatch.setattr(vllm_engine, "CHUNK", 7)
    assert generate(thinker, rows, tmp_path / "chunks", **asked).read_bytes() == whole
