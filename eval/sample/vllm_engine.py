"""The same door by vLLM (extra `reins[vllm]`, 0.22 to 0.31): one seed a request, so batches do not matter there either.

vLLM cannot ask a rule after each token. So a reply is drawn to its end and then replayed to the sample; where the
rule edits, what follows is thrown away, and the reply is drawn on from the edit.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from ..weights.check import check_weights
from .decode import Limits, Sample

# Samples are handed on, and so saved, after each so many.
CHUNK = 512


@lru_cache(maxsize=1)
def load_vllm(name: str) -> Any:
    """vLLM's engine for a checkpoint; the last one is kept. Raises InputError where its weights are not all there."""
    from vllm import LLM

    check_weights(name)
    return LLM(model=name, dtype="auto", trust_remote_code=False)


def decode_vllm(name: str, samples: Sequence[Sample], limits: Limits) -> Iterator[Sample]:
    """Yield each sample when its chunk of requests, and what its rule asks for after them, has ended."""
    engine = load_vllm(name) if samples else None
    for start in range(0, len(samples), CHUNK):
        running = list(samples[start : start + CHUNK])
        while running:
            drawn = _draw(engine, running, limits)
            ended = [sample.replay(tokens, limits) for sample, tokens in zip(running, drawn, strict=True)]
            yield from (sample for sample, is_over in zip(running, ended, strict=True) if is_over)
            running = [sample for sample, is_over in zip(running, ended, strict=True) if not is_over]


def _draw(engine: Any, running: list[Sample], limits: Limits) -> list[list[int]]:
    """Token ids of every sample's continuation, its end token among them."""
    from vllm import SamplingParams

    # A reply that goes on from an edit has a seed of its own, else it would begin by the same draws once more.
    params = [
        SamplingParams(
            temperature=limits.sampling.temperature,
            top_p=limits.sampling.top_p,
            max_tokens=limits.sampling.max_new_tokens - sample.draws,
            seed=sample.seed + sample.draws,
            stop_token_ids=sorted(limits.stops),
            detokenize=False,
        )
        for sample in running
    ]
    prompts = [{"prompt_token_ids": sample.prompt + sample.tokens} for sample in running]
    return [
        list(request.outputs[0].token_ids) for request in engine.generate(prompts, params, use_tqdm=False)
    ]
