"""How models mark their reasoning: one table for splitting, rewards, builders and modes.

The tags are those of the published chat templates and model cards. A checkpoint's own template tells its format;
where there is none, the first tag of a text does, or, for formats made of words, the text's first words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

NEVER = r"(?!)"
NO_NAME = re.compile(r"[^\w:]")
# The names of pairs in the manner of XML, but for `reason`, which is a field of many an answer in XML.
KIN = (
    "(?:ant)?thinking|(?:[a-z]{1,8}:|longcat_)?think|(?:inner_)?thoughts?|inner_monologue|reasoning|scratchpad|cot"
    "|chain_of_thought"
)
FIRST = r"(?=[<＜\[◁])"  # how tags begin, but for those made of words; looked at first, since most characters begin none


class Tag(NamedTuple):
    """A tag in a text: `opens` or `closes` a thought, or `answers`; its place in characters, and its name.

    Stars on both sides of a tag (`**<think>**`) are part of it.
    """

    kind: str
    start: int
    end: int
    name: str = ""


@dataclass(frozen=True)
class ThoughtFormat:
    """One way to mark a thought.

    `opening` and `closing` are what is written to open or close a thought by hand; `closing` leads into the answer.
    `opens`, `closes`, `answers` and `ends` are the patterns of the tags round the thought and round the answer; an
    opened answer ends the thought. The tags that `tells` names tell the format; `begins`, where there is one, is how a
    text of the format starts: its tags are ordinary words, which tell nothing elsewhere. `kin` are the names of the pairs
    in the manner of XML: models mix them, so each of them opens and closes a thought in a text of any of these formats.
    """

    name: str
    opening: str
    closing: str
    opens: str
    closes: str
    answers: str = NEVER
    ends: str = NEVER
    tells: str = "opens closes"
    begins: str | None = None
    kin: str = NEVER

    @cached_property
    def _tag(self) -> re.Pattern[str]:
        opens, closes = f"{self.opens}|{_opening(self.kin)}", f"{self.closes}|{_closing(self.kin)}"
        kinds = {"opens": opens, "closes": closes, "answers": self.answers}
        tags = "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items())
        return _compiled(tags if self.begins else f"{FIRST}(?:{tags})")

    @property
    def telling(self) -> str:
        """The pattern of the tags that tell the format."""
        return "|".join(getattr(self, kind) for kind in self.tells.split())

    @cached_property
    def _lead(self) -> re.Pattern[str]:
        skips = rf"(?P<closes>{self.closes})?\s*+(?P<answers>{self.answers})?"
        return _compiled(rf"(?:{self.opens})\s*+{skips}\s*+\Z")

    def tags(self, text: str) -> Iterator[Tag]:
        """The tags in a text, in their order, whether meant or spoken of."""
        for match in self._tag.finditer(text):
            start, end = match.span()
            bold = 2 * (text[max(start - 2, 0) : start] == text[end : end + 2] == "**")
            yield Tag(str(match.lastgroup), start - bold, end + bold, NO_NAME.sub("", match[0]).lower())

    def lead(self, prompt: str) -> str:
        """The thought that a prompt ends by opening, or by opening and closing; nothing where it does neither."""
        match = self._lead.search(prompt)
        return match[0] if match else ""

    def is_open(self, prompt: str) -> bool:
        """Whether a prompt ends inside a thought."""
        match = self._lead.search(prompt)
        return bool(match and not match["closes"] and not match["answers"])

    def opens_first(self, text: str) -> bool:
        """Whether a text begins by opening a thought."""
        return bool(_compiled(rf"\s*(?:{self.opens})").match(text))

    def ends_at(self, text: str, start: int) -> int:
        """Where the answer that begins at `start` ends."""
        match = _compiled(self.ends).search(text, start)
        return match.start() if match else len(text)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _opening(names: str) -> str:
    return rf"[<＜]\s?(?:{names})\s?[>＞]"


def _closing(names: str) -> str:
    """`</a>`, also with the stroke turned round or at the end."""
    return rf"[<＜]\s?(?:[/\\／]\s?(?:{names})|(?:{names})\s?[/\\／])\s?[>＞]"


def _named(name: str, words: str = "") -> ThoughtFormat:
    """A pair of tags as in XML; `words` are the names that models give them, `name` the one that is written."""
    known = words or re.escape(name)
    opening, closing = f"<{name}>\n", f"\n</{name}>\n\n"
    return ThoughtFormat(name, opening, closing, _opening(known), _closing(known), kin=KIN)


def _harmony(channels: str) -> str:
    """The head of a message: who speaks, the channel, a tool that is meant, the type of what follows."""
    head = rf"<\|channel\|>(?:{channels})[^<]{{0,200}}(?:<\|constrain\|>[^<]{{0,40}})?<\|message\|>"
    return rf"<\|start\|>assistant{head}|{head}"


THINK = _named(
    "think"
)  # DeepSeek R1, Qwen3, QwQ, GLM, Phi-4, Hunyuan, Ernie, Granite 3.3, MiniMax, Nemotron, …
FORMATS = (
    THINK,
    _named("thinking", "(?:ant)?thinking"),  # Reflection, and prompts after Anthropic's
    _named("thought", "(?:inner_)?thoughts?|inner_monologue"),  # EXAONE Deep, Marco-o1
    _named("reasoning", "reasoning|reason"),  # GRPO recipes with their own system prompt
    _named("scratchpad"),
    _named("seed:think"),  # Seed-OSS
    _named("longcat_think"),  # LongCat Flash Thinking
    _named("mm:think", "[a-z]{1,8}:think"),  # MiniMax M3, and whoever else puts a name before it
    _named("cot", "cot|chain_of_thought"),
    ThoughtFormat("mistral", "[THINK]", "[/THINK]", r"\[THINK\]", r"\[/THINK\]"),  # Magistral
    ThoughtFormat("kimi", "◁think▷", "◁/think▷", "◁think▷", "◁/think▷"),  # Kimi-VL, Kimi-Dev
    ThoughtFormat(
        "begin_of_thought",  # SkyThought, OpenThinker
        "<|begin_of_thought|>\n\n",
        "\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\n",
        r"<\|begin_of_thought\|>",
        r"<\|end_of_thought\|>",
        r"<\|begin_of_solution\|>",
        r"<\|end_of_solution\|>",
        tells="opens closes answers",
    ),
    ThoughtFormat(
        "working_out",  # Unsloth's GRPO notebooks
        "<start_working_out>",
        "<end_working_out><SOLUTION>",
        r"<start_working_out>",
        r"</?end_working_out>|</start_working_out>",
        r"<solution>",
        r"</solution>",
    ),
    ThoughtFormat(
        "cohere",  # Command R7B, Command A
        "<|START_THINKING|>",
        "<|END_THINKING|><|START_RESPONSE|>",
        r"<\|START_THINKING\|>",
        r"<\|END_THINKING\|>",
        r"<\|START_(?:RESPONSE|TEXT)\|>",
        r"<\|END_(?:RESPONSE|TEXT)\|>",
        tells="opens closes answers",
    ),
    ThoughtFormat(
        "harmony",  # gpt-oss
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        _harmony("analysis|commentary"),
        r"<\|end\|>|<\|call\|>",
        _harmony("final"),
        r"<\|end\|>|<\|return\|>",
        tells="opens answers",  # what ends a thought here ends a turn elsewhere (Phi)
    ),
    ThoughtFormat(
        "gemma",  # Gemma 4
        "<|channel>thought\n",
        "\n<channel|>",
        r"<\|channel>\s?(?:thought|thinking|analysis)\b",
        r"<channel\|>",
        r"<\|channel>\s?(?:final|answer|response)\b",
        r"<channel\|>|<turn\|>",
    ),
    ThoughtFormat(
        "medgemma", "<unused94>thought\n", "<unused95>", r"<unused94>(?:thought\b)?", r"<unused95>"
    ),
    ThoughtFormat(
        "apertus", "<|inner_prefix|>", "<|inner_suffix|>", r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"
    ),
    ThoughtFormat(
        "s1",
        "<|im_start|>think\n",
        "\n<|im_start|>answer\n",
        r"<\|im_start\|>think\b",
        NEVER,
        r"<\|im_start\|>answer\b",
        r"<\|im_end\|>",
        tells="opens answers",
    ),
    ThoughtFormat(
        "harmony_words",  # gpt-oss, decoded without its special tokens
        "analysis",
        "assistantfinal",
        r"\A\s*analysis|assistant(?:analysis|commentary)",
        NEVER,
        r"assistantfinal",
        begins=r"\s*(?:assistant)?analysis(?:(?=\w)|(?s:.)*assistantfinal)",
    ),
    ThoughtFormat(
        "brackets",  # in capitals and at the beginning: elsewhere a word in brackets is a place to fill in
        "[THOUGHT]\n",
        "\n[/THOUGHT]\n\n",
        r"\A\s*(?-i:\[(?:THOUGHTS?|REASONING)\])",
        r"(?-i:\[/(?:THOUGHTS?|REASONING)\])",
        r"(?-i:\[(?:FINAL )?(?:ANSWER|RESPONSE|SOLUTION)\])",
        r"(?-i:\[/(?:FINAL )?(?:ANSWER|RESPONSE|SOLUTION)\])",
        begins=r"\s*(?-i:\[(?:THOUGHTS?|REASONING)\])",
    ),
    ThoughtFormat(
        "ollama",  # as its command line shows a thought
        "Thinking...\n",
        "\n...done thinking.\n\n",
        r"\A\s*Thinking\.\.\.",
        r"\.\.\.done thinking\.",
        begins=r"\s*Thinking\.\.\.[ \t]*\n",
    ),
    ThoughtFormat(
        "granite",  # Granite 3.2
        "Here is my thought process: ",
        "\nHere is my response: ",
        r"Here(?: is|'s|’s) my thought process:(?:\*\*)?",
        NEVER,
        r"(?:\*\*)?Here(?: is|'s|’s) my response:(?:\*\*)?",
        begins=r"[\s*#]*Here(?: is|'s|’s) my thought process:",
    ),
    ThoughtFormat(
        "apriel",
        "Here are my reasoning steps:\n",
        "\n[BEGIN FINAL RESPONSE]\n",
        r"Here are my reasoning steps:",
        NEVER,
        r"\[BEGIN FINAL RESPONSE\]",
        r"\[END FINAL RESPONSE\]",
        begins=r"\s*Here are my reasoning steps:",
    ),
)
_WORDED = [(_compiled(form.begins), form) for form in FORMATS if form.begins]
_MARKED = [form for form in FORMATS if not form.begins]
_TELLING = "|".join(f"(?P<f{number}>{form.telling})" for number, form in enumerate(_MARKED))
_ANY = _compiled(f"{FIRST}(?:{_TELLING})")


def telling_tags(text: str) -> Iterator[tuple[ThoughtFormat, int, int]]:
    """Every tag that tells a format, with its place in the text; tags of words only at the beginning."""
    for begins, worded in _WORDED:
        if match := begins.match(text):
            yield worded, *match.span()
    for match in _ANY.finditer(text):
        yield _MARKED[int(str(match.lastgroup)[1:])], *match.span()


def format_of_template(template: str, prompt: str = "") -> ThoughtFormat | None:
    """The format that a chat template speaks of, or that a prompt rendered by it opens or skips; else None."""
    if led := next((form for form in FORMATS if form.lead(prompt)), None):
        return led
    spoken = {form: len(_compiled(form.telling).findall(template)) for form in FORMATS}
    most = max(spoken, key=spoken.__getitem__)
    return most if spoken[most] else None
