"""A step that is recorded and replayed gives what the step itself gives: in evaluations and in rollouts.

A GPU's recording is stood in for by a tape of the same kind: what runs again are the same operations, on the same tensors.
"""

from collections import deque
from types import SimpleNamespace

import pytest
import torch
from tiny import make_tiny, make_tokenizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, MistralForCausalLM

from reins.eval.sample import decode, recorded_step
from reins.eval.sample.settings import Sampling
from reins.train import rollout

TEXTS = ("How many?", "Tom has 12 apples.", "a b", "Mia has 5 shells. How many has she now?" * 9)


class Tape(TorchDispatchMode):
    """Keeps each operation with the tensors that it was done to."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.lines.append((func, args, kwargs or {}, result))
        return result

    def play(self, wanted):
        made = {}

        def now(value):
            return made.get(id(value), value)

        for func, args, kwargs, before in self.lines:
            result = func(*tree_map(now, args), **tree_map(now, kwargs))
            pairs = zip(tree_flatten(before)[0], tree_flatten(result)[0], strict=True)
            made.update((id(old), new) for old, new in pairs if torch.is_tensor(old))
        return now(wanted)


@pytest.fixture
def recordings(monkeypatch):
    """How many recordings were made; a recording's own first result is thrown away, as a GPU computes none."""
    made = []

    def recording(step):
        with Tape() as tape:
            result = step()
        made.append(tape)
        kept = torch.full_like(result, float("nan"))
        return lambda: kept.copy_(tape.play(result))

    monkeypatch.setattr(recorded_step, "recording", recording)
    monkeypatch.setattr(recorded_step, "is_recordable", lambda model: True)
    return made


@pytest.fixture(scope="module", params=[0, 50], ids=["all", "window"])
def model(request, tmp_path_factory):
    folder = make_tiny(tmp_path_factory.mktemp("model"))
    llama = AutoModelForCausalLM.from_pretrained(folder).eval()
    if not request.param:
        return llama
    config = {**llama.config.to_dict(), "model_type": "mistral", "sliding_window": request.param}
    mistral = MistralForCausalLM(MistralConfig(**config)).eval()
    mistral.load_state_dict(llama.state_dict())
    return mistral


def drawn(model, room):
    tokenizer = make_tokenizer()
    waiting = deque(
        decode.Sample((row, sample), prompt, seed=10 * row + sample)
        for row, prompt in enumerate(sorted(tokenizer(list(TEXTS * 6))["input_ids"], key=len))
        for sample in range(3)
    )
    limits = decode.Limits(Sampling(max_new_tokens=room, temperature=1.0), frozenset({2}))
    return {sample.key: sample.tokens for sample in decode.decode(model, waiting, 16, limits)}


def test_samples_of_a_recorded_step(model, recordings, monkeypatch):
    """Slots are refilled on the way, the cache grows and is cut down: each time anew, and nothing else is."""
    recorded = drawn(model, 100)
    assert 3 < len(recordings) < 20
    monkeypatch.setattr(recorded_step, "is_recordable", lambda model: False)
    assert recorded == drawn(model, 100)
    assert len({len(tokens) for tokens in recorded.values()}) > 5


def test_completions_of_a_recorded_step(model, recordings, monkeypatch):
    prompts = [prompt for prompt in make_tokenizer()(list(TEXTS))["input_ids"] for _ in range(6)]
    settings = {"stops": [2], "pad": 0, "max_new_tokens": 100, "temperature": 1.0}
    torch.manual_seed(0)
    grown = rollout.sample(model, prompts, **settings)
    assert not recordings
    monkeypatch.setattr(rollout, "batch_of", lambda model: rollout.SlotBatch)
    monkeypatch.setattr(rollout.SlotBatch, "full", rollout.GrowingBatch.full)
    torch.manual_seed(0)
    assert rollout.sample(model, prompts, **settings) == grown
    assert len(recordings) > 3 and len({*map(len, grown)}) > 5


def test_a_model_that_cannot_be_recorded_goes_on_step_by_step_and_says_so(model, monkeypatch, capsys):
    plain = drawn(model, 20)

    def refused(step):
        raise RuntimeError("operation not permitted when stream is capturing\nat: ...")

    monkeypatch.setattr(recorded_step, "recording", refused)
    monkeypatch.setattr(recorded_step, "is_recordable", lambda model: True)
    assert drawn(model, 20) == plain
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("generation is slower: operation not permitted when stream is capturing")


def loaded(device="cuda", attention="sdpa", compiles=True, rope="default", layers=None, **fields):
    """What is asked of a loaded model before its steps are recorded."""
    config = LlamaConfig(rope_parameters={"rope_type": rope, "rope_theta": 1e4, "factor": 2.0})
    config._attn_implementation = attention
    config.layer_types = layers
    return SimpleNamespace(
        device=torch.device(device), config=config, _can_compile_fullgraph=compiles, **fields
    )


@pytest.mark.parametrize(
    ("model", "recordable"),
    [
        (loaded(), True),
        (loaded(hf_device_map={"": 0}), True),
        (loaded(device="cpu"), False),
        (loaded(compiles=False), False),
        (loaded(rope="dynamic"), False),
        (loaded(hf_device_map={"layers.0": 0, "layers.1": 1}), False),
        (loaded(hf_quantizer=SimpleNamespace(is_compileable=False)), False),
    ],
)
def test_what_starts_other_kernels_from_step_to_step_is_not_recorded(model, recordable):
    assert recorded_step.is_recordable(model) is recordable


@pytest.mark.parametrize(
    ("model", "batch"),
    [
        (loaded(), rollout.SlotBatch),
        (loaded(device="cpu"), rollout.GrowingBatch),
        (loaded(attention="flash_attention_2"), rollout.GrowingBatch),
        (loaded(layers=["full_attention", "linear_attention"]), rollout.GrowingBatch),
    ],
)
def test_completions_go_over_slots_where_a_mask_can_tell_what_is_seen(model, batch):
    assert rollout.batch_of(model) is batch
