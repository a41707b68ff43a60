"""The vLLM engine against a stand-in with vLLM's interface: what the real one draws is its own, and not tested here."""

import json
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
import torch
from small_rows import TOKENS, a_row, keyed, read, write
from tiny import make_tiny
from transformers import AutoModelForCausalLM

from reins.eval.io.errors import InputError
from reins.eval.run import run
from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.sample.decode import Limits, Sample
from reins.eval.sample.generate import generate
from reins.eval.sample.sampler import pick, uniforms
from reins.eval.sample.settings import Sampling
from reins.eval.sample.vllm_arguments import VllmArguments
from reins.eval.sample.vllm_engine import decode_vllm
from reins.eval.sample.vllm_loading import unload_vllm
from reins.eval.verify.rows import load_rows

MODES = [("think", 7), ("direct", 11), ("budget 10", 11), ("wait 2", 7), ("repeat", 7), ("pad 3", 7)]


ROOT = Path(__file__).parents[1]
SEQS = 4  # requests that the stand-in runs at a time


@dataclass
class SamplingParams:
    """Those of vLLM's arguments that are used, without defaults: what is not passed is not relied on."""

    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    stop_token_ids: list[int]
    detokenize: bool
    output_kind: str
    logprob_token_ids: list[int] | None


class LLM:
    """Draws one request after another from a model of ours, by a stream that the request's seed names.

    A step gives each of the first few requests one more token; those that are at their end leave. Held are no more
    than are said here, and what was handed over and not fetched is still there.
    """

    made: ClassVar[list["LLM"]] = []

    def __init__(self, model, trust_remote_code, dtype, max_model_len, max_num_seqs=SEQS, **others):
        assert not trust_remote_code
        self.arguments = {"dtype": dtype, "max_model_len": max_model_len, **others}
        self.model = AutoModelForCausalLM.from_pretrained(model)
        config = SimpleNamespace(max_model_len=max_model_len, hf_config=self.model.config)
        scheduler = SimpleNamespace(scheduler_config=SimpleNamespace(max_num_seqs=max_num_seqs))
        self.model_config, self.vllm_config, self.llm_engine = config, scheduler, self
        self.engine_core = SimpleNamespace(shutdown=lambda: LLM.made.remove(self))
        self.seeds: list[int] = []
        self.most_tokens: list[int] = []
        self.held: dict[str, tuple[list[int], int]] = {}
        self.most_held = 0
        LLM.made.append(self)
        assert len(LLM.made) == 1, "two engines on one card"

    def add_request(self, request, prompt, asked):
        length = len(prompt["prompt_token_ids"])
        assert length < self.model_config.max_model_len and request not in self.held
        self.seeds.append(asked.seed)
        self.most_tokens.append(asked.max_tokens)
        reply = self.reply(prompt, asked)[: self.model_config.max_model_len - length]
        self.held[request] = reply, len(reply)
        self.most_held = max(self.most_held, len(self.held))

    def step(self):
        outputs = []
        for request, (reply, left) in list(self.held.items())[
            : self.vllm_config.scheduler_config.max_num_seqs
        ]:
            self.held[request] = reply, left - 1
            if left == 1:
                del self.held[request]
                outputs.append(SimpleNamespace(token_ids=tuple(reply), request_id=request))
        return [
            SimpleNamespace(finished=True, request_id=output.request_id, outputs=[output])
            for output in outputs
        ]

    def abort_request(self, requests):
        for request in requests:
            del self.held[request]

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
    parallel = SimpleNamespace(cleanup_dist_env_and_memory=lambda: None)
    kinds = SimpleNamespace(RequestOutputKind=SimpleNamespace(FINAL_ONLY="at its end"))
    stand_ins = {
        "vllm": SimpleNamespace(LLM=LLM, SamplingParams=SamplingParams),
        "vllm.inputs": SimpleNamespace(tokens_input=lambda tokens: {"prompt_token_ids": tokens}),
        "vllm.sampling_params": kinds,
        "vllm.distributed.parallel_state": parallel,
    }
    for name, module in stand_ins.items():
        monkeypatch.setitem(sys.modules, name, module)
    yield
    unload_vllm()


def engine():
    (made,) = LLM.made
    return made


@pytest.mark.parametrize(("mode", "seed"), MODES)
def test_every_mode_gives_the_same_greedy_replies_by_both_engines(thinkers, rows, tmp_path, mode, seed):
    thinker = thinkers[seed]
    asked = {"mode": mode, "samples": 1, "temperature": 0, "max_new_tokens": TOKENS}
    ours = read(generate(thinker, rows, tmp_path / "ours", **asked))
    assert read(generate(thinker, rows, tmp_path / "theirs", engine="vllm", **asked)) == ours
    asked_for = engine().seeds
    assert len(set(asked_for)) == len(asked_for) >= 20
    if mode != "think":
        plain = keyed(generate(thinker, rows, tmp_path / "plain", **asked | {"mode": "think"}))
        assert sum(plain[record["row"], 0]["text"] != record["text"] for record in ours) > 5


@pytest.mark.parametrize(("mode", "first"), [("think", TOKENS), ("direct", 16), ("budget 10", 26)])
def test_no_more_of_a_thought_is_drawn_than_the_mode_lets_stand(thinkers, rows, tmp_path, mode, first):
    asked = {"mode": mode, "samples": 1, "temperature": 0, "max_new_tokens": TOKENS}
    generate(thinkers[7], rows, tmp_path / "out", engine="vllm", **asked)
    assert set(engine().most_tokens[: SEQS * 2]) == {first}


@pytest.mark.parametrize("mode", ["think", "wait 2"])
def test_samples_do_not_depend_on_what_is_asked_beside_them(thinkers, rows, tmp_path, mode):
    thinker = thinkers[7]
    asked = {"mode": mode, "samples": 2, "max_new_tokens": 40, "top_p": 0.95, "engine": "vllm"}
    whole = generate(thinker, rows, tmp_path / "whole", **asked).read_bytes()
    assert len({record["text"] for record in read(tmp_path / "whole/responses.jsonl")}) > 30
    alone = generate(thinker, rows, tmp_path / "alone", **asked, vllm=VllmArguments(max_num_seqs=1))
    assert alone.read_bytes() == whole


def asked_of(thinker, count):
    """What decodes so many samples of one prompt, of very different lengths."""
    checkpoint = read_checkpoint(str(thinker))
    prompt = checkpoint.encode("<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n")
    limits = Limits(Sampling(max_new_tokens=TOKENS), checkpoint.stops, len(prompt) + TOKENS)
    return deque(Sample(number, prompt, number) for number in range(count)), limits


def test_a_sample_waits_for_no_longer_one_and_few_requests_are_held(thinkers):
    waiting, limits = asked_of(thinkers[7], 60)
    ended = decode_vllm(str(thinkers[7]), waiting, limits, VllmArguments())
    order = [next(ended).key]
    assert 60 - len(waiting) <= 2 * SEQS  # what has not been handed over is not begun
    order += [sample.key for sample in ended]
    assert sorted(order) == list(range(60)) and not waiting
    assert engine().most_held == 2 * SEQS
    last_of_the_first = max(order.index(key) for key in range(2 * SEQS))
    assert min(order.index(key) for key in range(2 * SEQS, 60)) < last_of_the_first


def test_what_is_left_half_way_is_not_in_the_next_calls_way(thinkers):
    waiting, limits = asked_of(thinkers[7], 20)
    ended = decode_vllm(str(thinkers[7]), waiting, limits, VllmArguments())
    next(ended)
    assert engine().held
    ended.close()
    assert not engine().held


def test_a_checkpoint_trained_anew_in_its_folder_answers_with_its_new_weights(tmp_path, rows):
    folder = make_tiny(tmp_path / "model", think_tokens=True, seed=7)
    asked = {"samples": 1, "temperature": 0, "max_new_tokens": 20, "engine": "vllm"}
    before = keyed(generate(folder, rows, tmp_path / "before", **asked))
    kept = engine()
    generate(folder, rows, tmp_path / "again", **asked, mode="direct")
    assert engine() is kept
    make_tiny(folder, think_tokens=True, seed=11)
    after = keyed(generate(folder, rows, tmp_path / "after", **asked))
    assert sum(before[key]["text"] != after[key]["text"] for key in before) > 10


def test_the_engine_starts_as_the_other_one_would_and_with_what_is_given(thinkers, rows, tmp_path):
    asked = {"samples": 1, "max_new_tokens": 20, "engine": "vllm"}
    generate(thinkers[7], rows, tmp_path / "plain", **asked)
    on_a_cpu = {"dtype": "float32", "enforce_eager": True, "enable_chunked_prefill": False}
    assert engine().arguments.items() >= on_a_cpu.items()
    longest = engine().arguments["max_model_len"]
    generate(thinkers[7], rows, tmp_path / "pad", **asked, mode="pad 60")
    assert engine().arguments["max_model_len"] > longest > 20
    given = VllmArguments(
        dtype="bfloat16", gpu_memory_utilization=0.5, enforce_eager=False, quantization="fp8"
    )
    generate(thinkers[7], rows, tmp_path / "given", **asked, vllm=given)
    assert (
        engine().arguments.items() >= given.stated.items()
        and "kv_cache_memory_bytes" not in engine().arguments
    )
    noted = json.loads((tmp_path / "given/generation.json").read_text())
    assert (noted["dtype"], noted["quantization"]) == ("bfloat16", "fp8") and "enforce_eager" not in noted


def test_less_room_than_replies_may_take_is_refused(thinkers, rows, tmp_path):
    short = VllmArguments(max_model_len=100)
    with pytest.raises(
        InputError, match=r"launch.vllm.max_model_len: 100, but .* may come to \d+ tokens; give \d+"
    ):
        generate(thinkers[7], rows, tmp_path, max_new_tokens=99, engine="vllm", vllm=short)


def test_a_reply_from_a_file_that_is_longer_than_replies_may_be_has_room(thinkers, rows, tmp_path):
    long = [
        {"row": row.name, "sample": 0, "text": f"<think>\nHm.\n</think>\n\n{'Ann has pens. ' * 99}"}
        for row in load_rows(rows)
    ]
    write(tmp_path / "long.jsonl", long)
    asked = {"mode": "reflect_other", "replies": tmp_path / "long.jsonl", "samples": 1, "temperature": 0}
    asked["max_new_tokens"] = 20
    ours = read(generate(thinkers[7], rows, tmp_path / "ours", **asked))
    assert read(generate(thinkers[7], rows, tmp_path / "theirs", engine="vllm", **asked)) == ours
    with pytest.raises(InputError, match=r"launch.vllm.max_model_len: 512, but .* may come to \d+ tokens"):
        short = VllmArguments(max_model_len=512)
        generate(thinkers[7], rows, tmp_path / "short", engine="vllm", vllm=short, **asked)


def test_an_edit_that_fills_the_models_positions_cuts_the_sample(tmp_path, rows):
    """Nothing is asked of vLLM that it would refuse."""
    folder = make_tiny(tmp_path / "model", think_tokens=True, seed=7)
    config = json.loads((folder / "config.json").read_text())
    prompts = [
        len(read_checkpoint(str(folder)).prompt(row, preset="reins", with_constraints=True).tokens)
        for row in load_rows(rows)
    ]
    (folder / "config.json").write_text(
        json.dumps(config | {"max_position_embeddings": max(prompts) + TOKENS})
    )
    out = generate(
        folder,
        rows,
        tmp_path / "out",
        samples=1,
        temperature=0,
        max_new_tokens=TOKENS,
        mode="pad 60",
        engine="vllm",
    )
    assert len(read(out)) == 20 and any(record["cut"] for record in read(out))


def test_the_pins_beside_vllm_are_the_projects_but_for_numpy():
    ours, theirs = (
        {line for line in (ROOT / name).read_text().splitlines() if line[0] != "#"}
        for name in ("constraints.txt", "constraints-vllm.txt")
    )
    assert sorted(line.partition("==")[0] for line in theirs - ours) == ["numpy", "vllm"]


def test_an_evaluation_starts_the_engine_as_its_plan_says(thinkers, rows, tmp_path):
    part = {
        "label": "test",
        "rows": str(rows),
        "out": str(tmp_path / "out"),
        "samples": 1,
        "max_new_tokens": 8,
    }
    plan = {"model": str(thinkers[7]), "seed": 0, "engine": "vllm", "inputs": "x", "parts": [part]}
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(plan | {"vllm": {"max_num_seqs": 3, "dtype": "bfloat16"}}))
    run(file)
    assert engine().vllm_config.scheduler_config.max_num_seqs == 3
    assert engine().arguments["dtype"] == "bfloat16" and len(read(tmp_path / "out/responses.jsonl")) == 20
