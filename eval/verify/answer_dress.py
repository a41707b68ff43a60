"""What models put round an answer that is no part of it: control tokens at its end, tags round all of it, GLM's box."""

import re

WRAPPER = re.compile(r"<(response|output|solution|final_answer)>", re.IGNORECASE)
# What ends a turn: `<|im_end|>`, `<|eot_id|>`, DeepSeek's `<｜end▁of▁sentence｜>`, and the like.
CONTROL = re.compile(r"<([|｜])[^<>|｜\s]{1,40}\1>|</s>|<eos>|<end_of_turn>")
GLM_BOX = re.compile(r"(?<![`\"'])<\|begin_of_box\|>(.*?)(?:<\|end_of_box\|>|\Z)", re.DOTALL)
WORDS = re.compile(r"[^\W\d_]{2,}\s+[^\W\d_]{2,}")


def undressed(text: str) -> str:
    """The text without the control tokens that it ends with, and a box of GLM's as a box: `\\boxed{…}`.

    One that holds words beside each other is what the reply says, so that it stays text.
    """
    boxed = GLM_BOX.sub(_as_box, text) if "<|begin_of_box|>" in text else text
    end = len(boxed)
    for token in reversed(list(CONTROL.finditer(boxed))):
        if boxed[token.end() : end].strip():
            break
        end = token.start()
    return boxed[:end]


def _as_box(match: re.Match[str]) -> str:
    content = match[1].strip()
    return content if WORDS.search(content) or "\\boxed" in content else f"\\boxed{{{content}}}"


def unwrapped(answer: str) -> str:
    """The answer without tags round all of it (Granite 3.3, Ernie 4.5, Reflection)."""
    opening = WRAPPER.match(answer)
    if not opening:
        return answer
    inside, closing = answer[opening.end() :], f"</{opening[1]}>".lower()
    if inside.lower().endswith(closing):
        return inside[: -len(closing)].strip()
    return answer if closing in inside.lower() else inside.strip()
