"""Thoughts in every dress that models give them: marked otherwise, nested, repeated, stray, quoted, cut."""

import time
from pathlib import Path

import pytest

from reins.eval.verify import split_reasoning
from reins.eval.verify.reasoning import opened_by_template
from reins.eval.verify.thought_formats import FORMATS, format_of_template

TEMPLATES = pytest.importorskip("trl").__path__[0] + "/chat_templates"
THOUGHT = "Two dozen, THEN one more: 25."
ANSWER = "that makes 25"

MARKED = [
    ("think", "<think>\n{}\n</think>\n\n{}"),
    ("think", "<THINK>{}</THINK>{}"),
    ("think", "<Think> {} </Think>\n{}"),
    ("think", "<think>{}</think>\n<response>{}</response>"),
    ("think", "<think>{}</think>\n\n<answer>\n{}\n</answer>"),
    ("think", "<think >{}</ think>{}"),
    ("thinking", "<thinking>\n{}\n</thinking>\n\n<output>\n{}\n</output>"),
    ("thinking", "<Thinking>{}</Thinking> {}"),
    ("thought", "<thought>\n{}\n</thought>\n\n{}"),
    ("thought", "<Thought>{}</Thought>\n<Output>{}</Output>"),
    ("thought", "<thoughts>{}</thoughts>\n{}"),
    ("reasoning", "<reasoning>\n{}\n</reasoning>\n<answer>\n{}\n</answer>\n"),
    ("reasoning", "<REASONING>{}</REASONING>{}"),
    ("scratchpad", "<scratchpad>{}</scratchpad>\n{}"),
    ("seed:think", "<seed:think>\n{}\n</seed:think>\n{}"),
    ("longcat_think", "<longcat_think>\n{}\n</longcat_think>\n{}"),
    ("mm:think", "<mm:think>\n{}\n</mm:think>\n{}"),
    ("cot", "<cot>{}</cot>\n{}"),
    ("cot", "<chain_of_thought>{}</chain_of_thought>\n{}"),
    ("thought", "<inner_monologue>{}</inner_monologue>{}"),
    ("brackets", "[THOUGHT]\n{}\n[/THOUGHT]\n{}"),
    ("brackets", "[REASONING]{}[/REASONING]{}"),
    ("brackets", "[REASONING]\n{}\n[ANSWER]\n{}"),
    ("ollama", "Thinking...\n{}\n...done thinking.\n\n{}"),
    ("think", "<think>{}</thinking>{}"),
    ("thinking", "<thinking>{}</think>{}"),
    ("seed:think", "<seed:think>{}</think>{}"),
    ("think", "<think>{}<think/>{}"),
    ("think", "<think>{}<\\think>{}"),
    ("think", "<think\n>{}</think\n>{}"),
    ("think", "＜think＞{}＜/think＞{}"),
    ("think", "**<think>**\n{}\n**</think>**\n{}"),
    ("think", '<think>{}</think><answer type="final">{}</answer>'),
    ("mistral", "[THINK]\n{}\n[/THINK]\n\n{}"),
    ("kimi", "◁think▷{}◁/think▷{}"),
    ("begin_of_thought", "<|begin_of_thought|>\n\n{}\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\n{}"),
    ("begin_of_thought", "<|begin_of_thought|>{}<|end_of_thought|>{}"),
    ("begin_of_thought", "{}<|end_of_thought|><|begin_of_solution|>{}<|end_of_solution|>"),
    ("working_out", "<start_working_out>{}<end_working_out>\n<SOLUTION>{}</SOLUTION>"),
    ("cohere", "<|START_THINKING|>{}<|END_THINKING|><|START_RESPONSE|>{}<|END_RESPONSE|>"),
    ("cohere", "<|START_THINKING|>{}<|END_THINKING|>\n{}"),
    ("cohere", "<|START_THINKING|>{}<|END_THINKING|><|START_TEXT|>{}<|END_TEXT|>"),
    ("harmony", "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>{}<|return|>"),
    ("harmony", "<|channel|>analysis<|message|>{}<|channel|>final<|message|>{}"),
    ("harmony", "{}<|end|><|start|>assistant<|channel|>final<|message|>{}<|end|>"),
    ("harmony", "<|start|>assistant<|channel|>analysis<|message|>{}<|end|><|channel|>final <|constrain|>json<|message|>{}"),
    ("harmony_words", "analysis{}assistantfinal{}"),
    ("harmony_words", "assistantanalysis{}assistantfinal{}"),
    ("s1", "<|im_start|>think\n{}\n<|im_start|>answer\n{}<|im_end|>"),
    ("s1", "{}\n<|im_start|>answer\n{}"),
    ("harmony_words", "analysis\n{}\nassistantfinal\n{}"),
    ("harmony_words", "analysis{}assistantcommentary to=functions.add json{{}}assistantanalysisSo 25.assistantfinal{}"),
    ("gemma", "<|channel>thought\n{}\n<channel|>{}"),
    ("gemma", "<|channel>thought\n{}<channel|><|channel>final\n{}<channel|>"),
    ("medgemma", "<unused94>thought\n{}<unused95>{}"),
    ("apertus", "<|inner_prefix|>{}<|inner_suffix|>{}"),
    ("granite", "Here is my thought process:\n\n{}\n\nHere is my response:\n\n{}"),
    ("granite", "Here's my thought process: {} Here's my response: {}"),
    ("granite", "**Here is my thought process:** {}\n**Here is my response:** {}"),
    ("apriel", "Here are my reasoning steps:\n{}\n[BEGIN FINAL RESPONSE]\n{}\n[END FINAL RESPONSE]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), MARKED)
def test_a_thought_is_told_from_the_answer_however_it_is_marked(name, text):
    split = split_reasoning(text.format(THOUGHT, ANSWER))
    assert (split.answer, split.state, split.form.name) == (ANSWER, "closed", name)
    assert THOUGHT in split.reasoning and split.reasoned


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_closes_what_it_opens_and_is_cut_without_an_answer(form):
    whole = split_reasoning(form.opening + THOUGHT + form.closing + ANSWER)
    assert (whole.reasoning.strip(), whole.answer, whole.state, whole.form.name) == (
        THOUGHT,
        ANSWER,
        "closed",
        form.name,
    )
    cut = split_reasoning(f"{form.opening}Perhaps \\boxed{{25}}, or")
    assert (cut.answer, cut.state, cut.form.name) == ("", "unclosed", form.name)
    empty = split_reasoning(form.opening + form.closing + ANSWER)
    assert (empty.answer, empty.reasoned) == (ANSWER, False)


AT_BEGINNING = ("harmony_words", "brackets", "ollama")  # which no prompt ends with
OPENED = [form for form in FORMATS if form.name not in AT_BEGINNING]


@pytest.mark.parametrize("form", OPENED, ids=lambda form: form.name)
def test_a_thought_that_the_prompt_opened_is_known_by_its_format(form):
    prompt = f"<|im_start|>assistant\n{form.opening}"
    assert form.lead(prompt) == form.opening and form.is_open(prompt)
    assert (
        not form.is_open(prompt + form.closing)
        and form.lead(prompt + form.closing) == form.opening + form.closing
    )
    closed = split_reasoning(THOUGHT + form.closing + ANSWER, prefilled=True, known=form)
    assert (closed.answer, closed.state, closed.form.name) == (ANSWER, "closed", form.name)
    cut = split_reasoning("It is \\boxed{25}, or", prefilled=True, known=form)
    assert (cut.answer, cut.state, cut.form.name) == ("", "unclosed", form.name)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        # nested
        ("<think>One <think>two</think> three</think>so it is", "so it is"),
        ("<think>\n<think>\nboth open, one closes\n</think>\n\nso it is", "so it is"),
        ("<think>a<think>b<think>c</think>d</think>e</think> so it is", "so it is"),
        ("[THINK]a [THINK]b[/THINK] c[/THINK]so it is", "so it is"),
        ("A plan: <think>count</think> Good.</think>\nso it is", "so it is"),  # the template opened the outer one
        # several
        ("<think>First.</think>\n\n<think>Second.</think>\n\n<think>Third.</think>\nso it is", "so it is"),
        ("<think>First.</think>\n<think></think>\nso it is", "so it is"),
        ("<reasoning>Add.</reasoning><reasoning>Check.</reasoning>so it is", "so it is"),
        ("<think>a</think>so <think>b</think>it is", "so it is"),
        ("so it is\n<think>was that right? Yes.</think>", "so it is"),
        # of two kinds
        ("<reasoning>One.</reasoning><think>Two.</think>so it is", "so it is"),
        ("<think>One.</think>\n<reasoning>Two.</reasoning>\nso it is", "so it is"),
        ("<thinking>One <think>two</think> three</thinking>so it is", "so it is"),
        ("<think>One.\n<reasoning>\nTwo.\n</think>so it is", "so it is"),
        ("The word <reasoning> is a tag.\n<think>x</think>", "The word <reasoning> is a tag."),
        ("The word [THINK] is a tag.\n<think>x</think>", "The word [THINK] is a tag."),
        ("<think>x</think><e><reason>so</reason></e>", "<e><reason>so</reason></e>"),
        # stray
        ("<think>a</think>more thought</think>so it is", "so it is"),
        ("<think>a</think>b</think>c\n</thinking>so it is\n</think>", "so it is"),
        ("<think>a</think>so </think> it is, amid words", "so  it is, amid words"),
        ("<think>a</think></think>so it is", "so it is"),
        ("<think>a</think>\n\nso it is\n</think>", "so it is"),
        ("</think>\n\nso it is", "so it is"),
        ("a thought</think>\n</think>\nso it is", "so it is"),
        ("<think>a</think>so it is\n<think>", "so it is"),
        ("<think>a</think>so it is</answer>", "so it is"),
        ("[THINK][/THINK][/THINK]so it is", "so it is"),
    ],
)  # fmt: skip
def test_nested_repeated_and_stray_tags_leave_the_answer_alone(text, answer):
    split = split_reasoning(text)
    assert (split.answer, split.state) == (answer, "closed")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>They ask for `<think>` itself. Fine.</think>so it is", "so it is"),
        ('<think>A "</think>" would end it. Not yet.</think>so it is', "so it is"),
        ("<think>Like this:\n```\n<think>x</think>\n```\nDone.</think>so it is", "so it is"),
        ("<think>Like this:\n```xml\n</think>\n```\nDone.</think>so it is", "so it is"),
        ("<think>I end it with the </think> tag. Then 25.</think>so it is", "so it is"),
        ("<think>I must write <think> first and I did.</think>so it is", "so it is"),
        ("<think>between <think> and </think> I think</think>so it is", "so it is"),
        ("<think>only what follows </think> is judged, so short</think>so it is", "so it is"),
        ("<think>x</think>write `<think>` and go on", "write `<think>` and go on"),
        (
            "<think>x</think>a model writes <think> before it answers",
            "a model writes <think> before it answers",
        ),
        ("<think>a</think>the “</think>” is quoted", "the “</think>” is quoted"),
        ('<think>I say "so it is"</think>"so it is"', '"so it is"'),
        ("<think>```python\nprint(1)\n</think>\nso it is\n```json\n{}\n```", "so it is\n```json\n{}\n```"),
    ],
)
def test_a_tag_that_is_quoted_or_spoken_of_is_text(text, answer):
    split = split_reasoning(text)
    assert (split.answer, split.state) == (answer, "closed")


@pytest.mark.parametrize(
    "text",
    [
        "the tags `<think>` and `</think>` mark a thought",
        "A thought stands between <think> and </think> tags.",
        "write the </think> tag at the end",
        # a reply that begins by saying the request of mode cot again
        "First think inside <think> and </think>. Then write your answer; only what follows </think> is judged.\n\n25",
        'the opening tag is "<think>", the closing one "</think>"',
        "```\n<think>plan</think>\n```\nis how it looks",
        "analysis of the data shows a trend",
        "Analysis: the sum is 25.",
        "my response: it is 25. Here is my response: short.",
        "<<Solution>> it is 25 <|end|> or so",
        "if x < think > y then [think] again",
    ],
)
def test_a_text_that_only_speaks_of_thoughts_is_all_answer(text):
    split = split_reasoning(text)
    assert (split.answer, split.state, split.form) == (text, "none", None)


@pytest.mark.parametrize(
    "text",
    [
        "<think>\nmaybe \\boxed{25}",
        "<think>A plan: <think>count</think> It may be \\boxed{25} but",
        "<think>a</think>\n<think>again: \\boxed{25}",
        "The sum is \\boxed{25}. <think>Wait,",
        "<think>the `</think>` tag comes later, \\boxed{25}",
        "<think>I close it with </think> and then \\boxed{25}",
        "analysisThe sum may be \\boxed{25} but",
        "<|channel|>analysis<|message|>It may be \\boxed{25} but",
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>analysis<|message|>\\boxed{25}",
        "<|begin_of_thought|>\n\n\\boxed{25} perhaps",
        "Here is my thought process: \\boxed{25} perhaps",
    ],
)
def test_an_unfinished_thought_is_no_answer(text):
    split = split_reasoning(text)
    assert (split.answer, split.state) == ("", "unclosed")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<answer>24</answer> No, wait. <answer>25</answer>", "25"),
        ("<think>x</think><answer>24</answer>\n<ANSWER>25</ANSWER>", "25"),
        ("<think><answer>23</answer></think><answer>24</answer><answer>25", "25"),
        ("<answer><answer>25</answer></answer>", "25"),
        ("<answer>25</answer><answer></answer>", "25"),
        ("the sum is <answer>25</answer> as I said", "25"),
        ("put it in `<answer>` tags, 25", "put it in `<answer>` tags, 25"),
        (
            'the tags "<answer>" and "</answer>" go round 25',
            'the tags "<answer>" and "</answer>" go round 25',
        ),
        ("use <answer></answer> round 25", "use <answer></answer> round 25"),
        ("write <answer> and </answer>: <answer>25</answer>", "25"),
        ("it goes in the <answer> tag. So 25", "it goes in the <answer> tag. So 25"),
        ("<answer>25</ answer> it is", "25"),
        # what ends a turn
        ("so it is<|im_end|>", "so it is"),
        ("so it is</s>", "so it is"),
        ("so it is<|eot_id|>\n<|end_of_text|>\n", "so it is"),
        ("<think>a</think><answer>25</answer><｜end▁of▁sentence｜>", "25"),
        ("<think>a</think><response>25</response><|im_end|>", "25"),
        ("<think>a</think><|im_end|>", ""),
        ("`<|im_end|>` ends it, or `</s>`", "`<|im_end|>` ends it, or `</s>`"),
        ("with <|im_end|> it goes on", "with <|im_end|> it goes on"),
        *(
            (f"so it is{end}", "so it is")
            for end in (
                "<seed:eos>",
                "<turn|>",
                "[|endofturn|]",
                "[e~[",
                "<pad><pad>",
                "[PAD]",
                "<eos>\n<pad>",
            )
        ),
        # what opens one
        ("<s>so it is</s>", "so it is"),
        ("<|begin_of_text|><|start_header_id|>assistant<|end_header_id|>\n\nso it is<|eot_id|>", "so it is"),
        ("<|im_start|>assistant\n<think>a</think>so it is<|im_end|>", "so it is"),
        ("<s>not so</s> but so it is", "<s>not so</s> but so it is"),
        ("the <s> tag strikes out", "the <s> tag strikes out"),
        # a further turn
        ("so it is<|im_end|>\n<|im_start|>user\nWhat?<|im_end|>", "so it is"),
        ("so it is<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhat?", "so it is"),
        ("so it is<end_of_turn>\n<start_of_turn>user\nWhat?", "so it is"),
        ("so it is</s> [INST] What? [/INST]", "so it is"),
        ("so it is<｜end▁of▁sentence｜><｜User｜>What?", "so it is"),
        (
            "<think>a</think>so it is<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n<think>b",
            "so it is",
        ),
        (
            "```\nHi<|im_end|>\n<|im_start|>user\n```\nis how",
            "```\nHi<|im_end|>\n<|im_start|>user\n```\nis how",
        ),
        # GLM's box
        ("<think>a</think>It is <|begin_of_box|>25<|end_of_box|>.", "It is \\boxed{25}."),
        ("<|begin_of_box|>\\boxed{25}<|end_of_box|>", "\\boxed{25}"),
        ("<|begin_of_box|>So it is, twenty-five.<|end_of_box|>", "So it is, twenty-five."),
        ("`<|begin_of_box|>` and on", "`<|begin_of_box|>` and on"),
    ],
)
def test_the_last_answer_block_is_the_answer(text, answer):
    assert split_reasoning(text).answer == answer


def test_texts_that_close_what_they_never_opened_tell_that_the_template_opens():
    closed, cut = "one and one</think>two", "one and one, that is"
    assert opened_by_template([closed, closed, cut]) and opened_by_template(["[/THINK]".join("ab"), cut])
    assert not opened_by_template([cut, cut])
    assert not opened_by_template([closed, "<think>its own</think>two", cut])
    assert opened_by_template([closed, closed, "<think>its own</think>two", cut])
    assert not opened_by_template(["</think>stray", cut, cut])
    assert not opened_by_template([closed, *[cut] * 20])


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("deepseek_r1_distill", "think"), ("qwen3", "think"), ("glm4moe", "think"), ("gptoss", "harmony"),
        ("gemma4", "gemma"), ("qwen2_5", None), ("llama3", None), ("phi3", None), ("gemma3", None),
    ],
)  # fmt: skip
def test_a_checkpoints_template_tells_its_format(template, name):
    form = format_of_template((Path(TEMPLATES) / f"{template}.jinja").read_text("utf-8"))
    assert (form.name if form else None) == name


def test_a_prompt_tells_which_thought_it_opens():
    template = "{{ messages }}<|im_start|>assistant\n"
    for opening, name in {"<think>\n": "think", "[THINK]": "mistral", "◁think▷": "kimi"}.items():
        form = format_of_template(template, f"<|im_start|>assistant\n{opening}")
        assert form.name == name and form.is_open(f"x{opening}") and not form.is_open(f"{opening} x")
    assert format_of_template(template, "speak of <think> and answer\n<|im_start|>assistant\n") is None


BAIT = [
    "<think>", "</think>", "<think></think>", "<think> a", "`", "```", "```\n", "`<think>`", '"<think>" ', "~~~\n",
    "<answer>", "</answer>", "<answer> and </answer> ", "the </think> tag ", "<|channel|>analysis", "<|channel|>final<",
    "<|channel|>analysis<|message|>", "<|end|>", "analysis", "assistantfinal", "Here is my response:", " ", "\n", "<",
    "[THINK]", "◁think▷ ", "<|begin_of_thought|>\n", "<|im_end|>", "<|begin_of_box|>", "<|im_start|>answer", "<think>\n<think>x</think>", "</think>b", "<think>   ", "a <think> b ", "<thinking>", "</cot>", "<s>", "<s></s>a", "<|im_end|>\n<|im_start|>user", "</think>b\n", "**<think>**", "...done thinking.",
]  # fmt: skip


def _spent(text):
    """Seconds of this process, the least of several tries: whatever else the machine does can only add to them."""
    times = []
    for _ in range(5):
        start = time.process_time()
        split_reasoning(text)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize(
    "head", ["", "<think>", "analysisA", "Here is my thought process:", "<|channel|>final<|message|>"]
)
def test_time_grows_with_the_length_of_a_text_only(head):
    """Eight times the text of bait for regular expressions takes far less than 64 times as long."""
    for bait in BAIT:
        short, long = (head + (bait * length)[:length] for length in (6_000, 48_000))
        took = _spent(long)
        assert took < 0.01 or took < 24 * _spent(short), (head, bait, took)  # too little time tells nothing
