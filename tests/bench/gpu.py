"""On a GPU: 8k packed SFT, a GRPO step at the paper's shape, and generation, of Qwen2.5-1.5B's architecture.

    python tests/bench/gpu.py [sft] [generation] [grpo] [--attention KERNEL] [--vllm]
                                [--completion TOKENS] [--out tests/bench/RESULTS.md] [--tiny]

Weights are random and made on the spot, so nothing is downloaded but the attention kernel that the recipe names:
`--attention sdpa` needs none. Arguments are those of recipes/qwen/qwen2.5-1.5b.yaml for one of its eight cards. The
card's own rates are measured first, a bfloat16 product and a copy, and what follows is held against them. The section
goes into `--out`, in place of the one before. `--tiny`, and any machine without a GPU, goes the same way with a model of
no size: its numbers say only that the script runs.
"""

import argparse
import importlib.metadata
import platform
import random
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple
from unittest import mock

import torch
from grpo import Clock
from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM, TrainerCallback

from reins.data_builders import BUILDERS
from reins.data_builders.mixture import grpo_row, sft_row
from reins.eval.io.jsonl import write_jsonl
from reins.eval.sample.decode import Limits, Sample, decode
from reins.eval.sample.settings import Sampling
from reins.recipes.preflight.shapes import shape_of
from reins.recipes.recipe.schema import load
from reins.train import grpo, sft
from reins.train.stage import Stage

ROOT = Path(__file__).parents[2]
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
QWEN = {"hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28, "num_attention_heads": 12}
QWEN |= {"num_key_value_heads": 2, "vocab_size": 151936, "max_position_embeddings": 32768}
TINY = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
TINY |= {"num_key_value_heads": 2, "vocab_size": 1024, "max_position_embeddings": 2048}
MARKS = ("<!-- gpu: begin -->", "<!-- gpu: end -->")
PARTS = ("sft", "generation", "grpo")
PACKAGES = ("torch", "transformers", "trl", "accelerate", "kernels", "flash-attn", "vllm")
WARM = 1  # steps left out: kernels are chosen and compiled in the first


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all of them where none is named")
    parser.add_argument("--attention", default="kernels-community/flash-attn2")
    parser.add_argument("--vllm", action="store_true", help="rollouts by vLLM, as the recipe has them")
    parser.add_argument("--completion", type=int, help="tokens of GRPO's completions; the recipe's otherwise")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args()
    asked.tiny |= DEVICE.type == "cpu"
    with tempfile.TemporaryDirectory() as folder:
        model = make_model(Path(folder) / "model", TINY if asked.tiny else QWEN)
        lines: list[str] = []
        for line in measurements(model, Path(folder), asked):
            print(line, flush=True)
            lines.append(line)
            if asked.out:
                put(asked.out, "\n".join([MARKS[0], "## GPU", "", *lines, MARKS[1], ""]))


def measurements(model: Path, folder: Path, asked: argparse.Namespace) -> Iterator[str]:
    """One line a measurement, as it is made: a lease that ends early leaves what was measured before. The longest is last."""
    rates = measured(asked.tiny)
    yield from machine(asked)
    yield rates.said()
    parts = asked.parts or PARTS
    if "sft" in parts:
        yield supervised(model, folder, asked, rates)
    if "generation" in parts:
        yield generated(model, asked.tiny, rates)
    if "grpo" in parts:
        yield reinforced(model, folder, asked)


def put(file: Path, section: str) -> None:
    """Write the section in place of the one between the marks, or at the end."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    before, _, rest = text.partition(MARKS[0])
    file.write_text(before + section + rest.partition(MARKS[1])[2].lstrip("\n"), encoding="utf-8")


def make_model(folder: Path, size: dict[str, int]) -> Path:
    """Random weights under the micro world's tokenizer; the vocabulary keeps its size."""
    tokenizer = AutoTokenizer.from_pretrained(str(ROOT / "recipes/micro/base"))
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    torch.manual_seed(0)
    with torch.device(DEVICE):
        model = Qwen2ForCausalLM(Qwen2Config(**size, tie_word_embeddings=True, **ends))
    model.generation_config.update(**ends)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def machine(asked: argparse.Namespace) -> Iterator[str]:
    """What was measured, where, with what."""
    card = torch.cuda.get_device_name() if DEVICE.type == "cuda" else f"no GPU ({platform.machine()})"
    installed = {dist.metadata["Name"] for dist in importlib.metadata.distributions()}
    # Asked by name: where two versions are on the path, this is the one that is imported.
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in PACKAGES if name in installed
    )
    completion = f" --completion {asked.completion}" if asked.completion else ""
    command = " ".join(["python tests/bench/gpu.py", *asked.parts]) + completion
    command += " --tiny" * asked.tiny + " --vllm" * asked.vllm
    yield f"- `{command}`, {date.today()}, {card}, CUDA {torch.version.cuda}"
    yield f"- {versions}; attention {attention(asked)}"


class Rates(NamedTuple):
    """What the card does at its best: floating-point operations and bytes a second."""

    flops: float
    bandwidth: float

    def said(self) -> str:
        return f"- measured: bfloat16 product {self.flops / 1e12:.4g} TFLOP/s, copy {self.bandwidth / 1e9:.4g} GB/s"


def measured(tiny: bool) -> Rates:
    side, size = (256, 2**20) if tiny else (8192, 2**30)
    square = torch.randn(side, side, device=DEVICE, dtype=torch.bfloat16)
    block = torch.empty(size, dtype=torch.uint8, device=DEVICE)
    return Rates(2 * side**3 / best(lambda: square @ square), 2 * size / best(block.clone))


def best(work: Callable[[], Any], repeats: int = 20) -> float:
    """Seconds of the fastest of some runs."""
    times = []
    for _ in range(repeats):
        begun = now()
        work()
        times.append(now() - begun)
    return min(times)


def now() -> float:
    """Wall-clock seconds, once the card has done what it was given."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def attention(asked: argparse.Namespace) -> str:
    return asked.attention if DEVICE.type == "cuda" else "sdpa"


def peak() -> str:
    return f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if DEVICE.type == "cuda" else "not measured"


class Pace(TrainerCallback):
    """Time and tokens at the end of every step."""

    def __init__(self, trainer: Any) -> None:
        self.trainer, self.marks = trainer, [(0.0, 0)]

    def on_step_end(self, *args: Any, **_: Any) -> None:
        self.marks.append((now(), self.trainer.counts["train_tokens"]))

    def speed(self) -> float:
        """tokens/s after the first steps."""
        (begun, before), (ended, after) = self.marks[WARM], self.marks[-1]
        return (after - before) / (ended - begun)


def train(
    module: Any, name: str, model: Path, where: Path, args: dict[str, Any], watch: Callable[[Any], Any]
) -> Any:
    """What `watch`, shown the trainer before it starts, has made of a stage that was trained as `reins` trains it."""
    run, held = module.run, []
    if DEVICE.type == "cuda":
        torch.cuda.reset_peak_memory_stats()

    def watched(trainer: Any, *rest: Any) -> None:
        held.append(watch(trainer))
        run(trainer, *rest)

    none = {"seed": 0, "data_seed": 0, "save_strategy": "no"}
    rewards = {"correct": 1.0} if name == "grpo" else {}
    with tempfile.TemporaryDirectory(dir=where) as out, mock.patch.object(module, "run", watched):
        stage = {"model": str(model), "rows": where / f"{name}.jsonl", "out": Path(out), "args": args | none}
        module.train(Stage(trainer=name, rewards=rewards, **stage))
    return held[0]


def arguments(stage: str, asked: argparse.Namespace) -> dict[str, Any]:
    """The recipe's, with the attention asked for."""
    args = load(ROOT / "recipes/qwen/qwen2.5-1.5b.yaml").stages[stage].args
    return args | {"model_init_kwargs": {"dtype": "float32", "attn_implementation": attention(asked)}}


def supervised(model: Path, where: Path, asked: argparse.Namespace, rates: Rates) -> str:
    length, joined, steps = (256, 1, 2) if asked.tiny else (8192, 18, 5)
    args = arguments("sft", asked) | {"max_length": length, "max_steps": steps + WARM}
    if asked.tiny:
        args |= {"gradient_accumulation_steps": 2}
    bins = args["gradient_accumulation_steps"] * args["max_steps"]
    traces = list(
        BUILDERS["micro.traces"](bins * joined * 4, 0, split="train", thought="long", voice="teacher")
    )
    some = [traces[start : start + joined] for start in range(0, len(traces), joined)]
    rows = [group[0].adding(response="\n".join(row.response for row in group)) for group in some]
    write_jsonl(where / "sft.jsonl", [sft_row(row, "reins") for row in rows])
    tokenizer = AutoTokenizer.from_pretrained(model)
    row = mean(len(tokenizer.encode(one.response)) for one in rows)

    def watch(trainer: Any) -> Pace:
        pace = Pace(trainer)
        trainer.add_callback(pace)
        return pace

    speed = train(sft, "sft", model, where, args, watch).speed()
    used = 3 * shape_of(str(model)).forward(round(row)) * speed
    return (
        f"- SFT, rows of {row:.0f} tokens packed to {length}: {speed:,.0f} tokens/s, {used / rates.flops:.1%} of the measured "
        f"rate ({used / 1e12:.4g} TFLOP/s; recomputing for checkpointing not counted), peak {peak()}"
    )


def reinforced(model: Path, where: Path, asked: argparse.Namespace) -> str:
    """Random weights hardly ever end a completion, so all have the full length: the dearest step there is."""
    args = arguments("rl", asked) | {"max_steps": 2, "use_vllm": asked.vllm}
    if asked.completion:
        args |= {"max_completion_length": asked.completion}
    if asked.tiny:
        args |= {"max_completion_length": 16, "gradient_accumulation_steps": 1, "steps_per_generation": 2}
    count = args["per_device_train_batch_size"] * args["steps_per_generation"]
    rows = BUILDERS["micro.problems"](2 * count, 0, split="train")
    write_jsonl(where / "grpo.jsonl", [grpo_row(row, "reins") for row in rows])

    def watch(trainer: Any) -> Clock:
        clock = Clock(now)
        clock.watch(trainer)
        return clock

    clock = train(grpo, "grpo", model, where, args, watch)
    parts = ", ".join(f"{part} {spent:.2f} s" for part, spent in clock.breakdown().items())
    whole = clock.spent["all"]
    return (
        f"- GRPO, {count} completions of {args['max_completion_length']} tokens and two updates, rollouts by "
        f"{'vLLM' if asked.vllm else 'transformers'}: {whole:.2f} s, {count / whole:.2f} samples/s ({parts}), peak {peak()}"
    )


def generated(folder: Path, tiny: bool, rates: Rates) -> str:
    """Per step all weights are read once, and the cache of every sequence, half full on average."""
    batch, length, prompt = (16, 24, 8) if tiny else (128, 1024, 128)
    model = Qwen2ForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).to(DEVICE)
    rng = random.Random(0)
    ids = [rng.randrange(3, 1000) for _ in range(prompt)]
    limits = Limits(Sampling(max_new_tokens=length), frozenset())
    list(
        decode(
            model,
            deque(Sample(number, ids, number) for number in range(batch)),
            batch,
            Limits(Sampling(max_new_tokens=4), frozenset()),
        )
    )
    begun = now()
    waiting = deque(Sample(number, ids, number) for number in range(batch))
    made = list(decode(model, waiting, batch, limits))
    speed = sum(len(one.tokens) for one in made) / (now() - begun)
    config = model.config
    weights = 2 * sum(weight.numel() for weight in model.parameters())
    width = 2 * config.num_key_value_heads * config.hidden_size // config.num_attention_heads
    cache = 2 * config.num_hidden_layers * width * (prompt + length / 2)
    bound = batch * rates.bandwidth / (weights + batch * cache)
    return (
        f"- generation, {batch} at once, {length} tokens each: {speed:,.0f} tokens/s, {speed / bound:.1%} of the "
        f"{bound:,.0f} that the measured bandwidth allows"
    )


if __name__ == "__main__":
    main()
