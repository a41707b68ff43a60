"""Are a model's weights there, whole and finite? Asked of its files, before it is trained or judged.

transformers starts a weight that is in no file from random numbers, and says so in a log that nobody reads. Names and
shapes come from the files' headers and are laid into a model without weights, by transformers' own renaming.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, SAFE_WEIGHTS_NAME, cached_file, logging
from transformers.utils.hub import get_checkpoint_shard_files

from ..io.errors import InputError
from .values import fault_of

POINTER = b"version https://git-lfs"
AGAIN = "copy the model's folder again, whole"


def check_weights(name: str) -> Any:
    """Read what a folder or hub id holds, and nothing into a model; return its config. A hub's files are fetched as
    loading would.

    Raises InputError where the model is not to be had or not safetensors, where one of its weights is in no file, of
    another shape, or not finite. Quantised weights are not looked at: their names and types are their method's own.
    """
    try:
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
        files = weight_files(name)
        if getattr(config, "quantization_config", None):
            return config
        with torch.device("meta"):
            model: Any = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, StrictDataclassError) as error:
        said = " ".join(str(error).split())
        raise InputError(
            name, f"cannot be opened: {said:.200}", "name a model's folder or a hub id"
        ) from None
    beside = hold(model, name, held_in(files))
    for file in files:
        if fault := fault_of(file, beside):
            raise InputError(
                file, fault, "such a model says one token for ever; take one that was saved whole"
            )
    return config


def weight_files(name: str) -> list[Path]:
    """The safetensors files that loading would read. Raises InputError where there are none, or one is not there."""
    optional: dict[str, Any] = {"_raise_exceptions_for_missing_entries": False}
    if whole := cached_file(name, SAFE_WEIGHTS_NAME, **optional):
        files = [Path(whole)]
    elif index := cached_file(name, SAFE_WEIGHTS_INDEX_NAME, **optional):
        files = [Path(file) for file in get_checkpoint_shard_files(name, index)[0]]
    else:
        raise InputError(name, "no weights (*.safetensors)", "save them as safetensors")
    for file in files:
        if not file.is_file():
            raise InputError(name, f"its index names {file.name}, which is not there", AGAIN)
    return files


def held_in(files: Iterable[Path]) -> dict[str, torch.Tensor]:
    """Names and shapes in the headers of files, as tensors on the meta device; nothing else is read.

    Raises InputError on a file that is not whole, or is what git leaves in its place without git-lfs.
    """
    held: dict[str, torch.Tensor] = {}
    for file in files:
        with file.open("rb") as start:
            if start.read(len(POINTER)) == POINTER:
                raise InputError(file, "three lines that git-lfs left, no weights", "git lfs pull")
        try:
            with safe_open(file, framework="pt") as weights:
                names = weights.keys()
                held |= {
                    name: torch.empty(weights.get_slice(name).get_shape(), device="meta") for name in names
                }
        except SafetensorError as error:
            raise InputError(file, f"not whole ({error})", AGAIN) from None
    return held


def hold(model: Any, name: str, held: Mapping[str, torch.Tensor]) -> set[str]:
    """Hold names and shapes against a model on the meta device; return the names that it has no use for.

    Raises InputError where one of its weights is not among them, or of another shape.
    """
    with _unsaid():  # its report of many lines; what counts of it is one line below
        _, report = type(model).from_pretrained(
            None, config=model.config, state_dict=dict(held), device_map="meta", output_loading_info=True,
            ignore_mismatched_sizes=True,
        )  # fmt: skip
    lacking, beside = (sorted(map(str, report[kind])) for kind in ("missing_keys", "unexpected_keys"))
    if lacking:
        said = f"{len(lacking)} of its weights are in no file, {lacking[0]} first"
        said += f" ({beside[0]} is there, which it does not have)" if beside else ""
        raise InputError(name, said, "without them it starts from random numbers; save the model again")
    for weight, there, wanted in sorted(report["mismatched_keys"]):
        said = f"{weight} is {list(there)}, its config makes it {list(wanted)}"
        raise InputError(name, said, "save model and config again")
    return set(beside)


@contextmanager
def _unsaid() -> Iterator[None]:
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
