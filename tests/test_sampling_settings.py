"""The sampling settings are declared once: what lists them elsewhere takes them from there."""

import pytest
from typer.testing import CliRunner

from reins.eval.io.errors import InputError
from reins.eval.run import Part
from reins.eval.sample.settings import Sampling
from reins.recipes.cli import app
from reins.recipes.recipe.schema import Evaluation
from reins.recipes.recipe.sets import AnswersSet


def test_every_setting_is_an_option_a_key_of_recipes_and_of_evaluations():
    shown = CliRunner().invoke(app, ["generate", "--help"]).output
    for name, field in Sampling.model_fields.items():
        assert f"--{name.replace('_', '-')}" in shown and f"[default: {field.default}]" in shown
        assert all(name in model.model_fields for model in (Evaluation, AnswersSet, Part))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--vllm", "{dtyp: x}", "--engine", "vllm"], "vllm.dtyp: unknown; did you mean 'dtype'?"),
        (["--vllm", "{dtype: x"], "vllm: '{dtype: x' cannot be read"),
        (["--vllm", "{dtype: float32}"], "vllm: is not read by engine transformers"),
        (["--vllm", "{data_parallel_size: 2}", "--engine", "vllm"], "one command starts one engine"),
        (["--concurrency", "3"], "concurrency: is a server's, and no base_url is given"),
        (["--tokenizer", "no", "--engine", "openai"], "tokenizer: is a server's, and no base_url is given"),
    ],
)
def test_arguments_of_an_engine_that_cannot_be_are_refused_before_anything_is_read(given, said, tmp_path):
    asked = ["generate", "--model", "no", "--data", "no", "--out", str(tmp_path / "out"), *given]
    ended = CliRunner().invoke(app, asked)
    assert isinstance(ended.exception, InputError) and said in str(ended.exception)


def test_what_moves_speed_alone_is_not_noted_beside_the_samples():
    assert Sampling().noted == Sampling(batch_size=1).noted != Sampling(top_p=0.5).noted
