"""What a mode puts before a row's own prompt, and the reply that a second pass shows, within the model's positions."""

from collections.abc import Iterator

from ...eval.io.errors import InputError
from ...eval.sample.modes.few_shot import FewShot
from ...eval.sample.modes.mode import Mode
from ...eval.sample.modes.names import parse_mode
from ...eval.verify import render
from ...eval.verify.thought_formats import THINK, format_of_template
from ..recipe.schema import Evaluation
from .finding import Finding, Level
from .material import Material, prompt_of, token_count


def modes(material: Material) -> Iterator[Finding]:
    """The longest row of every set, asked in each of its modes, as far as they ask more than the row does."""
    if material.tokenizer is None or material.shape is None:
        return
    for name, evaluation in material.recipe.evaluate.items():
        turns = [render(row, preset=material.recipe.preset) for row in material.rows(name) or []]
        for written in evaluation.modes if turns else []:
            mode = parse_mode(written)
            if isinstance(mode, FewShot):
                yield from _with_examples(material, name, mode, max(turns, key=len))
            elif mode.shell("", THINK) is not None:
                yield from _within(material, name, mode, max(turns, key=len))


def _with_examples(material: Material, name: str, mode: FewShot, turn: str) -> Iterator[Finding]:
    examples = material.recipe.evaluate[name].examples or ""  # a recipe without them was refused
    if (known := material.alike(examples)) is None:
        yield Finding("warn", "modes", f"{name}: {mode.text}: {examples} {material.why(examples)}")
        return
    others = material.rows(examples) is None  # will be shown, of about this length
    try:
        shown = mode.showing(f"data.{examples}", known)
        yield from _within(material, name, shown, turn, "warn" if others else "FAIL")
    except InputError as error:
        yield Finding("FAIL", "modes", f"{name}: {error.where}: {error.what}", error.fix)


def _within(material: Material, name: str, mode: Mode, turn: str, level: Level = "FAIL") -> Iterator[Finding]:
    assert material.shape is not None
    room = material.shape.positions
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
