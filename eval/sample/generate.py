"""Sample replies of one model to the rows of one set: the door to all engines."""

import hashlib
import json
import sys
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..io.errors import InputError, nearest
from ..io.files import write_json
from ..verify import PRESETS, render
from ..verify.published import refuse_patterns
from ..verify.reasoning import split_reasoning
from ..verify.responses import Response
from ..verify.rows import Row, load_rows
from ..verify.thought_formats import THINK
from . import resume
from .checkpoint import Checkpoint, Prompt, fingerprint, load_model, read_checkpoint
from .decode import Limits, Sample, decode
from .modes.mode import ENGINES, Mode
from .modes.names import parse_mode
from .processes import Processes
from .progress import follow
from .sampler import sample_seed
from .settings import Sampling, Server, read_sampling
from .steering import steers_of
from .vllm_arguments import VllmArguments

USAGE = "usage.json"  # beside a server's responses: what they took


@dataclass(frozen=True)
class Settings:
    """What a reply depends on, besides the rows."""

    model: str
    mode: str
    seed: int
    with_constraints: bool
    preset: str
    engine: str
    sampling: Sampling
    vllm: VllmArguments
    server: Server | None = None

    def check(self) -> None:
        """Raise InputError naming a setting that cannot be."""
        mode = parse_mode(self.mode)
        for name, known in (("preset", PRESETS), ("engine", ENGINES)):
            if getattr(self, name) not in known:
                raise InputError(
                    name, f"{getattr(self, name)!r} is unknown", f"use one of {', '.join(known)}"
                )
        if (self.server is not None) != (self.engine == "openai"):
            what = "is missing" if self.server is None else f"is not asked by engine {self.engine}"
            raise InputError("base_url", what, "give engine openai and base_url together")
        if self.vllm.given and self.engine != "vllm":
            raise InputError(
                "vllm", f"is not read by engine {self.engine}", "give engine vllm, or leave it out"
            )
        mode.check_engine(self.engine, self.server)

    @property
    def parsed_mode(self) -> Mode:
        return parse_mode(self.mode)

    def turn(self, row: Row) -> str:
        """A row as its preset asks it."""
        return render(row, preset=self.preset, with_constraints=self.with_constraints)

    @property
    def checkpoint(self) -> str:
        """Where tokenizer and template are; empty where a server alone has them."""
        return self.server.tokenizer if self.server else self.model

    def noted(self) -> dict[str, Any]:
        """As generation.json beside the responses holds them."""
        settings = {
            name: value for name, value in vars(self).items() if name not in ("sampling", "server", "vllm")
        }
        engine = self.vllm.deciding if self.engine == "vllm" else self.server.noted if self.server else {}
        return settings | self.sampling.noted | engine


def generate(
    model: str | Path,
    rows_file: str | Path | Sequence[str | Path],
    out_dir: str | Path,
    *,
    mode: str = "think",
    seed: int = 0,
    with_constraints: bool = True,
    preset: str = "reins",
    engine: str = "transformers",
    server: Server | None = None,
    vllm: VllmArguments | None = None,
    ours: bool = False,
    **sampling: Any,
) -> Path:
    """Write `samples` replies to every row into `out_dir/responses.jsonl`, and return its path.

    `sampling` are the fields of `Sampling`, its defaults where not said. With engine `openai`, `model` is its name at the
    `server`, and `usage.json` beside the responses says what they took.
    `vllm` are that engine's arguments.
    Lines hold `{row, sample, text, state, cut, reasoning_tokens, answer_tokens, seed, prompt_hash}`; the tokens
    of reasoning include its tags, and a thought that the template opened is in `text` though not generated.
    A killed call goes on where it was; what other settings left there is replaced only in a folder that is `ours`, a
    run's. On CPU with one thread the bytes do not depend on that, on `batch_size` or on the number of processes. Raises InputError on settings, rows or a checkpoint of no use.
    """
    settings = Settings(
        model=str(model),
        mode=mode,
        seed=seed,
        with_constraints=with_constraints,
        preset=preset,
        engine=engine,
        sampling=read_sampling(sampling),
        server=server,
        vllm=vllm or VllmArguments(),
    )
    settings.check()
    rows, out, processes = load_rows(rows_file), Path(out_dir), Processes(on_cards=engine != "vllm")
    refuse_patterns(rows_file, preset)
    if with_constraints:
        settings.parsed_mode.check_rows(rows)
    if server and not (out / resume.RESPONSES).exists():
        _reach(server, settings.model)
    if processes.first:
        data = hashlib.sha256(json.dumps([row.line() for row in rows]).encode()).hexdigest()
        files = fingerprint(settings.checkpoint) if settings.checkpoint else ""
        note = {**settings.noted(), "files": files, "data": data}
        resume.claim(out, note, ours=ours)
    processes.wait()
    if not (out / resume.RESPONSES).exists():
        resume.append(out, processes.index, _responses(settings, rows, out, processes))
        processes.wait()  # all must have written before one file is made of theirs
        if processes.first:
            resume.settle(out, rows)
        processes.wait()
    if server and processes.first:
        from .openai_engine import spent

        write_json(out / USAGE, {**server.noted, **spent(out / resume.RESPONSES, server.price)})
    return out / resume.RESPONSES


def _reach(server: Server, model: str) -> None:
    """Raise InputError where no server is there to be asked; say so where it is, and does not list the model."""
    from .server import listed_models

    listed = listed_models(server)
    if listed and model not in listed:
        said = (
            f"{server.base_url} does not list {model!r} ({nearest(model, listed)}); it is asked all the same"
        )
        print(said, file=sys.stderr, flush=True)


def _responses(settings: Settings, rows: list[Row], out: Path, processes: Processes) -> Iterator[Response]:
    """The responses of this process's share that are still missing, as they end."""
    if not settings.checkpoint:
        return _by_chat(settings, rows, out, processes)
    checkpoint = read_checkpoint(settings.checkpoint)
    mode = settings.parsed_mode
    prompts = [
        checkpoint.prompt_of(mode.turn(settings.turn(row), checkpoint.form), direct=mode.direct)
        for row in rows
    ]
    checkpoint.check_lengths(prompts, settings.sampling.max_new_tokens)
    # Shortest prompts first: neighbours in a batch are of a length, and the longest run in a batch that shrinks
    # (measured: 7 % faster than longest first). The share is fixed before what is done is left out, since the
    # other processes are writing already.
    share = processes.share(sorted(range(len(rows)), key=lambda index: len(prompts[index].tokens)))
    samples = _missing(settings, rows, prompts, checkpoint, share, resume.finished(out))
    # vLLM alone must know before it starts how long a sample can get.
    room = _room(settings, rows, prompts, checkpoint) if settings.engine == "vllm" else 0
    limits = Limits(settings.sampling, checkpoint.stops, room)
    responses = (
        _response(sample, rows[sample.key[0]], prompts[sample.key[0]], checkpoint)
        for sample in _decoded(settings, checkpoint, samples, limits)
    )
    return follow(responses, len(samples), out.name)


def _by_chat(settings: Settings, rows: list[Row], out: Path, processes: Processes) -> Iterator[Response]:
    """The same of a model whose server renders the prompts."""
    from .openai_engine import Question, ask_by_chat

    assert settings.server is not None
    done, mode = resume.finished(out), settings.parsed_mode
    questions = [
        Question(
            row.name,
            number,
            mode.turn(settings.turn(row), THINK),
            sample_seed(settings.seed, row.name, number),
        )
        for row in processes.share(rows)
        for number in range(settings.sampling.samples)
        if (row.name, number) not in done
    ]
    responses = ask_by_chat(settings.server, settings.model, questions, settings.sampling)
    return follow(responses, len(questions), out.name)


def _missing(
    settings: Settings,
    rows: list[Row],
    prompts: list[Prompt],
    checkpoint: Checkpoint,
    share: Sequence[int],
    done: resume.Places,
) -> deque[Sample]:
    mode = settings.parsed_mode
    if not settings.with_constraints:
        rows = [replace(row, constraints=[]) for row in rows]
    steer = steers_of(mode, checkpoint, rows, prompts, settings.preset)
    return deque(
        Sample(
            key=(index, number),
            prompt=prompts[index].tokens,
            seed=sample_seed(settings.seed, rows[index].name, number),
            rule=mode.rule(checkpoint, rows[index], prompts[index].lead),
            steer=steer(index),
        )
        for index in share
        for number in range(settings.sampling.samples)
        if (rows[index].name, number) not in done
    )


def _room(settings: Settings, rows: Sequence[Row], prompts: Sequence[Prompt], checkpoint: Checkpoint) -> int:
    """Tokens that the longest sample may come to: its prompt, its reply, and what the mode's edits add."""
    mode = settings.parsed_mode
    longest = max(
        len(prompt.tokens) + mode.most_inserted(checkpoint, row)
        for row, prompt in zip(rows, prompts, strict=True)
    )
    return longest + settings.sampling.max_new_tokens


def _decoded(
    settings: Settings, checkpoint: Checkpoint, samples: deque[Sample], limits: Limits
) -> Iterator[Sample]:
    if settings.engine == "vllm":
        from .vllm_engine import decode_vllm

        return decode_vllm(settings.model, samples, limits, settings.vllm)
    if settings.server:
        from .openai_engine import ask_by_tokens

        return ask_by_tokens(settings.server, settings.model, samples, limits)
    return decode(
        load_model(settings.model, fingerprint(settings.model)), samples, settings.sampling.batch_size, limits
    )


def _response(sample: Sample, row: Row, prompt: Prompt, checkpoint: Checkpoint) -> Response:
    lead, tokens = prompt.lead, sample.tokens
    reply = tokens[:-1] if set(tokens[-1:]) & checkpoint.stops else tokens
    text = lead + checkpoint.decode(reply)
    split = split_reasoning(text, known=checkpoint.form)
    reasoning = len(reply) if split.state == "unclosed" else _tokens_of(split.after, lead, reply, checkpoint)
    return Response(
        row=row.name,
        sample=sample.key[1],
        text=text,
        state=split.state,
        truncated=sample.cut,
        reasoning_tokens=reasoning,
        answer_tokens=len(reply) - reasoning,
        seed=sample.seed,
        prompt_hash=prompt.hash,
    )


def _tokens_of(characters: int, lead: str, tokens: list[int], checkpoint: Checkpoint) -> int:
    """How many tokens it takes until the text has so many characters."""
    # Text grows with its tokens, so that a few prefixes need decoding and not all of them.
    return bisect_left(
        range(len(tokens)), characters, key=lambda n: len(lead + checkpoint.decode(tokens[:n]))
    )
