"""What an accelerate file promises: the wrapper around the model, and how many processes."""

from pathlib import Path
from typing import Any

from ...eval.io.errors import InputError
from .yaml_file import read_yaml

KINDS = {"NO": "none", "MULTI_GPU": "ddp", "MULTI_CPU": "ddp", "FSDP": "fsdp2", "DEEPSPEED": "zero"}


def wrapper(file: Path) -> str:
    """`none`, `ddp`, `fsdp2`, `zero2` or `zero3`; raises InputError on a file that promises anything else."""
    content = read_yaml(file)
    kind = str(content.get("distributed_type"))
    if kind not in KINDS:
        raise InputError(
            file, f"distributed_type: {kind} is not supported", f"give one of {', '.join(KINDS)}"
        )
    if kind == "FSDP" and _part(file, content, "fsdp_config").get("fsdp_version") != 2:
        raise InputError(file, "fsdp_config.fsdp_version: not 2", "set it, version 1 is not supported here")
    if kind == "DEEPSPEED":
        stage = _part(file, content, "deepspeed_config").get("zero_stage")
        if stage not in (2, 3):
            raise InputError(file, f"deepspeed_config.zero_stage: {stage}", "give 2 or 3")
        return f"zero{stage}"
    return KINDS[kind]


def _part(file: Path, content: dict[str, Any], key: str) -> dict[str, Any]:
    part = content.get(key) or {}
    if not isinstance(part, dict):
        raise InputError(file, f"{key}: {part!r:.60} is no mapping", "write its keys out below it")
    return part


def processes(file: Path) -> int | None:
    """How many processes the file starts over all machines; None where it leaves that to the command line."""
    return read_yaml(file).get("num_processes")
