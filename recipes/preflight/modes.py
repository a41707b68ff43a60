"""What a mode puts before a row's own prompt, and the reply that a second pass shows, within the model's positions."""

from collections.abc import Iterator

from ...eval.io.errors import InputError
from ...eval.sample.modes.few_shot import FewShot
from ...eval.sample.modes.mode import Mode
from ...eval.sample.modes.names import parse_mode
from ...eval.verify import render
from ...eval.verify.rows import Row
from ...eval.verify.thought_formats import THINK, format_of_template
from ..recipe.schema import Evaluation
from .finding import Finding, Level
from .material import Material, prompt_of, token_count


def modes(material: Material) -> Iterator[Finding]:
    """Whether the rows of every set can be asked in each of its modes, and fit where it asks more than the row does."""
    for name, evaluation in material.recipe.evaluate.items():
        questions = material.all_questions(name)
        rows = list(questions.rows) if questions else []
        turn = max((render(row, preset=material.recipe.preset) for row in rows), key=len, default="")
        for mode in map(parse_mode, evaluation.modes if rows else ()):
            try:
                mode.check_rows(rows)
                yield from _shown(material, name, mode, rows, turn)
            except InputError as error:
                yield Finding("FAIL", "modes", f"{name}: {error.where}: {error.what}", error.fix)


def _shown(material: Material, name: str, mode: Mode, rows: list[Row], turn: str) -> Iterator[Finding]:
    """What stands before the longest `turn`, or behind its first reply; raises InputError where examples do not serve these rows."""
    if isinstance(mode, FewShot):
        yield from _with_examples(material, name, mode, rows, turn)
    elif mode.shell("", THINK) is not None:
        yield from _within(material, name, mode, turn)


def _with_examples(
    material: Material, name: str, mode: FewShot, rows: list[Row], turn: str
) -> Iterator[Finding]:
    examples = material.recipe.evaluate[name].examples or ""  # a recipe without them was refused
    where, questions = f"data.{examples}", material.all_questions(examples)
    if questions and questions.whole:
        shown = mode.showing(where, list(questions.rows))
        shown.refuse_unfit(where, rows)
        yield from _within(material, name, shown, turn)
    elif alike := material.alike(examples):  # others will be shown, of about this length
        yield from _within(material, name, mode.showing(where, alike), turn, "warn")
    else:
        yield Finding("warn", "modes", f"{name}: {mode.text}: {examples} {material.why(examples)}")


def _within(material: Material, name: str, mode: Mode, turn: str, level: Level = "FAIL") -> Iterator[Finding]:
    if material.tokenizer is None or material.shape is None:
        return
    room = material.positions
    before, after = _length(material, material.recipe.evaluate[name], mode, turn)
    said = f"{name}: in mode {mode.text} the longest prompt {before} + {after}"
    if before + after > room:
        fix = "a smaller max_new_tokens, fewer examples, or another mode"
        yield Finding(level, "modes", f"{said} passes {room} positions", fix)
    else:
        yield Finding("ok", "modes", f"{said} of {room}")


def _length(material: Material, evaluation: Evaluation, mode: Mode, turn: str) -> tuple[int, int]:
    """Tokens of a row's last prompt in this mode, and of the replies that come into or behind it."""
    prompt = prompt_of(material.tokenizer, turn)
    form = format_of_template(str(material.tokenizer.chat_template), prompt) or THINK
    shell = mode.shell(turn, form)
    last = mode.turn(turn, form) if shell is None else shell
    tokens = token_count(material.tokenizer, prompt_of(material.tokenizer, last))
    return tokens, mode.most_drawn(evaluation.max_new_tokens)
