"""A stage's Weights & Biases run: TRL's own, but nothing in its config that is nobody else's business."""

from types import SimpleNamespace
from typing import Any

from transformers import TrainerState, TrainingArguments
from transformers.integrations import WandbCallback

from ..eval.io.public import public


class Tracked(WandbCallback):
    """Takes the place of transformers' callback, which logs every argument and path as it is."""

    def setup(self, args: TrainingArguments, state: TrainerState, model: Any, **kwargs: Any) -> None:
        shown = SimpleNamespace(
            to_dict=lambda: public(args.to_dict()), run_name=public(args.run_name), output_dir=args.output_dir
        )
        bare = SimpleNamespace(config=public(model.config.to_dict()), num_parameters=model.num_parameters)
        super().setup(shown, state, bare, **kwargs)
