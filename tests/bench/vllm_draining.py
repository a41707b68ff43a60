"""What waiting for the longest sample costs: vLLM fed as samples end, against one undivided call and drained chunks.

    python tests/bench/vllm_draining.py [--samples 512] [--at-once 32]

Replies of the micro base with lengths of a long tail (log-normal, median 24, at most 600 tokens), in turn, in one process.
Steps of the engine are exact; seconds are of this process's CPU, since a machine may have other work.
"""

import argparse
import resource
import time
from collections import deque
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.sample.decode import Limits, Sample
from reins.eval.sample.settings import Sampling
from reins.eval.sample.vllm_arguments import VllmArguments
from reins.eval.sample.vllm_engine import decode_vllm
from reins.eval.sample.vllm_loading import load_vllm

BASE = str(Path(__file__).parents[2] / "recipes" / "micro" / "base")
LONGEST = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--at-once", type=int, default=32)
    asked = parser.parse_args()
    if find_spec("vllm") is None:
        print("vLLM is not installed here (docs/engines.md says how)")
        return
    arguments = VllmArguments(max_num_seqs=asked.at_once)
    prompt = read_checkpoint(BASE).encode("<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n")
    limits = Limits(Sampling(max_new_tokens=LONGEST), frozenset({2}), len(prompt) + LONGEST)
    drawn = np.random.default_rng(0).lognormal(np.log(24), 1.1, asked.samples)
    lengths = np.clip(drawn, 1, LONGEST).astype(int).tolist()
    engine = load_vllm(BASE, arguments, limits.room)
    counted = count_steps(engine)

    def samples(part: list[int]) -> deque[Sample]:
        """Each is cut after so many draws: the others it is said to have had already."""
        return deque(Sample(n, prompt, n, draws=LONGEST - length) for n, length in enumerate(part))

    def fed(part: list[int]) -> int:
        return sum(len(sample.tokens) for sample in decode_vllm(BASE, samples(part), limits, arguments))

    def undivided(part: list[int]) -> int:
        from vllm import SamplingParams

        params = [
            SamplingParams(max_tokens=length, seed=n + LONGEST - length, stop_token_ids=[2], detokenize=False)
            for n, length in enumerate(part)
        ]
        replies = engine.generate([{"prompt_token_ids": prompt}] * len(part), params, use_tqdm=False)
        return sum(len(reply.outputs[0].token_ids) for reply in replies)

    def chunks(part: list[int]) -> int:
        size = 2 * asked.at_once
        return sum(fed(part[start : start + size]) for start in range(0, len(part), size))

    fed(lengths[: asked.at_once])
    print(f"{asked.samples} samples, {sum(lengths)} tokens at most, {asked.at_once} at once", flush=True)
    for way in (undivided, fed, chunks, fed, undivided):
        counted.clear()
        begun, wall = time.process_time(), time.monotonic()
        tokens = way(lengths)
        spent, wall = time.process_time() - begun, time.monotonic() - wall
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        said = f"{len(counted)} steps, {spent:.1f} s of CPU, {tokens / spent:.0f} tokens a second of it"
        print(f"{way.__name__:>10}: {tokens} tokens, {said}, {wall:.1f} s, peak {memory} MiB", flush=True)


def count_steps(engine: Any) -> list[int]:
    """A list that grows by one with each step."""
    steps: list[int] = []
    inner = engine.llm_engine.step

    def step() -> Any:
        steps.append(1)
        return inner()

    engine.llm_engine.step = step
    return steps


if __name__ == "__main__":
    main()
