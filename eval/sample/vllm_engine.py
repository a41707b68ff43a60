"""The same door by vLLM (extra `reins[vllm]`): one seed a request, so neighbours do not matter there either.

vLLM cannot ask a rule after each token. So a reply is drawn to its end, or to the rule's first look, and then replayed
to the sample; where the rule edits, what follows is thrown away, and the reply is drawn on from the edit. Requests are
handed over as others end, so that no sample waits for the longest of its neighbours, and few are in memory at a time.
"""

from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import Any

from .decode import Limits, Sample
from .vllm_arguments import VllmArguments
from .vllm_loading import load_vllm

# Requests that vLLM holds, for each that it runs at a time: those that end are replaced while others run.
HELD = 2


def decode_vllm(
    name: str, waiting: deque[Sample], limits: Limits, arguments: VllmArguments
) -> Iterator[Sample]:
    """Yield each sample as it ends. Those that wait are taken out of `waiting`, so that what has ended can be forgotten."""
    if not waiting:
        return
    engine = load_vllm(name, arguments, limits.room)
    most = HELD * engine.llm_engine.vllm_config.scheduler_config.max_num_seqs
    running: dict[str, Sample] = {}

    def ask(sample: Sample) -> None:
        request = next(names)
        running[request] = sample
        engine.llm_engine.add_request(request, *_request(sample, limits))

    names = map(str, count())
    try:
        while waiting or running:
            while waiting and len(running) < most:
                ask(waiting.popleft())
            for request in engine.llm_engine.step():
                if not request.finished:
                    continue
                sample = running.pop(request.request_id)
                if sample.watched and not sample.draws:
                    sample.told = _told(request.outputs[0].logprobs, sample.watched)
                ended = sample.replay(request.outputs[0].token_ids, limits)
                if ended or _is_full(sample, engine.model_config.max_model_len):
                    yield sample
                else:
                    ask(sample)
    finally:  # what nobody waits for any more must not be in the next call's way
        engine.llm_engine.abort_request(list(running))


def _told(drawn: Any, watched: tuple[int, ...]) -> dict[int, float]:
    """The log-probabilities of the watched tokens at the first draw; vLLM adds that of the drawn one."""
    return {token: each.logprob for token, each in drawn[0].items() if token in watched} if drawn else {}


def _is_full(sample: Sample, length: int) -> bool:
    """Whether an edit has filled the model's own context; the sample is then cut."""
    sample.cut = sample.cut or len(sample.prompt) + len(sample.tokens) >= length
    return sample.cut


def _request(sample: Sample, limits: Limits) -> tuple[Any, Any]:
    """What is to be drawn of a sample: its tokens so far, and how it goes on from them."""
    from vllm import SamplingParams
    from vllm.inputs import tokens_input
    from vllm.sampling_params import RequestOutputKind

    # A reply that goes on from an edit has a seed of its own, else it would begin by the same draws once more.
    params = SamplingParams(
        temperature=limits.sampling.temperature,
        top_p=limits.sampling.top_p,
        max_tokens=sample.asked(limits),
        seed=sample.seed + sample.draws,
        stop_token_ids=sorted(limits.stops),
        detokenize=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
        logprob_token_ids=list(sample.watched) or None,
    )
    return tokens_input(sample.prompt + sample.tokens), params
