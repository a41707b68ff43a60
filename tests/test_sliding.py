"""Models whose layers attend to a window (Mistral, Gemma, Qwen with it on) sample what transformers itself would."""

from collections import deque

import pytest
import torch
from stages import lines, make_stage, train
from tiny import make_other
from transformers import AutoModelForCausalLM

from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl
from reins.eval.sample.decode import Limits, Sample, decode
from reins.eval.sample.generate import generate
from reins.eval.sample.modes.mode import Edit
from reins.eval.sample.settings import Sampling
from reins.train.rollout import sample

GEMMA = {"query_pre_attn_scalar": 16, "layer_types": ["sliding_attention", "full_attention"]}
MODELS = {
    "mistral": {},
    "gemma3_text": GEMMA,
    "gemma2": {},
    "qwen3": {"use_sliding_window": True, "max_window_layers": 1},
    "mixtral": {"num_local_experts": 4},
    "gpt_oss": {"num_local_experts": 4},
}
WINDOW, NEW, STOP = 16, 48, 2


def drawn(model, prompt):
    """transformers' own greedy continuation."""
    ids = torch.tensor([prompt])
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=NEW,
        do_sample=False,
        eos_token_id=STOP,
        pad_token_id=0,
    )
    return out[0, len(prompt) :].tolist()


@pytest.fixture(scope="module", params=MODELS)
def model(request, tmp_path_factory):
    folder = make_other(
        tmp_path_factory.mktemp("tiny"), request.param, sliding_window=WINDOW, **MODELS[request.param]
    )
    return AutoModelForCausalLM.from_pretrained(folder).eval()


@pytest.fixture
def prompts():
    shaken = torch.Generator().manual_seed(1)
    return [torch.randint(3, 380, (length,), generator=shaken).tolist() for length in (5, 17, 40)]


def test_slots_draw_what_generate_draws(model, prompts):
    limits = Limits(Sampling(max_new_tokens=NEW, temperature=0.0), frozenset({STOP}))
    work = [Sample(number, prompt, 0) for number, prompt in enumerate(prompts)]
    ours = {ended.key: ended.tokens for ended in decode(model, deque(work), 16, limits)}
    for number, prompt in enumerate(prompts):
        assert ours[number] == drawn(model, prompt)


def test_a_rule_steps_back_past_the_window(model, prompts):
    back = lambda tokens: Edit(keep=3, insert=[7, 9]) if len(tokens) == 30 and tokens[3:5] != [7, 9] else None
    limits = Limits(Sampling(max_new_tokens=NEW, temperature=0.0), frozenset({-1}))
    (ended,) = decode(model, deque([Sample(0, prompts[2], 0, rule=back)]), 16, limits)
    assert ended.tokens[3:5] == [7, 9]
    kept = prompts[2] + ended.tokens[:5]
    with torch.no_grad():
        whole = model(torch.tensor([prompts[2] + ended.tokens])).logits[0].argmax(-1).tolist()
    assert ended.tokens[5:] == whole[len(kept) - 1 : -1]


def test_rollouts_draw_what_generate_draws(model, prompts):
    rolled = sample(model, prompts, stops=[STOP], pad=0, max_new_tokens=NEW, temperature=1e-5)
    assert rolled == [drawn(model, prompt) for prompt in prompts]


def test_a_layer_that_attends_otherwise_is_refused(tmp_path):
    folder = make_other(tmp_path / "lfm", "lfm2", layer_types=["conv", "full_attention"])
    with pytest.raises(InputError, match="layers of conv are not for engine transformers; use engine vllm"):
        list(
            decode(
                AutoModelForCausalLM.from_pretrained(folder),
                deque(),
                16,
                Limits(Sampling(), frozenset({STOP})),
            )
        )


@pytest.mark.parametrize("trainer", ["sft", "grpo"])
def test_a_gemma_is_trained_and_asked(trainer, tmp_path):
    base = make_other(tmp_path / "gemma", "gemma3_text", sliding_window=WINDOW, **GEMMA)
    out = train(make_stage(tmp_path / "stage", base, trainer, {"max_steps": 2}), trainer)
    assert lines(out / "log.jsonl")[1]["step"] == 1
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        '{"source": "a", "id": "1", "question": "2 + 2?", "answer": "4", "constraint_name": [], "constraint_args": [], "constraint_desc": []}\n'
    )
    written = generate(str(out / "final"), rows, tmp_path / "out", max_new_tokens=NEW)
    assert len(read_jsonl(written)) == 2
