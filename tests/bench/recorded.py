"""On a GPU: are the tokens of a recorded step those of a plain one? Greedily, in float32, in evaluations and in rollouts.

    python tests/bench/recorded.py [--model FOLDER] [--data FILE] [--rows 64] [--tokens 200]

The rows are the micro world's problems where no file is given. A machine without a GPU records nothing and is told so;
`tests/test_recorded_step.py` holds there what a GPU's recording is stood in for by.
"""

import argparse
from collections import deque
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import torch

from reins.data_builders import BUILDERS
from reins.eval.sample import recorded_step
from reins.eval.sample.checkpoint import fingerprint, load_model, read_checkpoint
from reins.eval.sample.decode import Limits, Sample, decode
from reins.eval.sample.settings import Sampling
from reins.eval.verify import render
from reins.eval.verify.rows import read_rows
from reins.train import rollout

Tokens = list[list[int]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default=str(Path(__file__).parents[2] / "recipes/micro/base"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=200)
    asked = parser.parse_args()
    if not torch.cuda.is_available():
        print("no GPU: nothing is recorded here")
        return
    rows = read_rows(asked.data) if asked.data else BUILDERS["micro.problems"](asked.rows, 0, split="train")
    checkpoint = read_checkpoint(asked.model)
    prompts = [checkpoint.prompt_of(render(row)).tokens for row in list(rows)[: asked.rows]]
    model, stops = load_model(asked.model, fingerprint(asked.model)).float(), checkpoint.stops

    def evaluated() -> Tokens:
        waiting = deque(Sample(number, prompt, number) for number, prompt in enumerate(prompts))
        limits = Limits(Sampling(max_new_tokens=asked.tokens, temperature=0.0), stops)
        ended = {sample.key: sample.tokens for sample in decode(model, waiting, asked.rows // 2, limits)}
        return [ended[number] for number in range(len(prompts))]

    def rolled_out() -> Tokens:
        return rollout.sample(
            model, prompts, stops=[*stops], pad=0, max_new_tokens=asked.tokens, temperature=1e-6
        )

    print(f"evaluation: {both_ways(evaluated)}")
    print(f"rollouts: {both_ways(rolled_out)}")


def both_ways(draw: Callable[[], Tokens]) -> str:
    """How many samples are equal, drawn by recorded and by plain steps, and how many recordings there were."""
    with mock.patch.object(recorded_step, "recording", wraps=recorded_step.recording) as recording:
        recorded = draw()
    with mock.patch.object(recorded_step, "is_recordable", lambda model: False):
        plain = draw()
    equal = sum(one == other for one, other in zip(recorded, plain, strict=True))
    return f"{equal} of {len(plain)} samples equal, {recording.call_count} recordings"


if __name__ == "__main__":
    main()
