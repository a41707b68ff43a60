"""What is done: supervised fine-tuning and GRPO, both by TRL."""
