r"""Words around an answer: which only say that it is the answer, and may go, and which change it, and stay.

`\text{The area is 48 cm}` is 48 with a unit, but `\text{at least } 48`, `\text{half of } 48` and `\text{Not equal: } 48` are no 48.
"""

import re

TEXT = r"\\(?:text|textrm|textnormal|mathrm|mbox|operatorname\*?)\s*"
UPRIGHT = re.compile(rf"{TEXT}\{{((?:[^{{}}]|\^\{{-?\d\}})*)\}}")
FORMULA = re.compile(r"(?<!\^)(?<!\^[-{])(?<!\^\{-)\d|[<>=≤≥≠]")
WORD = re.compile(
    r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*[.,:;!?]*|[aAI](?=\s+[^\W\d_]{2,})|[^\W\d_]+(?:/[^\W\d_]+)*\^\{?-?\d\}?"
)
LEADING = re.compile(rf"^(?:{TEXT}\{{([^{{}}\d]*)\}}|((?:[A-Za-z]+[\s:]+)+))\s*(?=\S)")
ANSWER_WORDS = frozenset(
    "the final answer answers is are result total value solution so thus hence therefore we get have it equals "
    "equal to our sum number of that this which gives required exactly approximately about roughly around yes only just ans".split()
)
# An answer may follow these words at once, where none of CHANGES stands before them and the last word leaves nothing open.
SAYS = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals?|equal to|has|have|gives?|gets?|total of|exactly|approximately|about|roughly|around)"
    r"|[:=])\s*$",
    re.IGNORECASE,
)
CHANGES = frozenset(
    "not no non never none neither nor without except excluding but cannot can could may might unequal wrong incorrect false "
    "than exceed exceeds exceeding bound bounded bounds up if unless half twice thrice".split()
)
ARTICLE = re.compile(r"(?:an?|the)\s+(?=[a-z]{2})", re.IGNORECASE)
BOUNDS = re.compile(r"\bat\s+(?:least|most)\b|<|>|≤|≥|≠|!=", re.IGNORECASE)
LEFT_OPEN = frozenset(
    "of by from to over under above below between within beyond and or greater less more fewer larger smaller higher "
    "lower least most double triple times plus minus negative root squared cubed".split()
)
OTHER_ANSWERS = frozenset(
    "答案 答え 答 정답 답 ответ réponse respuesta resposta antwort risposta उत्तर الجواب الإجابة đáp án".split()
)


def opened_text(text: str) -> str:
    r"""`\text{The area is 48 cm}` as `\text{The area is } 48 \text{ cm}`: only words are set as words."""
    return UPRIGHT.sub(lambda match: _words_apart(match[1]) if FORMULA.search(match[1]) else match[0], text)


def _words_apart(inner: str) -> str:
    pieces, words = list[str](), list[str]()
    place = 0
    while place < len(inner):
        word = WORD.match(inner, place)
        if word and (place + len(word[0]) == len(inner) or inner[word.end()].isspace()):
            words.append(word[0])
            place = word.end()
        elif inner[place].isspace():
            place += 1
        else:
            chunk = re.match(r"\S+", inner[place:])
            assert chunk
            pieces += _as_text(words) + [chunk[0]]
            words = []
            place += chunk.end()
    return " ".join(pieces + _as_text(words))


def _as_text(words: list[str]) -> list[str]:
    return [rf"\text{{ {' '.join(words)} }}"] if words else []


def without_lead(text: str) -> str:
    """Without words before the answer that only say that it is the answer."""
    match = LEADING.match(text)
    if not match:
        return text
    words = (match[1] or match[2] or "").strip()
    choice = re.fullmatch(r"[A-J]\s*:", words)
    return text[match.end() :] if words and not choice and _only_says(words) else text


def _only_says(words: str) -> bool:
    every = [word for word in re.split(r"[^\w'’]+", words.lower()) if word]
    negated = any(word.endswith(("n't", "n’t")) for word in every)
    if negated or BOUNDS.search(words) or CHANGES & set(every):
        return False
    known = all(word in ANSWER_WORDS or word in OTHER_ANSWERS for word in every)
    is_open = words.endswith((":", "=")) and every[-1:] != ["to"] and LEFT_OPEN & set(every[-1:])
    return known or words.isascii() and bool(SAYS.search(words)) and not is_open
