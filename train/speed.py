"""How fast a stage trains: tokens a second, and the share of the device's arithmetic that they use."""

import time
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

# Dense bfloat16 operations a second by the makers' data sheets; the longest name that fits is the device's.
PEAKS = {
    "A100": 312e12,
    "A10": 125e12,
    "A40": 149.7e12,
    "L4": 121e12,
    "L40S": 362e12,
    "H100": 989.4e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H200": 989.4e12,
    "H20": 148e12,
    "B200": 2250e12,
    "RTX 4090": 165.2e12,
}
DURATIONS = ("step_time", "tokens_per_second", "mfu")  # what no two runs log alike


class Speed(TrainerCallback):
    """Counts from `on_train_begin`, and then from one `since` to the next; `tokens` were trained on before."""

    def __init__(self, model: Any, processes: int, tokens: int) -> None:
        self.flops, self.processes, self.peak = flops_per_token(model), processes, peak()
        self.before = time.perf_counter(), tokens

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self.before = time.perf_counter(), self.before[1]

    def since(self, tokens: int) -> dict[str, float]:
        """Tokens a second of one process, and model FLOPs utilisation where the device's peak is known.

        `tokens`: trained on so far, by all processes. The time is the clock's: rollouts and saving are in it, and a
        rollout's own arithmetic is not counted.
        """
        (then, old), self.before = self.before, (time.perf_counter(), tokens)
        speed = (tokens - old) / (self.before[0] - then) / self.processes
        return {"tokens_per_second": speed} | ({"mfu": speed * self.flops / self.peak} if self.peak else {})


def flops_per_token(model: Any) -> int:
    """Forward and backward: 6 a parameter, 4 a frozen one; attention and embedding look-ups are left out."""
    total = sum(size(weight) * (6 if weight.requires_grad else 4) for weight in model.parameters())
    table = model.get_input_embeddings().weight
    if model.config.get_text_config().tie_word_embeddings:
        return total
    return total - size(table) * (6 if table.requires_grad else 4)


def size(weight: Any) -> int:
    """Elements of the whole weight, also where DeepSpeed's ZeRO-3 has left nothing of it here."""
    return getattr(weight, "ds_numel", weight.numel())


def peak(device: str | None = None) -> float | None:
    """Of the device called so (or this process's GPU), in operations a second; None where it is not known."""
    if device is None:
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    words = device.replace("-", " ").split()
    fitting = [name for name in PEAKS if set(name.split()) <= set(words)]
    return PEAKS[max(fitting, key=len)] if fitting else None
