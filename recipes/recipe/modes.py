"""The modes that a recipe asks a set in: known, served by its engine, and with what they show at hand."""

from ...eval.attention.readable import is_read
from ...eval.io.errors import InputError, nearest
from ...eval.sample.modes.mode import Mode
from ...eval.sample.modes.names import parse_mode
from ...eval.verify.decision import DIRECT, FEWEST_ROWS, THINKING
from ...eval.verify.rows import read_rows
from .schema import Evaluation, Recipe
from .sets import AnswersSet, FileSet

FIRST_REPLIES = ("cot", "think")  # modes whose replies `reflect_other` may show, the first that is asked


def check_modes(recipe: Recipe, name: str) -> None:
    """Raise InputError, naming the key, where a set cannot be asked in one of its modes."""
    evaluation, key = recipe.evaluate[name], f"evaluate.{name}"
    texts = evaluation.modes
    modes = [_parsed(text, f"{key}.modes") for text in texts]
    if len({(mode.name, mode.numbers) for mode in modes}) < len(modes):  # `budget 40` is `budget-40`
        raise InputError(f"{key}.modes", f"{texts} names a mode twice", "give each once")
    for mode in modes:
        try:
            mode.check_engine(recipe.launch.engine)
        except InputError as error:
            raise InputError(f"{key}.modes", error.what, error.fix) from None
    if not modes[0].answers:
        raise InputError(
            f"{key}.modes", f"{texts[0]} answers no row, and is the first", "put another mode first"
        )
    _check_examples(recipe, evaluation, modes, key)
    _check_replies(recipe, evaluation, modes, key)


def check_shown(recipe: Recipe) -> None:
    """Raise InputError where two sets show the replies of different arms: either would be evaluated after the other."""
    shown = {
        name: evaluation.replies_of
        for name, evaluation in recipe.evaluate.items()
        if any(parse_mode(mode).needs == "replies" for mode in evaluation.modes)
    }
    for name, other in shown.items():
        if other != (first := next(iter(shown.values()))):
            what = f"{other!r}, and {next(iter(shown))} shows those of {first!r}: either would wait for the other"
            raise InputError(f"evaluate.{name}.replies_of", what, "the same for both, or a recipe of its own")


def check_answers_mode(dataset: AnswersSet, key: str) -> None:
    """Raise InputError where a set of answers cannot be had in its mode, or has nothing to compare."""
    mode = _parsed(dataset.mode, f"{key}.mode")
    if mode.needs or not mode.answers:
        said = f"{dataset.mode!r} does not answer rows by itself"
        raise InputError(f"{key}.mode", said, "use think, direct or cot")
    if not dataset.compares:
        return
    if dataset.mode not in THINKING:
        said = f"{dataset.mode!r} is compared with direct, and has to think"
        raise InputError(f"{key}.mode", said, f"use {' or '.join(THINKING)}")
    if not dataset.constraints:
        said = f"without constraints, and {dataset.builder} compares how they are kept"
        raise InputError(f"{key}.constraints", said, "constraints: true")
    if dataset.rows < FEWEST_ROWS:
        said = f"{dataset.rows}, and a classifier is fitted to noise below {FEWEST_ROWS}"
        raise InputError(f"{key}.rows", said, "ask for more")


def asked_both_ways(recipe: Recipe) -> list[str]:
    """The evaluated sets that a policy can choose in: asked directly and with a thought."""
    return [
        name
        for name, evaluation in recipe.evaluate.items()
        if DIRECT in evaluation.modes and set(THINKING) & set(evaluation.modes)
    ]


def check_attention(recipe: Recipe, name: str) -> None:
    """Attention is read by a model that is loaded here, from responses whose prompts the rows alone make."""
    evaluation, key = recipe.evaluate[name], f"evaluate.{name}.attention"
    if not evaluation.attention:
        return
    if recipe.launch.engine == "openai":
        said = "a server gives no attention"
        raise InputError(key, said, "leave it out, or take engine transformers or vllm")
    if not any(map(is_read, evaluation.modes)):
        said = f"none of the modes {', '.join(evaluation.modes)} is made from the row alone"
        raise InputError(key, said, "leave it out, or add a mode: think, direct or cot")
    dataset = recipe.data[name]
    if isinstance(dataset, FileSet) and not any(row.constraints for row in read_rows(dataset.file)):
        raise InputError(
            key, f"no row of {dataset.file} has a constraint", "leave it out, or give another set"
        )


def check_prompt_states(recipe: Recipe, name: str) -> None:
    """States are a loaded model's, and read where a set is asked both with a thought and directly."""
    evaluation, key = recipe.evaluate[name], f"evaluate.{name}.prompt_states"
    if not evaluation.prompt_states:
        return
    if recipe.launch.engine != "transformers":
        said = f"engine {recipe.launch.engine} gives none"
        raise InputError(key, said, "leave it out, or take engine transformers")
    if name not in asked_both_ways(recipe):
        said = f"nobody reads them of the modes {', '.join(evaluation.modes)}"
        raise InputError(key, said, f"leave it out, or ask in {DIRECT} and in {' or '.join(THINKING)}")


def first_replies(evaluation: Evaluation) -> str:
    """The mode whose replies `reflect_other` shows; empty where none is asked that could."""
    return next((mode for mode in FIRST_REPLIES if mode in evaluation.modes), "")


def _parsed(text: str, key: str) -> Mode:
    try:
        return parse_mode(text)
    except InputError as error:
        raise error.within(key) from None


def _check_examples(recipe: Recipe, evaluation: Evaluation, modes: list[Mode], key: str) -> None:
    showing = [mode.text for mode in modes if mode.needs == "examples"]
    if showing and not evaluation.examples:
        raise InputError(
            f"{key}.examples", f"missing, and mode {showing[0]} shows some", "name a set of micro.examples"
        )
    if evaluation.examples and evaluation.examples not in recipe.data:
        fix = nearest(evaluation.examples, recipe.data)
        raise InputError(f"{key}.examples", f"unknown set {evaluation.examples!r}", fix)


def _check_replies(recipe: Recipe, evaluation: Evaluation, modes: list[Mode], key: str) -> None:
    showing, known = [mode.text for mode in modes if mode.needs == "replies"], [*recipe.arms, *recipe.models]
    other = evaluation.replies_of
    if showing and not other:
        raise InputError(
            f"{key}.replies_of", f"missing, and mode {showing[0]} shows some", "name an arm or a model"
        )
    if other and other not in known:
        raise InputError(f"{key}.replies_of", f"no arm or model {other!r}", nearest(other, known))
    if showing and not first_replies(evaluation):
        said = f"{showing[0]} shows samples of mode {' or '.join(FIRST_REPLIES)}, which are not there"
        raise InputError(f"{key}.modes", said, "ask in one of them too")
