"""How every process of ours ends: its work done, or one line that says why not and an exit status.

A process that runs a task reads one config.yaml (`of_config`); one for people reads its own arguments and hands the
work to `exit_status`.
"""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from .errors import InputError, Stopped, of_place
from .failure import write_failure
from .terminal import shown

Plan = TypeVar("Plan", bound=BaseModel)


def of_config(work: Callable[[Path], object], module: str, about: str | None) -> int:
    """`python -m module --config FILE`: do the work of a config.yaml; return as `exit_status` does.

    Why it failed is left beside the config, for who started this process.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--config", type=Path, required=True, help="what to do: a task's config.yaml")
    config = parser.parse_args().config
    return exit_status(lambda: _noting_failure(work, config))


def read_config(file: Path) -> dict[str, Any]:
    """What a config.yaml says. Raises InputError where it cannot be read, or holds no mapping."""
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise InputError(file, f"{error.strerror}", "name a task's config.yaml") from None
    except UnicodeDecodeError as error:
        raise InputError(file, f"not UTF-8 ({error.reason})", "write it anew") from None
    except yaml.YAMLError as error:
        raise InputError(file, f"not YAML ({str(error).splitlines()[0]})", "write a mapping") from None
    if not isinstance(content, dict):
        raise InputError(file, "no mapping of keys to values", "write one")
    return content


def read_plan(file: Path, kind: type[Plan], module: str) -> Plan:
    """What a config.yaml says, as a model of its keys. Raises InputError naming the file, the key and what is wrong."""
    try:
        return kind.model_validate(read_config(file))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(file, f"{where}: {first['msg']}", f"see the keys in {module}") from None


def exit_status(work: Callable[[], object]) -> int:
    """Do the work: 0 done, 2 bad input (`error: where: what; fix` on stderr), 3 stopped by a guard (`stopped: why`).

    Any other error is a failure of ours: it goes on, with its traceback, and the status is 1.
    """
    try:
        work()
    except InputError as error:
        print(shown(f"error: {error}"), file=sys.stderr)
        return 2
    except OSError as error:
        if not (refused := of_place(error)):
            raise
        print(shown(f"error: {refused}"), file=sys.stderr)
        return 2
    except Stopped as stopped:
        if os.environ.get("RANK", "0") == "0":  # every process of a stage is stopped; one says so
            print(f"stopped: {stopped}", file=sys.stderr)
        return 3
    return 0


def _noting_failure(work: Callable[[Path], object], config: Path) -> None:
    try:
        work(config)
    except Exception as error:
        with suppress(OSError):  # where the disk is full, which may be why, stderr alone says so
            refused = of_place(error) if isinstance(error, OSError) else None
            write_failure(config.parent, refused or error)
        raise
