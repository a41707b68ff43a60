"""What is done: supervised fine-tuning and GRPO, both by TRL."""

import os

# TRL reports every trainer it makes to the hub; huggingface_hub reads this when it is imported, so it is set first.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault(
    "TRL_EXPERIMENTAL_SILENCE", "1"
)  # `rollout_func` is experimental: TRL is pinned, and tests hold it
