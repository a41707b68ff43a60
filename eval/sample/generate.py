"""Sample replies of one checkpoint to the rows of one set: the door to both engines."""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..io.errors import InputError
from ..verify import PRESETS
from ..verify.published import refuse_patterns
from ..verify.reasoning import split_reasoning
from ..verify.responses import Response
from ..verify.rows import Row, load_rows
from . import resume
from .checkpoint import Checkpoint, Prompt, fingerprint, load_model, read_checkpoint
from .decode import Limits, Sample, decode
from .modes.edits import parse_mode
from .processes import Processes
from .progress import follow
from .sampler import sample_seed
from .settings import Sampling, read_sampling

ENGINES = ("transformers", "vllm")


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

    def check(self) -> None:
        """Raise InputError naming a setting that cannot be."""
        parse_mode(self.mode)
        for name, known in (("preset", PRESETS), ("engine", ENGINES)):
            if getattr(self, name) not in known:
                raise InputError(
                    name, f"{getattr(self, name)!r} is unknown", f"use one of {', '.join(known)}"
                )

    def noted(self) -> dict[str, Any]:
        """As generation.json beside the responses holds them."""
        settings = {name: value for name, value in vars(self).items() if name != "sampling"}
        return settings | self.sampling.noted


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
    ours: bool = False,
    **sampling: Any,
) -> Path:
    """Write `samples` replies to every row into `out_dir/responses.jsonl`, and return its path.

    `sampling` are the fields of `Sampling`, its defaults where not said.
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
    )
    settings.check()
    rows, out, processes = load_rows(rows_file), Path(out_dir), Processes()
    refuse_patterns(rows_file, preset)
    if processes.first:
        data = hashlib.sha256(json.dumps([row.line() for row in rows]).encode()).hexdigest()
        note = {**settings.noted(), "files": fingerprint(settings.model), "data": data}
        resume.claim(out, note, ours=ours)
    processes.wait()
    if not (out / resume.RESPONSES).exists():
        resume.append(out, processes.index, _responses(settings, rows, out, processes))
        processes.wait()  # all must have written before one file is made of theirs
        if processes.first:
            resume.settle(out, rows)
        processes.wait()
    return out / resume.RESPONSES


def _responses(settings: Settings, rows: list[Row], out: Path, processes: Processes) -> Iterator[Response]:
    """The responses of this process's share that are still missing, as they end."""
    checkpoint = read_checkpoint(settings.model)
    prompts = [
        checkpoint.prompt(
            row,
            preset=settings.preset,
            with_constraints=settings.with_constraints,
            direct=settings.mode == "direct",
        )
        for row in rows
    ]
    checkpoint.check_lengths(prompts, settings.sampling.max_new_tokens)
    # Shortest prompts first: neighbours in a batch are of a length, and the longest run in a batch that shrinks
    # (measured: 7 % faster than longest first). The share is fixed before what is done is left out, since the
    # other processes are writing already.
    share = processes.share(sorted(range(len(rows)), key=lambda index: len(prompts[index].tokens)))
    samples = _missing(settings, rows, prompts, checkpoint, share, resume.finished(out))
    limits = Limits(settings.sampling, checkpoint.stops)
    for sample in follow(_decoded(settings, checkpoint, samples, limits), len(samples), out.name):
        index = sample.key[0]
        yield _response(sample, rows[index], prompts[index], checkpoint)


def _missing(
    settings: Settings,
    rows: list[Row],
    prompts: list[Prompt],
    checkpoint: Checkpoint,
    share: Sequence[int],
    done: resume.Places,
) -> list[Sample]:
    mode = parse_mode(settings.mode)
    if not settings.with_constraints:
        rows = [replace(row, constraints=[]) for row in rows]
    return [
        Sample(
            key=(index, number),
            prompt=prompts[index].tokens,
            seed=sample_seed(settings.seed, rows[index].name, number),
            rule=mode.rule(checkpoint, rows[index], prompts[index].lead),
        )
        for index in share
        for number in range(settings.sampling.samples)
        if (rows[index].name, number) not in done
    ]


def _decoded(
    settings: Settings, checkpoint: Checkpoint, samples: list[Sample], limits: Limits
) -> Iterator[Sample]:
    if settings.engine == "vllm":
        from .vllm_engine import decode_vllm

        return decode_vllm(settings.model, samples, limits)
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
