"""The sampling settings are declared once: what lists them elsewhere takes them from there."""

from typer.testing import CliRunner

from reins.eval.run import Part
from reins.eval.sample.settings import Sampling
from reins.recipes.cli import app
from reins.recipes.recipe.schema import AnswersSet, Evaluation


def test_every_setting_is_an_option_a_key_of_recipes_and_of_evaluations():
    shown = CliRunner().invoke(app, ["generate", "--help"]).output
    for name, field in Sampling.model_fields.items():
        assert f"--{name.replace('_', '-')}" in shown and f"[default: {field.default}]" in shown
        assert all(name in model.model_fields for model in (Evaluation, AnswersSet, Part))


def test_what_moves_speed_alone_is_not_noted_beside_the_samples():
    assert Sampling().noted == Sampling(batch_size=1).noted != Sampling(top_p=0.5).noted
