"""Every launch file is one that accelerate, and DeepSpeed, take, and promises the wrapper that its name says."""

from pathlib import Path

import pytest
import yaml
from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file
from accelerate.commands.launch import launch_command_parser

from reins.eval.io.errors import InputError
from reins.recipes.recipe.launch_files import processes, wrapper

FILES = Path(__file__).parents[1] / "recipes" / "accelerate"
PROMISES = {
    "cpu": ("none", 1),
    "cpu_ddp": ("ddp", 2),
    "single_gpu": ("none", 1),
    "ddp": ("ddp", 8),
    "fsdp2": ("fsdp2", 8),
    "zero2": ("zero2", 8),
    "zero3": ("zero3", 8),
    "two_node": ("fsdp2", 16),
}


def test_every_file_promises_a_wrapper_and_a_number_of_processes() -> None:
    found = {file.stem: (wrapper(file), processes(file)) for file in FILES.glob("*.yaml")}
    assert found == PROMISES


@pytest.mark.parametrize("name", PROMISES)
def test_accelerate_reads_it_and_it_says_what_it_is_for(name: str) -> None:
    file = FILES / f"{name}.yaml"
    config = load_config_from_file(str(file))
    assert isinstance(config, ClusterConfig) and config.num_processes == PROMISES[name][1]
    assert file.read_text().startswith("# ")
    assert f"--config_file recipes/accelerate/{name}.yaml" in file.read_text()


@pytest.mark.parametrize("name", ["fsdp2", "two_node", "zero2", "zero3"])
def test_every_setting_is_one_that_accelerate_launch_knows(name: str) -> None:
    content = yaml.safe_load((FILES / f"{name}.yaml").read_text())
    known = set(vars(launch_command_parser().parse_args(["script.py"])))
    assert set(content.get("fsdp_config", content.get("deepspeed_config"))) <= known


@pytest.mark.parametrize("name", ["fsdp2", "two_node"])
def test_accelerates_own_plugin_takes_the_fsdp_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate.utils import FullyShardedDataParallelPlugin

    given = yaml.safe_load((FILES / f"{name}.yaml").read_text())["fsdp_config"]
    for key, value in given.items():
        monkeypatch.setenv(key.upper(), str(value))
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == 2 and plugin.reshard_after_forward is True
    assert "FULL" in str(plugin.state_dict_type) and plugin.cpu_offload is not True


@pytest.mark.parametrize("name", ["zero2", "zero3"])
def test_deepspeeds_own_config_takes_the_zero_settings(name: str) -> None:
    pytest.importorskip("deepspeed", reason="reins[deepspeed] is not installed")
    from accelerate.utils import DeepSpeedPlugin
    from deepspeed.runtime.config import DeepSpeedConfig

    given = yaml.safe_load((FILES / f"{name}.yaml").read_text())["deepspeed_config"]
    plugin = DeepSpeedPlugin(gradient_accumulation_steps=4, gradient_clipping=1.0, **given)
    written = plugin.deepspeed_config | {
        "train_micro_batch_size_per_gpu": 2,
        "train_batch_size": 8,  # on the one process here
        "bf16": {"enabled": True},
    }
    config = DeepSpeedConfig(written)
    assert config.zero_optimization_stage == int(name[-1]) and config.gradient_accumulation_steps == 4
    assert config.zero_config.gather_16bit_weights_on_model_save is (name == "zero3")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("distributed_type: XLA", "distributed_type: XLA is not supported; give one of NO, MULTI_GPU"),
        ("distributed_type: FSDP\nfsdp_config: {fsdp_version: 1}", "fsdp_config.fsdp_version: not 2"),
        ("distributed_type: DEEPSPEED\ndeepspeed_config: {zero_stage: 1}", "zero_stage: 1; give 2 or 3"),
        ("distributed_type: FSDP\nfsdp_config:", "fsdp_config.fsdp_version: not 2"),
        (
            "distributed_type: DEEPSPEED\ndeepspeed_config: ds.json",
            "deepspeed_config: 'ds.json' is no mapping",
        ),
    ],
)
def test_a_file_that_promises_anything_else_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(InputError, match=message):
        wrapper(tmp_path / "a.yaml")
