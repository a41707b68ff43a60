"""Reasoning apart from answer."""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise, zip_longest
from typing import Literal, NamedTuple

from .answer_dress import RUN_ON, undressed, unwrapped
from .spoken_tags import is_in_sentence, meant
from .thought_formats import THINK, Tag, ThoughtFormat, telling_tags

State = Literal["closed", "unclosed", "none"]
ANSWER = re.compile(r"[<＜]\s?([/／]?)\s?answer(?:\s\w+=[^<>\n]{0,80})?\s?[>＞]", re.IGNORECASE)
OPENED_SHARE = 0.1  # of a file's texts that close a thought they never opened


@dataclass(frozen=True)
class Split:
    """Reasoning and answer of one generation; `unclosed` has no answer under preset reins.

    `form` is how the thought is marked, None where there is none. `begin` and `end` are where the last thought lies in
    the text, in characters, and `after` where the tag ends that closed it: the text's end while it is open.
    """

    reasoning: str
    answer: str
    state: State
    form: ThoughtFormat | None = field(default=None, compare=False)
    begin: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)
    after: int = field(default=0, compare=False)

    @property
    def reasoned(self) -> bool:
        """Whether anything is thought: an empty thought is none."""
        return bool(self.reasoning.strip())


class _Thoughts(NamedTuple):
    """Thoughts by their opening and closing tag (outermost ones), tags of none, and opening tags that nothing closes."""

    pairs: list[tuple[Tag, Tag]]
    strays: list[Tag]
    open: list[Tag]


def split_reasoning(
    text: str,
    *,
    preset: str = "reins",
    prefilled: bool = False,
    known: ThoughtFormat | None = None,
    beside: str | None = None,
) -> Split:
    """Cut a generation into reasoning and answer.

    prefilled: the chat template opened the thought in the prompt, so the text starts inside the reasoning.
    known: the format of the checkpoint's template, where there is one; it counts wherever its tags are in the text.
    beside: the thought, where it was taken out of the text; a blank text then is one that never left it.
    Every thought is cut out, nested ones whole; what stands outside of all is the answer, or the last of its
    `<answer>` blocks. Tags that are quoted or spoken of are text. Preset mathif cuts as published (MathIF's scoring
    script): repeated tags lose text and an unclosed thought is judged as an answer.
    """
    split = _split(text, prefilled, known, beside)
    return replace(split, answer=_as_judged(text, preset, split.answer))


def _split(text: str, prefilled: bool, known: ThoughtFormat | None, beside: str | None) -> Split:
    """The split of preset reins. A text that goes on with the user's next turn ends where its own does."""
    turns = meant([Tag("ends", *match.span()) for match in RUN_ON.finditer(text)], text)
    if turns:
        own = _split(text[: turns[0].start], prefilled, known, beside)
        if own.state != "unclosed":
            return own
    form, tags, thoughts = _marked(text, known, prefilled)
    if beside and beside.strip() and not (thoughts.open or thoughts.pairs):
        said = undressed(text)
        return Split(beside, _last_block(said).strip(), "closed" if said.strip() else "unclosed")
    inside = [text[opening.end : closing.start] for opening, closing in thoughts.pairs]
    state: State = "unclosed" if thoughts.open else "closed" if thoughts.pairs else "none"
    place = (0, 0, 0)
    if thoughts.open:
        inside.append(text[thoughts.open[0].end :])
        place = (thoughts.open[0].end, len(text), len(text))
    elif thoughts.pairs:
        opening, closing = thoughts.pairs[-1]
        place = (opening.end, closing.start, closing.end)
    answer = "" if thoughts.open else _answer(text, form, tags, thoughts)
    return Split(
        "\n".join(inside), answer, state, None if state == "none" else form or known or THINK, *place
    )


def opened_by_template(texts: Iterable[str]) -> bool:
    """Whether a template seems to have opened the thought of every one of these generations.

    A tenth or more close one that they never opened, and fewer open their own: then those without any tag were cut
    inside theirs.
    """
    closed, opened, count = 0, 0, 0
    for text in texts:
        count += 1
        _, tags, _ = _marked(text, None, False)
        opened += bool(tags and tags[0].kind == "opens")
        closed += bool(tags and tags[0].kind != "opens" and text[: tags[0].start].strip())
    return closed > opened and closed >= OPENED_SHARE * count


def _marked(
    text: str, known: ThoughtFormat | None, prefilled: bool
) -> tuple[ThoughtFormat | None, list[Tag], _Thoughts]:
    """The format of a text, those of its tags that are meant, and the thoughts that they make.

    Where the tags of the first format make none, they are spoken of, and those of another may.
    """
    first = None
    for form, tags in _forms(text, known):
        thoughts = _thoughts(text, tags, prefilled)
        first = first or (form, tags, thoughts)
        if thoughts.pairs or any(tag.end for tag in thoughts.open):
            return form, tags, thoughts
    return first or (None, [], _thoughts(text, [], prefilled))


def _forms(text: str, known: ThoughtFormat | None) -> Iterator[tuple[ThoughtFormat, list[Tag]]]:
    """The formats that a text may be in, the likeliest first, with those of their tags that are meant."""
    seen = set()
    for form in chain([known] if known else [], (form for form, _, _ in telling_tags(text))):
        if form not in seen and (tags := meant(list(form.tags(text)), text)):
            yield form, tags
        seen.add(form)


def _thoughts(text: str, tags: list[Tag], prefilled: bool) -> _Thoughts:
    """Which tags make a thought; where they do not come in pairs, those amid a sentence count as spoken of."""
    start = [Tag("opens", 0, 0)]
    thoughts = _matched(start * prefilled + tags)
    # Only where pairs do not come out: a whole pair amid a sentence is a thought all the same.
    if thoughts.strays or thoughts.open:
        followed = zip_longest(tags, tags[1:])
        tags = [tag for tag, after in followed if not _is_doubtful(tag, after, text)]
        thoughts = _matched(start * prefilled + tags)
    if not prefilled and _begins_inside(text, tags, thoughts.strays):
        thoughts = _matched(start + tags)
    return _settled(text, tags, _extended(text, tags, thoughts))


def _matched(tags: Sequence[Tag]) -> _Thoughts:
    """Pairs as brackets pair, outermost ones in their order. An opened answer ends all that is open.

    A closing tag closes the last opening one of its name, or, where none of its name is open, the last.
    """
    pairs: list[tuple[Tag, Tag]] = []
    strays: list[Tag] = []
    waiting: list[Tag] = []
    names: Counter[str] = Counter()
    for tag in tags:
        if tag.kind == "opens":
            waiting.append(tag)
            names[tag.name] += 1
        elif waiting:
            opening = _opened_last(tag.name, waiting, names) if tag.kind == "closes" else waiting[0]
            while pairs and pairs[-1][0].start >= opening.start:
                pairs.pop()
            pairs.append((opening, tag))
            if tag.kind == "answers":
                waiting.clear()
                names.clear()
        elif tag.kind == "closes":
            strays.append(tag)
    return _Thoughts(pairs, strays, waiting)


def _opened_last(name: str, waiting: list[Tag], names: Counter[str]) -> Tag:
    """Take the last open tag of this name off, and what was opened after it; of any name where none has it."""
    any_name = not names[name]
    while True:
        opening = waiting.pop()
        names[opening.name] -= 1
        if any_name or opening.name == name:
            return opening


def _extended(text: str, tags: Sequence[Tag], thoughts: _Thoughts) -> _Thoughts:
    """A stray closing tag behind a thought, with words before and after it, ends that thought: these were thoughts too.

    One amid a sentence is spoken of, and one behind the opening of an answer ends no thought.
    """
    pairs, strays = list[tuple[Tag, Tag]](), list[Tag]()
    answered = next((tag.start for tag in tags if tag.kind == "answers"), len(text))
    following = dict(pairwise(tags))
    behind = deque(thoughts.pairs)
    for tag in thoughts.strays:
        while behind and behind[0][0].start < tag.start:
            pairs.append(behind.popleft())
        until = following[tag].start if tag in following else len(text)
        if (
            pairs
            and tag.start < answered
            and text[pairs[-1][1].end : tag.start].strip()
            and text[tag.end : until].strip()
            and not is_in_sentence(tag, text)
        ):
            pairs[-1] = (pairs[-1][0], tag)
        else:
            strays.append(tag)
    return _Thoughts([*pairs, *behind], strays, thoughts.open)


def _is_doubtful(tag: Tag, after: Tag | None, text: str) -> bool:
    """An opening tag, or a closing tag before another one, amid a sentence."""
    replaced = tag.kind == "opens" or (tag.kind == after.kind == "closes" if after else False)
    return replaced and is_in_sentence(tag, text)


def _begins_inside(text: str, tags: Sequence[Tag], strays: Sequence[Tag]) -> bool:
    """Whether a text begins within a thought: what ends first was never opened, or more is closed than opened."""
    if not tags or tags[0].kind == "answers":
        return bool(tags and text[: tags[0].start].strip())
    if not strays or strays[0] is tags[0]:
        return bool(strays)
    before = tags[tags.index(strays[0]) - 1]
    parts = text[: tags[0].start], text[before.end : strays[0].start], text[strays[0].end :]
    return all(part.strip() for part in parts)


def _settled(text: str, tags: Sequence[Tag], thoughts: _Thoughts) -> _Thoughts:
    """An opening tag written twice in a row opens once, and one that ends a text opens nothing."""
    following = dict(pairwise(tags))
    still_open: list[Tag] = []
    strays = list(thoughts.strays)
    for tag in thoughts.open:
        after = tags[0] if tags and tag.end == 0 else following.get(tag)
        twice = after is not None and after.kind == "opens" and not text[tag.end : after.start].strip()
        last = tag is thoughts.open[-1] and _ends_text(text, tag, bool(thoughts.pairs))
        (strays if twice or last else still_open).append(tag)
    return _Thoughts(thoughts.pairs, strays, still_open)


def _ends_text(text: str, tag: Tag, after_thought: bool) -> bool:
    return not text[tag.end :].strip() and (after_thought or bool(text[: tag.start].strip()))


def _answer(text: str, form: ThoughtFormat | None, tags: Sequence[Tag], thoughts: _Thoughts) -> str:
    opened = [tag for tag in tags if tag.kind == "answers"]
    if form and opened:
        later = [tag.start for tag in tags if tag.kind == "opens" and tag.start > opened[-1].end]
        outside = text[opened[-1].end : min([form.ends_at(text, opened[-1].end), *later])]
    else:
        outside = _outside(text, thoughts)
    answer = _last_block(undressed(outside)).strip()
    return unwrapped(answer) if thoughts.pairs else answer


def _outside(text: str, thoughts: _Thoughts) -> str:
    """What stands outside of all thoughts, without stray tags; words on two sides of a thought do not touch."""
    cuts = [(opening.start, closing.end) for opening, closing in thoughts.pairs]
    cuts = sorted(cuts + [(tag.start, tag.end) for tag in thoughts.strays])
    parts = [
        text[start:end]
        for start, end in zip([0, *(end for _, end in cuts)], [*(s for s, _ in cuts), len(text)], strict=True)
    ]
    for number, (before, after) in enumerate(pairwise(parts)):
        if before[-1:].strip() and after[:1].strip():
            parts[number] += "\n"
    return "".join(parts)


def _last_block(text: str) -> str:
    """The last `<answer>` block that says anything; without any, the text, stray tags left out."""
    written = [Tag("closes" if match[1] else "opens", *match.span()) for match in ANSWER.finditer(text)]
    blocks, opening = [], None
    tags = meant(written, text)
    for tag in tags:
        if tag.kind == "opens":
            opening = tag
        elif opening:
            blocks.append(text[opening.end : tag.start])
            opening = None
    if opening and not is_in_sentence(opening, text):
        blocks.append(text[opening.end :])
    if blocks:
        return next((block for block in reversed(blocks) if block.strip()), "")
    return _outside(text, _Thoughts([], [tag for tag in tags if tag.kind == "closes"], []))


def _as_judged(text: str, preset: str, answer: str) -> str:
    if preset == "reins":
        return answer
    return text if preset == "ifeval" else _published(text)


def _published(text: str) -> str:
    for tag in ("<think>", "</think>", "<answer>"):
        if tag in text:
            text = text.split(tag)[1]
    return text.split("</answer>")[0]
