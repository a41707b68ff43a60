r"""Which text is the answer: the content of the last complete `\boxed{…}` (or `\fbox{…}`, or `\boxed5`), in any case, since a reply in
capitals writes `\BOXED`; of all boxes together where the gold answer is a list and each box holds one part of it.
A box that never closes is no answer: cut short, it may hold half a number.
"""

import re
from itertools import pairwise

BOX = re.compile(
    r"(?P<opens>(?:\\(?:boxed|fbox|framebox)|(?<![\\A-Za-z])boxed)\s*\{)|\\boxed\s*(?P<single>\d)(?=\s*[.,;]?\s*(?:\$|\\[)\]]|\Z))|\\.|[{}]",
    re.IGNORECASE | re.DOTALL,
)
LIST = re.compile(r"[,;]|\\pm|\\cup|±|∪|\b(?:and|or)\b", re.IGNORECASE)
THOUSANDS = re.compile(r"(?<![\d,])[1-9]\d{0,2}(?:(?:,|\{,\}|,\\!\s?)\d{3})+(?!\d|,\d)")
FACE = re.compile(r"\\(?:text|textrm|mathrm|mbox)\s*\{([^{}]*)\}")
PARTING = re.compile(rf"(?P<opens>[(\[{{])|(?P<closes>[)\]}}])|{LIST.pattern}", re.IGNORECASE)
IN_BRACKETS = re.compile(r"^\s*(?:\\left\s*)?\\?[(\[{](.*?)(?:\\right\s*)?\\?[)\]}]\s*$", re.DOTALL)
UNION = re.compile(r"\\cup(?![a-z])|∪")
SPACING = re.compile(r"(?<!\\)\\[,;:!]")  # `\,` holds a comma that parts nothing
RETRACTED = re.compile(
    r"\b(?:no|not|wait|actually|instead|rather|wrong|mistake|correct(?:ion|ed)?|sorry|oops|but)\b",
    re.IGNORECASE,
)
Span = tuple[int, int, int]  # where a box begins, where its content begins, where its content ends


def boxed(text: str) -> str | None:
    r"""The content of the `\boxed{…}` that closes last and is not blank, or None; one pass over the text."""
    spans = _spans(text)
    return text[spans[-1][1] : spans[-1][2]] if spans else None


def boxed_for(gold: str, text: str) -> str | None:
    """The boxed answer to this gold answer: the last box, or the parts of a list, one a box, joined by commas.

    The boxes are joined where there are as many different ones as the gold answer has parts, and no word between them
    takes one back. A single gold answer is always compared with the last box.
    """
    spans = _spans(text)
    if len(spans) > 1 and (count := parts(gold)) > 1:
        contents = list(dict.fromkeys(text[start:end].strip() for _, start, end in spans))
        between = [text[end:begin] for (_, _, end), (begin, _, _) in pairwise(spans)]
        single = all(content and _is_part(content, gold) for content in contents)
        if len(contents) == count and single and not any(map(RETRACTED.search, between)):
            return (r" \cup " if UNION.search(gold) else ", ").join(contents)
    return text[spans[-1][1] : spans[-1][2]] if spans else None


def parts(answer: str) -> int:
    """How many answers an answer holds: those between commas, `and`, `or`; two where it has a plus or minus.

    Commas in brackets part nothing, unless one pair of brackets holds the whole answer.
    """
    count = _outside_brackets(answer)
    inner = IN_BRACKETS.match(answer)
    return _outside_brackets(inner[1]) if count == 1 and inner else count


def _is_part(content: str, gold: str) -> bool:
    """Whether a box holds one part of a list: a bracket with several where the gold answer lists such brackets."""
    lists_brackets = _outside_brackets(gold) > 1 and IN_BRACKETS.match(gold) and IN_BRACKETS.match(content)
    return (_outside_brackets if lists_brackets else parts)(content) == 1


def _outside_brackets(answer: str) -> int:
    answer = FACE.sub(r" \1 ", THOUSANDS.sub("0", SPACING.sub(" ", answer)))
    depth, count = 0, 1
    for mark in PARTING.finditer(answer):
        if mark["opens"] or mark["closes"]:
            depth = max(0, depth + (1 if mark["opens"] else -1))
        else:
            count += not depth
    return count


def _spans(text: str) -> list[Span]:
    """The boxes that close, in the order in which they close; blank ones only where there are no others."""
    opened: list[tuple[int, int, bool]] = []
    spans: list[Span] = []
    # One pass with a stack, so that a text of a hundred thousand braces stays linear.
    for mark in BOX.finditer(text):
        if mark[0] == "}":
            begin, start, is_box = opened.pop() if opened else (0, 0, False)
            if is_box:
                spans.append((begin, start, mark.start()))
        elif mark["single"]:
            spans.append((mark.start(), *mark.span("single")))
        elif mark[0] == "{" or mark["opens"]:
            opened.append((mark.start(), mark.end(), bool(mark["opens"])))
    return [span for span in spans if text[span[1] : span[2]].strip()] or spans
