"""The same door by a server that speaks OpenAI's protocol: vLLM, SGLang, llama.cpp, Ollama, LM Studio, hosted APIs.

Asked by chat, a row is one user turn, and the server renders it: that is all there is to mode think. Asked by token ids
(a `tokenizer` is given), prompts are rendered here, replies are drawn by `/completions` and replayed to the sample as
they are from vLLM in this process, so that a rule can edit them.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..io.errors import InputError
from ..io.jsonl import iter_jsonl
from ..verify.messages import said_in
from ..verify.reasoning import split_reasoning
from ..verify.responses import BROKEN_OFF, Response, hit_limit
from ..verify.thought_formats import THINK
from ..verify.usage import lengths, prompt_tokens, reasoning_tokens, reply_tokens, usage_of
from .complaints import Complaint
from .connection import Connection, Refused
from .decode import Limits, Sample
from .modes.decide import LIKELIEST, NO, YES, decided
from .modes.mode import Mode
from .server import answered
from .settings import Price, Sampling, Server

SEEDS = 2**31  # a seed is below this: more is too large for some servers
RENAMED = {"max_tokens": "max_completion_tokens"}  # of OpenAI's reasoning models
LOGPROBS = ("logprobs", "top_logprobs")
# What is renamed or left out where a server does not take a field: neither of LOGPROBS is of use without the other.
TOGETHER = {name: (name,) for name in (*RENAMED, "seed")} | dict.fromkeys(LOGPROBS, LOGPROBS)
# What vLLM's server would else take from the checkpoint's generation_config.json.
OFF = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}


@dataclass(frozen=True)
class Question:
    """One sample to be asked for by chat: its row, its number, the user's turn, and what a second pass is made of: the
    row's own turn as it was `asked`, a seed, and the reply that is there `before`, if one is."""

    row: str
    sample: int
    turn: str
    seed: int
    mode: Mode
    asked: str
    second_seed: int
    before: Response | None = None


class Chat:
    """A model asked by `/chat/completions`."""

    def __init__(self, model: str, sampling: Sampling) -> None:
        self.model, self.sampling = model, sampling
        self.refused: set[str] = set()  # fields that this server does not take

    async def reply(self, question: Question, connection: Connection) -> Response:
        """The response to a question, after its last pass. Raises InputError naming its row where the server refuses it."""
        first = question.before or await self._ask(question, connection)
        turn = question.mode.turn_after(question.asked, first.split(), THINK)
        if turn is None:
            return first
        second = await self._ask(replace(question, turn=turn, seed=question.second_seed), connection)
        return second.after(first)

    async def _ask(self, question: Question, connection: Connection) -> Response:
        while True:
            body = self._body(question)
            try:
                answer = await connection.ask("chat/completions", body, _whole_choice)
            except Refused as refused:
                if not self._learned(refused, body):
                    raise _of_row(refused, question.row, body) from None
            else:
                return _response(question, answer, body.get("seed"), connection.server.base_url)

    def _body(self, question: Question) -> dict[str, Any]:
        fields = {
            "max_tokens": self.sampling.max_new_tokens,
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "seed": question.seed % SEEDS,
        }
        if not question.mode.answers:
            fields |= {"logprobs": True, "top_logprobs": LIKELIEST}
        taken = {
            RENAMED.get(name, name) if name in self.refused else name: value
            for name, value in fields.items()
            if name not in self.refused or name in RENAMED
        }
        return {"model": self.model, "messages": [{"role": "user", "content": question.turn}], **taken}

    def _learned(self, refused: Refused, body: dict[str, Any]) -> bool:
        """Whether the request can be made without what was refused: a field that has another name, or is optional."""
        if refused.status not in (400, 422):
            return False
        for name, together in TOGETHER.items():
            if name in body and any(_rules_out(each, name, body) for each in refused.complaints):
                self.refused.update(together)
                return True
        return False


def _rules_out(complaint: Complaint, name: str, body: Mapping[str, Any]) -> bool:
    """Whether a field cannot be sent. How many tokens a server tells the probabilities of is no setting: one that tells
    fewer is not asked for any."""
    return complaint.refuses(name, body) or (name in LOGPROBS and complaint.limits(name, body))


def _of_row(refused: Refused, row: str, body: Mapping[str, Any]) -> InputError:
    """The refusal of one request: its row is named where it may be at fault, and so is our name of the limit."""
    if refused.status not in (400, 413, 422):
        return refused
    limits = {*RENAMED, *RENAMED.values()} & body.keys()
    if any(complaint.limits(name, body) for complaint in refused.complaints for name in limits):
        fix = "give fewer max_new_tokens, or leave that row out"
        return InputError(refused.where, refused.what, fix).within(row)
    return refused.within(row)


def ask_by_chat(
    server: Server, model: str, questions: Sequence[Question], sampling: Sampling
) -> Iterator[Response]:
    """Yield the response to each question as it comes; raises InputError where the server cannot be asked, or stops."""
    chat = Chat(model, sampling)
    return answered(server, (partial(chat.reply, question) for question in questions))


def _whole_choice(content: dict[str, Any]) -> dict[str, Any] | None:
    """The answer, if it holds a reply that has ended."""
    try:
        choice = content["choices"][0]
        whole = isinstance(choice["message"], dict) and _has_ended(choice)
    except (LookupError, TypeError):
        return None
    return content if whole else None


def _has_ended(choice: Mapping[str, Any]) -> bool:
    """Whether a reply is whole, or was cut at its limit: one that was broken off is asked for again."""
    reason = choice["finish_reason"]
    return reason not in (None, "") and str(reason).lower() not in BROKEN_OFF


def _likeliest(choice: Mapping[str, Any]) -> dict[str, list[float]]:
    """The log-probabilities of YES and of NO, however spelled, among the likeliest first tokens of a choice."""
    words: dict[str, list[float]] = {YES: [], NO: []}
    try:
        told = choice["logprobs"]["content"][0]["top_logprobs"]
        for each in told:
            # Null is what an infinite one was read as: it adds nothing.
            if (word := str(each["token"]).strip().upper()) in words and each["logprob"] is not None:
                words[word].append(float(each["logprob"]))
    except (LookupError, TypeError, ValueError):
        return {YES: [], NO: []}
    return words


def _response(question: Question, answer: dict[str, Any], seed: int | None, where: str) -> Response:
    """The record of one reply: its thought from a field of its own, or in the text."""
    choice, usage = answer["choices"][0], usage_of(answer)
    text, thought, hidden = said_in(choice["message"], where)
    split = split_reasoning(text, beside=thought)
    truncated = hit_limit(choice, where, "finish_reason")
    reasoning, rest = lengths(usage, split, truncated, hidden=hidden)
    # Behind a thought the answer's text decides: the first token is the thought's.
    words = {} if thought or split.state != "none" else _likeliest(choice)
    decision = None if question.mode.answers else decided(words.get(YES, ()), words.get(NO, ()), split.answer)
    return Response(
        row=question.row,
        sample=question.sample,
        text=text,
        # Tags in the text tell the state of all samples together: a template may have opened every thought.
        state=split.state if thought else None,
        truncated=truncated,
        reasoning_tokens=reasoning,
        answer_tokens=rest,
        seed=seed,
        prompt_hash=hashlib.sha256(question.turn.encode()).hexdigest(),
        thought=thought,
        finish_reason=str(choice["finish_reason"]),
        usage=usage,
        calls=1,
        prompt_tokens=prompt_tokens(usage),
        drawn_tokens=reply_tokens(usage),
        p_yes=decision.p_yes if decision else None,
        p_word=decision.p_word if decision else None,
    )


class Jobs(Iterator[Callable[[Connection], Awaitable[Sample]]]):
    """Samples taken out of a queue as they can be asked for; unlike a generator it goes on when more are put in."""

    def __init__(self, model: str, waiting: deque[Sample], limits: Limits) -> None:
        self.model, self.waiting, self.limits = model, waiting, limits

    def __next__(self) -> Callable[[Connection], Awaitable[Sample]]:
        if not self.waiting:
            raise StopIteration
        return partial(_finish, self.model, self.waiting.popleft(), self.limits)


def ask_by_tokens(server: Server, model: str, waiting: deque[Sample], limits: Limits) -> Iterator[Sample]:
    """Yield each sample as it ends, those too that are put into `waiting` on the way.

    Raises InputError where the server takes or returns no token ids.
    """
    return answered(server, Jobs(model, waiting, limits))


async def _finish(model: str, sample: Sample, limits: Limits, connection: Connection) -> Sample:
    """Draw a sample to its end, and on from every edit of its rule."""
    while True:
        answer = await connection.ask("completions", _completion(model, sample, limits), _whole_completion)
        tokens = answer["choices"][0].get("token_ids")
        if not isinstance(tokens, list):
            raise InputError(
                connection.server.base_url,
                "returns no token ids, by which prompts are asked here",
                "take a server that does (vLLM from 0.10.2), or leave `tokenizer` out and ask in mode think",
            )
        if sample.watched and not sample.draws:
            sample.told = _told(answer["choices"][0], sample.watched)
        if sample.replay(tokens, limits):
            return sample


def _told(choice: Mapping[str, Any], watched: Sequence[int]) -> dict[int, float]:
    """The log-probabilities of watched tokens among the likeliest first ones, which vLLM names `token_id:7`."""
    try:
        likeliest = dict(choice["logprobs"]["top_logprobs"][0])
        ids = {f"token_id:{token}": token for token in watched}
        return {ids[name]: float(log) for name, log in likeliest.items() if name in ids and log is not None}
    except (LookupError, TypeError, ValueError):
        return {}


def _completion(model: str, sample: Sample, limits: Limits) -> dict[str, Any]:
    # A reply that goes on from an edit has a seed of its own, else it would begin by the same draws once more.
    watching = {"logprobs": LIKELIEST, "return_tokens_as_token_ids": True} if sample.watched else {}
    return watching | {
        **OFF,
        "model": model,
        "prompt": sample.prompt + sample.tokens,
        "max_tokens": sample.asked(limits),
        "temperature": limits.sampling.temperature,
        "top_p": limits.sampling.top_p,
        "seed": sample.seed + sample.draws,
        "stop_token_ids": sorted(limits.stops),
        "return_token_ids": True,
    }


def _whole_completion(content: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return content if _has_ended(content["choices"][0]) else None
    except (LookupError, TypeError):
        return None


def spent(responses: Path, price: Price | None) -> dict[str, Any]:
    """What the replies in a file took, as the server counted it: tokens, and their cost where a price is stated.

    `uncounted` are those of which the server did not say; what it answered in vain is not in it.
    """
    counted: Counter[str] = Counter()
    samples = uncounted = 0
    for line in _passes(responses):
        usage = line.get("usage")
        told = {
            "prompt_tokens": prompt_tokens(usage),
            "completion_tokens": reply_tokens(usage),
            "reasoning_tokens": reasoning_tokens(usage),
        }
        counted.update({key: count for key, count in told.items() if count is not None})
        samples, uncounted = samples + 1, uncounted + (told["completion_tokens"] is None)
    cost = price.of(counted["prompt_tokens"], counted["completion_tokens"]) if price else None
    priced = {"price": price.model_dump(), "cost": cost} if price else {}
    return {"samples": samples, "uncounted": uncounted, **counted, **priced}


def _passes(responses: Path) -> Iterator[Mapping[str, Any]]:
    """Every reply of a file that the server was asked for; mode `reflect_other` shows replies that it was not."""
    for _, line in iter_jsonl(responses):
        yield line
        first = line.get("first")
        if first and first.get("calls") != 0:
            yield first
