"""Attention mass, measured: seconds and memory at a length, against a plain forward pass and `output_attentions`.

    python tests/bench/attention.py [--tokens 4096] [--layers 2]
    python tests/bench/attention.py --spans

Layers are of Qwen2.5-0.5B's shape with random weights: on a GPU where there is one, in bfloat16, else on one thread.
Peaks are of a process for each way, on a GPU of its own memory; seconds are of the processor, on a GPU of the clock, all
ways taking turns in one process, ratios of one round. A deeper model has the same ratios. With --spans: agreement of the wordings with the
reference of ../shared/data/constraint_spans, and every disagreement.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from transformers import AttentionInterface, Qwen2Config, Qwen2ForCausalLM
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from reins.eval.attention.mass import span_masses
from reins.eval.attention.spans import row_spans
from reins.eval.verify.rows import read_rows

DATA = Path(__file__).parents[3] / "shared" / "data"
PROMPT = 600
WAYS = ("plain", "spans-16", "spans-64", "indicators-16", "indicators-64", "output_attentions")
ROUNDS = 3
GPU = torch.cuda.is_available()


def opened(layers: int) -> Qwen2ForCausalLM:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape: dict[str, Any] = {
        "hidden_size": 896,
        "intermediate_size": 4864,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
    }
    config = Qwen2Config(vocab_size=1000, num_hidden_layers=layers, max_position_embeddings=65536, **shape)
    # What any backend does but PyTorch's own on CPU, through the same kernel.
    AttentionInterface.register("other", sdpa_attention_forward)
    AttentionMaskInterface.register("other", sdpa_mask)
    model = Qwen2ForCausalLM(config).eval()
    return model.to("cuda", torch.bfloat16) if GPU else model


def now() -> float:
    """Seconds of the processor, or of the clock once the GPU is done."""
    if not GPU:
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def forward(model: Qwen2ForCausalLM, way: str, tokens: int) -> float:
    """Seconds of one pass."""
    kind, _, count = way.partition("-")
    model.set_attn_implementation({"output_attentions": "eager", "indicators": "other"}.get(kind, "sdpa"))
    ids = torch.randint(0, 1000, (1, tokens), device=model.device)
    sets = [range(8 * number % PROMPT, 8 * number % PROMPT + 8) for number in range(int(count or 0) - 2)]
    middle = (PROMPT + tokens) // 2
    groups = [range(PROMPT, middle), range(middle, middle + 16), range(middle + 16, tokens)]
    start = now()
    if count:
        span_masses(model, ids[0].tolist(), [*sets, range(PROMPT), [0]], groups)
    else:
        with torch.inference_mode():
            model.base_model(ids, use_cache=False, output_attentions=kind == "output_attentions")
    return now() - start


def peak(way: str, tokens: int, layers: int) -> float:
    """MiB of a process that does one pass this way."""
    arguments = ["--way", way, "--tokens", str(tokens), "--layers", str(layers)]
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def gpu_peak(model: Qwen2ForCausalLM, way: str, tokens: int) -> float:
    """MiB on the GPU at most, in a pass that also loads the kernels."""
    torch.cuda.reset_peak_memory_stats()
    forward(model, way, tokens)
    return torch.cuda.max_memory_allocated() / 2**20


def compare(tokens: int, layers: int) -> None:
    model = opened(layers)
    peaks = {way: gpu_peak(model, way, tokens) if GPU else peak(way, tokens, layers) for way in WAYS}
    rounds = [{way: forward(model, way, tokens) for way in WAYS} for _ in range(ROUNDS)]
    maps = peaks["output_attentions"] - peaks["plain"]
    where = torch.cuda.get_device_name() if GPU else "CPU, one thread"
    print(f"{tokens} tokens, {layers} layers, prompt {PROMPT}; {where}, torch {torch.__version__}")
    for way in WAYS:
        ratios = sorted(each[way] / each["plain"] for each in rounds)
        beyond = peaks[way] - peaks["plain"]
        print(
            f"  {way:18} {min(each[way] for each in rounds):6.3f} s, {ratios[len(ratios) // 2]:.2f} x plain "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}); {beyond:+6.0f} MiB, {beyond / maps:+.1%} of the maps"
        )


def spans() -> None:
    rows = {row.id: row for row in read_rows(DATA / "ifeval/input_data.jsonl")}
    agreeing = total = 0
    for line in (DATA / "constraint_spans/ifeval_spans.jsonl").read_text("utf-8").splitlines():
        reference = json.loads(line)
        row = rows[str(reference["key"])]
        located = row_spans(row, preset="ifeval")
        for entry in reference["spans"]:
            wanted = {at for text in entry["texts"] for at in _places(located.prompt, text)}
            same = [n for n, each in enumerate(row.constraints) if each.id == entry["instruction_id"]]
            ours = [
                {at for span in located.spans if span.constraint == n for at in range(span.start, span.end)}
                for n in same
            ]
            best = max(ours, key=lambda places: len(places & wanted) / len(places | wanted))
            iou = len(best & wanted) / len(best | wanted)
            total, agreeing = total + 1, agreeing + (iou >= 0.8)
            if iou < 0.8:
                text = "".join(located.prompt[at] + " […] " * (at + 1 not in best) for at in sorted(best))
                print(
                    f"{row.id} {entry['instruction_id']} {iou:.2f}\n  theirs {entry['texts']}\n  ours   {text!r}"
                )
    print(f"{agreeing} of {total} entries have IoU >= 0.8: {agreeing / total:.1%}")


def _places(prompt: str, text: str) -> range:
    return range(prompt.index(text), prompt.index(text) + len(text))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--spans", action="store_true")
    asked = parser.parse_args()
    if asked.spans:
        spans()
    elif asked.way:
        forward(opened(asked.layers), asked.way, asked.tokens)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        compare(asked.tokens, asked.layers)


if __name__ == "__main__":
    main()
