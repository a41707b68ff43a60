"""Which constraints the micro world knows, how often each comes up, and from which values.

Twelve of MathIF's fifteen types, every category, local and global. Left out: `language:response_language` (the world
has one language), `change_case:english_capital` (a second alphabet for a vocabulary of a thousand) and
`combination:repeat_prompt` (it doubles every answer's length). The `train` and `test` pools share no keyword, phrase,
word count or section mark; the base has seen both (`all`).
"""

from typing import Literal

from ...eval.verify import Pools

PoolName = Literal["train", "test", "all"]

EVEN: dict[str, float] = {
    "length_constraints:number_words": 1,
    "keywords:existence": 1,
    "keywords:frequency": 1,
    "keywords:forbidden_words": 1,
    "detectable_format:number_bullet_lists": 1,
    "detectable_format:number_highlighted_sections": 1,
    "detectable_format:multiple_sections": 1,
    "change_case:capital_word_frequency": 1,
    "change_case:english_lowercase": 1,
    "punctuation:no_comma": 1,
    "startend:end_checker": 1,
    "startend:quotation": 1,
}

# Each half holds words that the base writes unasked, so that forbidding them is not met by luck.
_TRAIN_WORDS = tuple(
    "bright careful garden morning simple window silver winter end story count clear".split()
)
_TEST_WORDS = tuple("quick honest river evening common mirror golden summer all now whole says".split())
_TRAIN_PHRASES = ("That is all from me.", "Please let me know.")
_TEST_PHRASES = ("Any other questions?", "I hope this helps.")
# Three in four ask for at least so many: "less than" is mostly met by a short answer that never read it.
_RELATIONS = ("at least", "at least", "at least", "less than")


def _pools(
    keywords: tuple[str, ...], phrases: tuple[str, ...], words: tuple[int, int], marks: tuple[str, ...]
) -> Pools:
    return Pools(
        keywords=keywords,
        phrases=phrases,
        words=words,
        splitters=marks,
        frequencies=(1, 3),
        bullets=(1, 4),
        highlights=(1, 3),
        sections=(1, 3),
        capitals=(1, 4),
        relations=_RELATIONS,
    )


POOLS: dict[PoolName, Pools] = {
    "train": _pools(_TRAIN_WORDS, _TRAIN_PHRASES, (28, 40), ("SECTION",)),
    "test": _pools(_TEST_WORDS, _TEST_PHRASES, (15, 27), ("Section",)),
    "all": _pools(
        _TRAIN_WORDS + _TEST_WORDS, _TRAIN_PHRASES + _TEST_PHRASES, (15, 40), ("Section", "SECTION")
    ),
}
