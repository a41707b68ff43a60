"""What models put round an answer that is no part of it: control tokens before and after it, a further turn, tags round
all of it, GLM's box."""

import re

WRAPPER = re.compile(r"<(response|output|solution|final_answer)>", re.IGNORECASE)
# What ends a turn: `<|im_end|>`, `<|eot_id|>`, DeepSeek's `<｜end▁of▁sentence｜>`, EXAONE's `[|endofturn|]`, and the like.
END = (
    r"(?=[<\[])(?:<\|[^<>|｜\s]{1,40}\|>|<｜[^<>|｜\s]{1,40}｜>|\[\|[^\[\]|\s]{1,40}\|\]|</s>|<(?:\w{1,12}:)?(?:eos|pad)>|\[PAD\]"
    r"|<end_of_turn>|<turn\|>|<SPECIAL_\d+>|\[e~\[)"
)
CONTROL = re.compile(END)
# What opens a text, and what opens a turn before the name of its role; a text struck out in HTML opens with `<s>` too.
BEGIN = r"(?:<s>(?!(?s:.)*</s>\s*[^\s<\[])|<(?:\w{1,12}:)?bos>|<\|(?:begin_of_text|startoftext)\|>|<｜begin▁of▁sentence｜>|\]~!b\[)"
OPEN = r"(?:<\|(?:im_start|start|start_header_id|turn|role_start)\|?>|<start_of_turn>|\]~b\])"


def _role(names: str) -> str:
    ended = r"(?:<\|(?:end_header_id|role_end|im_middle)\|>)?"
    return rf"(?:{OPEN}\s*(?:{names})\b{ended}|[<\[][|｜](?:{names})[|｜][>\]])"


HEAD = re.compile(rf"\s*(?:(?:{BEGIN}|{_role('assistant|model|ai')})\s*){{1,4}}", re.IGNORECASE)
RUN_ON = re.compile(rf"{END}\s*(?:{_role('user|human|system')}|\[INST\])", re.IGNORECASE)
GLM_BOX = re.compile(r"(?<![`\"'])<\|begin_of_box\|>(.*?)(?:<\|end_of_box\|>|\Z)", re.DOTALL)
WORDS = re.compile(r"[^\W\d_]{2,}\s+[^\W\d_]{2,}")


def undressed(text: str) -> str:
    """The text without the control tokens that it opens and ends with, and a box of GLM's as a box: `\\boxed{…}`.

    One that holds words beside each other is what the reply says, so that it stays text.
    """
    boxed = GLM_BOX.sub(_as_box, text) if "<|begin_of_box|>" in text else text
    head = HEAD.match(boxed)
    boxed = boxed[head.end() :] if head else boxed
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
