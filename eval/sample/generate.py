"""Sample replies of one model to the rows of one set: the door to all engines."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..io.errors import nearest
from ..io.files import write_json
from ..verify.published import refuse_patterns
from ..verify.rows import Row, load_rows, rows_hash
from . import resume
from .checkpoint import fingerprint
from .generation import Generation, prepared
from .modes.names import parse_mode
from .modes.reflect import Again
from .processes import Processes
from .replies import missing_replies
from .settings import Server, read_sampling
from .vllm_arguments import VllmArguments

USAGE = "usage.json"  # beside a server's responses: what they took


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
    examples: str | Path | None = None,
    replies: str | Path | None = None,
    first: str | Path | None = None,
    ours: bool = False,
    **sampling: Any,
) -> Path:
    """Write `samples` replies to every row into `out_dir/responses.jsonl`, and return its path.

    `sampling` are the fields of `Sampling`, its defaults where not said. With engine `openai`, `model` is its name at the
    `server`, and `usage.json` beside the responses says what they took.
    `vllm` are that engine's arguments. `examples` are worked ones and `replies` somebody else's, for the modes that show them.
    `first` are the model's own in mode `cot`, drawn with the same settings: a mode of two passes draws only the second.
    Lines hold `{row, sample, text, state, cut, reasoning_tokens, answer_tokens, seed, prompt_hash}` and what it cost
    (see `verify.responses`); the tokens of reasoning include its tags, and a thought that the template opened is in `text` though not generated.
    A killed call goes on where it was; what other settings left there is replaced only in a folder that is `ours`, a
    run's. On CPU with one thread the bytes do not depend on that, on `batch_size` or on the number of processes. Raises InputError on settings, rows or a checkpoint of no use.
    """
    drawn, processes = read_sampling(sampling), Processes(on_cards=engine != "vllm")
    asked = parse_mode(mode)
    generation = Generation(
        model=str(model),
        mode=asked,
        seed=seed,
        with_constraints=with_constraints,
        preset=preset,
        engine=engine,
        sampling=asked.sampling(drawn, chat=bool(server and not server.tokenizer)),
        server=server,
        vllm=vllm or VllmArguments(),
    )
    generation.check()
    rows, out = load_rows(rows_file), Path(out_dir)
    refuse_patterns(rows_file, preset)
    files = {"examples": examples, "replies": replies}
    generation = replace(generation, mode=prepared(asked, rows, files, constraints=with_constraints))
    if first:
        assert isinstance(generation.mode, Again)
        generation = replace(generation, mode=generation.mode.after_replies(Path(first)))
    generation.check_turns(rows)
    if server and not (out / resume.RESPONSES).exists():
        _reach(server, generation.model)
    _write_missing(generation, rows, out, processes, ours=ours)
    if server and processes.first:
        from .openai_engine import spent

        write_json(out / USAGE, {**server.noted, **spent(out / resume.RESPONSES, server.price)})
    return out / resume.RESPONSES


def _write_missing(
    generation: Generation, rows: list[Row], out: Path, processes: Processes, *, ours: bool
) -> None:
    """Sample what the folder lacks, in as many processes as there are, and make one file of it."""
    if processes.first:
        resume.claim(out, _note(generation, rows), ours=ours)
    processes.wait()
    if (out / resume.RESPONSES).exists():
        return
    new = missing_replies(generation, rows, resume.finished(out), processes, out.name)
    resume.append(out, processes.index, new)
    processes.wait()  # all must have written before one file is made of theirs
    if processes.first:
        resume.settle(out, rows)
    processes.wait()


def _note(generation: Generation, rows: Sequence[Row]) -> dict[str, Any]:
    """What is noted beside the responses: settings, and hashes of the checkpoint's files and of the rows."""
    files = fingerprint(generation.checkpoint) if generation.checkpoint else ""
    return {**generation.noted(), "files": files, "data": rows_hash(rows)}


def _reach(server: Server, model: str) -> None:
    """Raise InputError where no server is there to be asked; say so where it is, and does not list the model."""
    from .server import listed_models

    listed = listed_models(server)
    if listed and model not in listed:
        said = (
            f"{server.base_url} does not list {model!r} ({nearest(model, listed)}); it is asked all the same"
        )
        print(said, file=sys.stderr, flush=True)
