"""Low-rank adapters by peft: only they are trained, and every saved folder holds the weights with them added."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel
from trl.trainer.utils import create_model_from_path

from ..eval.io.errors import InputError, nearest

ADAPTER = "adapter"  # in a checkpoint's folder: what training goes on from
# By peft, beside a model's own modules.
PUT_IN = (".base_layer", ".lora_", ".original_module", ".modules_to_save")


def lora_config(lora: Mapping[str, Any] | None) -> LoraConfig | None:
    """A stage's `lora` (checked by `lora_arguments.check_lora`) as peft takes it; None trains all weights."""
    return None if lora is None else LoraConfig(**lora, task_type="CAUSAL_LM")


def check_adapted(model: Any) -> None:
    """Raise InputError where an adapted model is not what its stage's `lora` asks for, or cannot be merged."""
    _refuse_missing(model)
    _refuse_tied(model)


def _refuse_missing(model: Any) -> None:
    """Of several names peft takes those that the model has, and drops the others unsaid."""
    config = next(iter(model.peft_config.values()))
    modules = [name for name, _ in model.get_base_model().named_modules()]
    known = [f".{name}" for name in modules if not any(part in f".{name}" for part in PUT_IN)]
    for key, start in (("target_modules", "."), ("exclude_modules", "."), ("modules_to_save", "")):
        wanted = getattr(config, key) or ()
        # One text is a pattern, which must match.
        for name in () if isinstance(wanted, str) else wanted:
            if not any(module.endswith(f"{start}{name}") for module in known):
                last = {part for module in known if not (part := module.rpartition(".")[2]).isdecimal()}
                raise InputError(
                    f"lora.{key}", f"the model has no {name!r}", nearest(name, sorted(last - {""}))
                )


def _refuse_tied(model: Any) -> None:
    """Raise InputError where an adapted model trains its embeddings, or its head, and both are one weight: it would be
    changed in one of the two places alone."""
    base = model.get_base_model()
    if not base.config.get_text_config().tie_word_embeddings:
        return
    ends = (base.get_input_embeddings(), base.get_output_embeddings())
    for name, module in base.named_modules():
        # Frozen but for what peft has put in: an adapter, or a copy of the weight
        if module in ends and any(weight.requires_grad for weight in module.parameters()):
            part = name.rpartition(".")[2]
            what = f"{part} would be trained, which in this model is head and embedding at once, in one place alone"
            raise InputError("lora", what, f"take {part} out")


def merge(folder: Path, trainer: Any, base: str) -> None:
    """Put a saved adapter aside, into adapter/, and the base's weights with it added into its place.

    They are added to weights read anew: taking an adapter out of the ones in training would not give them back bit
    for bit. Whoever opens the folder finds an ordinary checkpoint.
    """
    adapter = folder / ADAPTER
    adapter.mkdir(exist_ok=True)
    for file in folder.glob("adapter_*"):
        file.replace(adapter / file.name)
    (folder / "README.md").unlink(missing_ok=True)  # peft's card of the adapter
    kwargs = {"trust_remote_code": False, **(trainer.args.model_init_kwargs or {}), "device_map": None}
    with torch.random.fork_rng(devices=[]):
        model = create_model_from_path(base, **kwargs)
        merged: Any = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    trained = trainer.accelerator.unwrap_model(trainer.model).get_base_model()
    merged.config, merged.generation_config = trained.config, trained.generation_config
    merged.save_pretrained(folder)
