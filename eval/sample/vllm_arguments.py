"""vLLM's arguments that a recipe's `launch.vllm` may give; nothing of vLLM is imported for them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]

# What samples depend on beside rounding: the rest moves speed, memory and the order of sums.
DECIDE = ("dtype", "quantization")


class VllmArguments(BaseModel):
    """By vLLM's names; what is not given is chosen when the engine starts.

    `tensor_parallel_size`: cards that share one model. `dtype`: the checkpoint's own, float32 on a CPU.
    `max_model_len`: room for the longest prompt, its reply and what the mode puts in. `enforce_eager`: on a CPU.
    The others are vLLM's defaults.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    tensor_parallel_size: Count = 1
    max_model_len: Count | None = None
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = None
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    quantization: Annotated[str, Field(min_length=1)] | None = None
    max_num_seqs: Count | None = None
    max_num_batched_tokens: Count | None = None
    enforce_eager: bool | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Those that differ from the defaults."""
        return self.model_dump(exclude_defaults=True)

    @property
    def deciding(self) -> dict[str, Any]:
        """Those given that samples depend on."""
        return {name: value for name, value in self.given.items() if name in DECIDE}
