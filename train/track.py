"""A stage's Weights & Biases run: TRL's own, but nothing in its config that is nobody else's business."""

from types import SimpleNamespace
from typing import Any

from transformers import TrainerState, TrainingArguments
from transformers.integrations import WandbCallback

from ..eval.io.public import public
from ..eval.io.wandb_names import artifact_name
from .stage import Stage


class Tracked(WandbCallback):
    """Takes the place of transformers' callback, which logs every argument and path as it is.

    A finished stage is an artifact of its own, so that an evaluation can be traced back to it: how it was trained, never
    its weights.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def setup(self, args: TrainingArguments, state: TrainerState, model: Any, **kwargs: Any) -> None:
        shown = SimpleNamespace(
            to_dict=lambda: public(args.to_dict()), run_name=public(args.run_name), output_dir=args.output_dir
        )
        bare = SimpleNamespace(config=public(model.config.to_dict()), num_parameters=model.num_parameters)
        super().setup(shown, state, bare, **kwargs)

    def on_train_end(
        self, args: TrainingArguments, state: Any, control: Any, *more: Any, **kwargs: Any
    ) -> None:
        super().on_train_end(args, state, control, *more, **kwargs)
        if not state.is_world_process_zero:
            return
        stage = self._stage
        name = artifact_name((stage.track and stage.track.group) or "", stage.out.name)
        trained = stage.model_dump(mode="json", include={"trainer", "rewards", "args", "lora", "inputs"})
        # No file in it: where an offline run has one to upload is a path of this machine.
        metadata = public(trained | {"steps": state.global_step})
        artifact = self._wandb.Artifact(name, type="checkpoint", metadata=metadata)
        self._wandb.run.log_artifact(artifact)
