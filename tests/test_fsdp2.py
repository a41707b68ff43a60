"""The real model class under PyTorch's fully_shard on two CPU ranks, with the settings of recipes/accelerate/fsdp2.yaml.

accelerate's own FSDP2 preparation is called with the file's settings; only mixed precision is left out, so that the
unsharded run is the measure.
"""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import yaml
from accelerate.utils import FullyShardedDataParallelPlugin
from accelerate.utils.fsdp_utils import fsdp2_prepare_model
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.tensor import DTensor
from transformers import Qwen2Config, Qwen2ForCausalLM

from reins.train.wrapper_check import wrapper_of

FILE = Path(__file__).parents[1] / "recipes" / "accelerate" / "fsdp2.yaml"
RANKS = 2


def make_model(path, tied):
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=120,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=tied,
    )
    Qwen2ForCausalLM(config).save_pretrained(path)


def batch():
    return torch.randint(0, 120, (4, 24), generator=torch.Generator().manual_seed(1))


def update(model, ids):
    """A look without gradients, as at a rollout, and one step of AdamW; return both losses before it."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    with torch.no_grad():
        whole = model(input_ids=batch(), labels=batch()).loss
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    optimizer.step()
    return whole, loss.detach()


def plugin():
    """accelerate's plugin, as `accelerate launch` would make it from the file."""
    given = yaml.safe_load(FILE.read_text())["fsdp_config"]
    kept = {key.removeprefix("fsdp_"): value for key, value in given.items()}
    return FullyShardedDataParallelPlugin(
        fsdp_version=kept["version"],
        auto_wrap_policy=kept["auto_wrap_policy"].lower(),
        reshard_after_forward=kept["reshard_after_forward"],
        cpu_offload=kept["offload_params"],
        cpu_ram_efficient_loading=kept["cpu_ram_efficient_loading"],
        state_dict_type=kept["state_dict_type"],
    )


def rank(index, folder):
    """What one of two processes does: shard, take a step on its half of the batch, gather, save."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=index, world_size=RANKS)
    model = Qwen2ForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
    accelerator = SimpleNamespace(
        state=SimpleNamespace(fsdp_plugin=plugin()),
        parallelism_config=None,
        mixed_precision="no",
        device=torch.device("cpu"),
        is_main_process=index == 0,
        process_index=index,
    )
    model = fsdp2_prepare_model(accelerator, model)
    assert wrapper_of(model) == "fsdp2" and all(isinstance(one, DTensor) for one in model.parameters())
    shards = [one.to_local().numel() / one.numel() for one in model.parameters()]
    assert max(shards) < 0.6, shards
    whole, loss = update(model, batch().chunk(RANKS)[index])
    dist.all_reduce(loss)
    state = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    if index == 0:
        torch.save({"whole": whole, "loss": loss / RANKS, "state": state}, folder / "seen.pt")
        model.save_pretrained(folder / "saved", state_dict=state)
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize("tied", [True, False])
def test_sharded_it_learns_and_saves_what_it_does_whole(tied, tmp_path):
    make_model(tmp_path / "base", tied)
    mp.spawn(rank, args=(tmp_path,), nprocs=RANKS)
    seen = torch.load(tmp_path / "seen.pt")
    whole = Qwen2ForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    _, loss = update(whole, batch())
    assert torch.allclose(seen["whole"], loss, atol=1e-6) and torch.allclose(seen["loss"], loss, atol=1e-6)
    again = Qwen2ForCausalLM.from_pretrained(tmp_path / "saved", dtype=torch.float32)
    before = Qwen2ForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32).state_dict()
    for name, weight in again.state_dict().items():
        assert torch.equal(weight, seen["state"][name]), name
        assert torch.allclose(weight, whole.state_dict()[name], atol=1e-4), name
        assert (weight - before[name]).abs().max() > 5e-3, name
