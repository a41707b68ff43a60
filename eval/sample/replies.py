"""The replies that are still missing, as they end: prompts made, drawn by any engine, and asked again in a second pass."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from ..verify.reasoning import split_reasoning
from ..verify.responses import Response
from ..verify.rows import Row
from ..verify.thought_formats import THINK
from .checkpoint import Checkpoint, Prompt, fingerprint, load_model, read_checkpoint
from .decode import Limits, Sample, decode
from .generation import Generation
from .modes.decide import decided, first_tokens
from .processes import Processes
from .progress import follow
from .resume import Places
from .sampler import sample_seed
from .steering import steers_of


class Place(NamedTuple):
    """Which sample it is, and what was replied in the pass before."""

    row: int
    sample: int
    first: Response | None = None


def missing_replies(
    generation: Generation, rows: list[Row], done: Places, processes: Processes, name: str
) -> Iterator[Response]:
    """The responses of this process's share that are not `done`, as they end; progress is shown under `name`."""
    if not generation.checkpoint:
        return _by_chat(generation, rows, done, processes, name)
    asking = Asking(generation, rows, read_checkpoint(generation.checkpoint))
    samples = asking.missing(processes, done)
    return follow(asking.replies(samples), len(samples), name)


def _by_chat(
    generation: Generation, rows: list[Row], done: Places, processes: Processes, name: str
) -> Iterator[Response]:
    """The same of a model whose server renders the prompts."""
    from .openai_engine import Question, ask_by_chat

    assert generation.server is not None
    mode = generation.mode
    questions = [
        Question(
            row.name,
            number,
            mode.turn(turn := generation.turn(row), THINK),
            sample_seed(generation.seed, row.name, number),
            mode,
            turn,
            sample_seed(generation.seed, row.name, number, second=True),
            mode.before(row, number),
        )
        for row in processes.share(rows)
        for number in range(generation.sampling.samples)
        if (row.name, number) not in done
    ]
    responses = ask_by_chat(generation.server, generation.model, questions, generation.sampling)
    return follow(responses, len(questions), name)


class Asking:
    """One checkpoint asked one set in one mode."""

    def __init__(self, generation: Generation, rows: list[Row], checkpoint: Checkpoint) -> None:
        self.generation, self.rows, self.checkpoint = generation, rows, checkpoint
        self.mode, self.sampling = generation.mode, generation.sampling
        self.turns = [generation.turn(row) for row in rows]
        turns = [self.mode.turn(turn, checkpoint.form) for turn in self.turns]
        self.prompts = [checkpoint.prompt_of(turn, direct=self.mode.direct) for turn in turns]
        kept = rows if generation.with_constraints else [replace(row, constraints=[]) for row in rows]
        self.asked_rows = kept
        self.steer = steers_of(self.mode, checkpoint, kept, self.prompts, generation.preset)
        self.words = ((), ()) if self.mode.answers else first_tokens(checkpoint)
        self._check_lengths()

    def missing(self, processes: Processes, done: Places) -> deque[Sample]:
        """The samples of this process's share that are not done.

        Shortest prompts first: neighbours in a batch are of a length, and the longest run in a batch that shrinks
        (measured: 7 % faster than longest first). The share is fixed before what is done is left out, since the
        other processes are writing already.
        """
        by_length = sorted(range(len(self.rows)), key=lambda index: len(self.prompts[index].tokens))
        return deque(
            self._begin(index, number)
            for index in processes.share(by_length)
            for number in range(self.sampling.samples)
            if (self.rows[index].name, number) not in done
        )

    def replies(self, waiting: deque[Sample]) -> Iterator[Response]:
        """The responses as their last passes end; a second pass waits before all others."""
        for sample in self._drawn(waiting):
            response = self._response(sample)
            again = None if sample.key.first else self._second(sample.key, response)
            if again:
                waiting.appendleft(again)
            else:
                yield response

    def _begin(self, index: int, number: int) -> Sample:
        if before := self.mode.before(self.rows[index], number):
            second = self._second(Place(index, number), before)
            assert second is not None
            return second
        return self._sample(Place(index, number), self.prompts[index])

    def _second(self, place: Place, first: Response) -> Sample | None:
        """The pass after a reply, with as much of its thought as there is room for; None where the mode has one pass."""
        asked, split = self.turns[place.row], first.split()
        turn = self.mode.turn_after(asked, split, self.checkpoint.form)
        if turn is None:
            return None
        prompt, room = (
            self.checkpoint.prompt_of(turn),
            self.checkpoint.positions - self.sampling.max_new_tokens,
        )
        while len(prompt.tokens) > room and split.reasoning:
            split = replace(split, reasoning=split.reasoning[len(split.reasoning) // 2 + 1 :])
            prompt = self.checkpoint.prompt_of(self.mode.turn_after(asked, split, self.checkpoint.form) or "")
        return self._sample(place._replace(first=first), prompt)

    def _sample(self, place: Place, prompt: Prompt) -> Sample:
        row = self.asked_rows[place.row]
        return Sample(
            key=place,
            prompt=prompt.tokens,
            seed=sample_seed(self.generation.seed, row.name, place.sample, second=place.first is not None),
            rule=self.mode.rule(self.checkpoint, row, prompt.lead),
            steer=self.steer(place.row),
            lead=prompt.lead,
            prompt_hash=prompt.hash,
            watched=tuple(token for word in self.words for token in word),
        )

    def _drawn(self, waiting: deque[Sample]) -> Iterator[Sample]:
        generation = self.generation
        # vLLM alone must know before it starts how long a sample can get.
        room = self._room(waiting) if generation.engine == "vllm" else 0
        limits = Limits(self.sampling, self.checkpoint.stops, room)
        if generation.engine == "vllm":
            from .vllm_engine import decode_vllm

            return decode_vllm(generation.model, waiting, limits, generation.vllm)
        if generation.server:
            from .openai_engine import ask_by_tokens

            return ask_by_tokens(generation.server, generation.model, waiting, limits)
        model = load_model(generation.model, fingerprint(generation.model))
        return decode(model, waiting, self.sampling.batch_size, limits)

    @cached_property
    def _shells(self) -> list[Prompt]:
        """The prompts of the last pass, without the reply that they show."""
        after = [self.mode.shell(turn, self.checkpoint.form) for turn in self.turns]
        return [
            prompt if turn is None else self.checkpoint.prompt_of(turn)
            for turn, prompt in zip(after, self.prompts, strict=True)
        ]

    def _check_lengths(self) -> None:
        self.checkpoint.check_lengths(self._shells, self.mode.most_drawn(self.sampling.max_new_tokens))

    def _room(self, waiting: Iterable[Sample]) -> int:
        """Tokens that the longest sample may come to: its prompt, its reply, and what the mode's edits add.

        A prompt that shows a reply from a file is made already, and may be longer than one that shows a reply of ours.
        """
        made = max((len(sample.prompt) for sample in waiting), default=0) + self.sampling.max_new_tokens
        edited = zip(self._shells, self.rows, strict=True)
        longest = max(
            len(prompt.tokens) + self.mode.most_inserted(self.checkpoint, row) for prompt, row in edited
        )
        return max(made, longest + self.mode.most_drawn(self.sampling.max_new_tokens))

    def _response(self, sample: Sample) -> Response:
        place, first, tokens = sample.key, sample.key.first, sample.tokens
        reply = tokens[:-1] if set(tokens[-1:]) & self.checkpoint.stops else tokens
        text = sample.lead + self.checkpoint.decode(reply)
        split = split_reasoning(text, known=self.checkpoint.form)
        reasoning = (
            len(reply) if split.state == "unclosed" else self._tokens_of(split.after, sample.lead, reply)
        )
        response = Response(
            row=self.rows[place.row].name,
            sample=place.sample,
            text=text,
            state=split.state,
            truncated=sample.cut,
            reasoning_tokens=reasoning,
            answer_tokens=len(reply) - reasoning,
            seed=sample.seed,
            prompt_hash=sample.prompt_hash,
            calls=1,
            prompt_tokens=len(sample.prompt),
            drawn_tokens=sample.draws,
        )
        if first:
            response = response.after(first)
        return response if self.mode.answers else self._with_decision(response, sample)

    def _with_decision(self, response: Response, sample: Sample) -> Response:
        yes, no = ([sample.told[token] for token in word if token in sample.told] for word in self.words)
        decision = decided(yes, no, response.split().answer)
        return replace(response, p_yes=decision.p_yes, p_word=decision.p_word) if decision else response

    def _tokens_of(self, characters: int, lead: str, tokens: list[int]) -> int:
        """How many tokens it takes until the text has so many characters."""
        # Text grows with its tokens, so that a few prefixes need decoding and not all of them.
        return bisect_left(
            range(len(tokens)), characters, key=lambda n: len(lead + self.checkpoint.decode(tokens[:n]))
        )
