"""vLLM's arguments that a recipe's `launch.vllm` may give; nothing of vLLM is imported for them."""

from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..io.errors import InputError, nearest

Count = Annotated[int, Field(ge=1)]

# What samples depend on beside rounding: the rest moves speed, memory and the order of sums.
DECIDE = ("dtype", "quantization")


class VllmArguments(BaseModel):
    """By vLLM's names; what is not given is chosen when the engine starts.

    `tensor_parallel_size`: cards that share one model. `data_parallel_size`: engines that share one task's rows, each on
    cards of its own. `dtype`: the checkpoint's own, float32 on a CPU.
    `max_model_len`: room for the longest prompt, its reply and what the mode puts in. `enforce_eager`: on a CPU.
    The others are vLLM's defaults.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    tensor_parallel_size: Count = 1
    data_parallel_size: Count = 1
    max_model_len: Count | None = None
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = None
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    quantization: Annotated[str, Field(min_length=1)] | None = None
    max_num_seqs: Count | None = None
    max_num_batched_tokens: Count | None = None
    enforce_eager: bool | None = None

    @property
    def stated(self) -> dict[str, Any]:
        """Those that differ from the defaults."""
        return self.model_dump(exclude_defaults=True)

    @property
    def of_one_engine(self) -> dict[str, Any]:
        """Those that each engine starts with."""
        return {name: value for name, value in self.stated.items() if name != "data_parallel_size"}

    @property
    def deciding(self) -> dict[str, Any]:
        """Those that samples depend on."""
        return {name: value for name, value in self.stated.items() if name in DECIDE}


def read_vllm(text: str) -> VllmArguments:
    """One engine's arguments as a command line gives them, `{name: value, …}`; empty: none. Raises InputError naming the
    first that cannot be."""
    try:
        arguments = VllmArguments.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError:
        raise InputError("vllm", f"{text!r:.60} cannot be read", "give '{name: value}'") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            raise InputError(f"vllm.{name}", "unknown", nearest(name, VllmArguments.model_fields)) from None
        message = first["msg"][:1].lower() + first["msg"][1:]
        raise InputError(f"vllm.{name}".rstrip("."), f"got {first['input']!r:.60}", message) from None
    if arguments.data_parallel_size > 1:
        said = "one command starts one engine"
        raise InputError("vllm.data_parallel_size", said, "a recipe's launch.vllm starts several")
    return arguments
