"""`reins check` on a base that is not what it should be: its template, tokens, weights and config."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from small_recipe import RUN, assert_found, changed, look
from tiny import CHATML, make_other
from transformers import AutoTokenizer

from reins.recipes.plan.plan import plan
from reins.recipes.preflight import weights
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import load


def _template(find: str, put: str) -> Callable[[], None]:
    def edit() -> None:
        file = Path("base/chat_template.jinja")
        assert find in file.read_text()
        file.write_text(file.read_text().replace(find, put))

    return edit


def _json(name: str, **values: object) -> Callable[[], None]:
    def edit() -> None:
        file = Path("base", name)
        file.write_text(json.dumps(json.loads(file.read_text()) | values))

    return edit


def _opens() -> None:
    """The template opens a thought where it asks, and closes it at once where `enable_thinking` is off."""
    opened = "{{ '<|im_start|>assistant\n<think>\n' if enable_thinking is not false else '<|im_start|>assistant\n<think></think>' }}"
    _template("{{ '<|im_start|>assistant\n' }}", opened)()


def _rendered(reply: str) -> None:
    """The template writes an assistant's turn so."""
    _template(CONTENT, f"({reply} if message['role'] == 'assistant' else {CONTENT})")()


CONTENT = "message['content']"
CLOSED = f"'<think></think>' + {CONTENT}.replace('<think>', '').replace('</think>', '')"
BASES = {
    "a turn that ends in text": (_template("<|im_end|>\n", "\nEND\n"), "FAIL", "eos", "closes a turn"),
    "a base that ends otherwise": (_json("generation_config.json", eos_token_id=0), "warn", "generation", "<|endoftext|>"),
    "a template that drops thoughts": (_template(CONTENT, CONTENT + ".split('</think>')[-1]"), "FAIL", "template", "drops the thought"),
    "a template that speaks": (_template("{% for", "{{ '<|im_start|>system\nBe good.<|im_end|>\n' }}{% for"), "warn", "template", "system turn"),
    "a thought opened twice": (lambda: (_opens(), _rendered("'<think>\n' + " + CONTENT)), "FAIL", "prefill", "opens <think>, and so do 40 of 40 rows"),
    "a thought that replies do not open": (lambda: (_opens(), _rendered(CONTENT + ".removeprefix('<think>\n')")), "FAIL", "prefill", "40 of 40 rows go on otherwise than they are asked"),
    "replies behind a closed thought": (lambda: (_opens(), _rendered(CLOSED)), "warn", "prefill", "as mode direct alone asks"),
    "weights missing": (lambda: Path("base/model.safetensors").unlink(), "FAIL", "model", "no weights"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", BASES)
def test_a_mistake_of_the_base_is_found_by_name(world: Path, mistake: str) -> None:
    edit, level, name, part = BASES[mistake]
    edit()
    assert_found(look(), level, name, part)


def _weights(change: Callable[[dict], dict]) -> Callable[[], None]:
    def write() -> None:
        held = load_file("base/model.safetensors")
        save_file(change(held), "base/model.safetensors", metadata={"format": "pt"})

    return write


BROKEN: dict[str, tuple[Callable[[], object], str]] = {
    "a layer": (_weights(lambda held: {name: one for name, one in held.items() if "layers.1" not in name}), "9 of its weights are in no file"),
    "names of torch.compile": (_weights(lambda held: {f"_orig_mod.{name}": one for name, one in held.items()}), "_orig_mod"),
    "an untied head": (_json("config.json", tie_word_embeddings=False), "1 of its weights are in no file, lm_head.weight"),
    "another width": (_json("config.json", intermediate_size=256), "its config makes it ["),
    "an LFS pointer": (lambda: Path("base/model.safetensors").write_text("version https://git-lfs\n"), "git-lfs left"),
    "no JSON": (lambda: Path("base/config.json").write_text("{"), "no JSON"),
    "an empty config": (lambda: Path("base/config.json").write_text("{}"), "model_type None"),
    "an unknown architecture": (_json("config.json", model_type="llama9"), "'llama9' is not in this transformers"),
    "code of its own": (_json("config.json", model_type="mini9", auto_map={"AutoConfig": "a.B"}), "its own code (auto_map) is not run"),
    "quantised": (_json("config.json", quantization_config={"quant_method": "fp8"}), "quantised (fp8)"),
    "sizes that are none": (_json("config.json", num_attention_heads="four"), "cannot be opened"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_base_that_would_start_from_other_weights_or_not_at_all_is_one_line(world: Path, name: str) -> None:
    change, part = BROKEN[name]
    change()
    (found,) = look()
    assert (found.level, found.name) == ("FAIL", "model") and part in found.text and found.fix
    assert "\n" not in str(found)


def test_a_template_that_opens_the_thought_where_it_asks_suits_replies_that_open_it(world: Path) -> None:
    """A conversation is learned whole, so the thought is opened once, as it is asked."""
    _opens()
    assert [str(one) for one in look() if one.level != "ok"] == []


@pytest.mark.parametrize("pad", [None, "<|im_end|>"])
def test_a_base_that_pads_with_nothing_or_its_end_and_a_template_of_blank_lines_train_as_they_should(
    world: Path, pad: str | None
) -> None:
    _json("tokenizer_config.json", pad_token=pad)()
    template = Path("base/chat_template.jinja")
    blank = "message['content'] | replace('</think>\\n', '</think>\\n\\n')"
    template.write_text(template.read_text().replace("message['content']", blank))
    assert [str(one) for one in look() if one.level == "FAIL"] == []


def _nan(held: dict) -> dict:
    held["model.norm.weight"][5] = float("nan")
    return held


def test_weights_that_are_no_numbers_are_found_before_a_stage_starts(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert any("every weight is a finite number" in finding.text for finding in look())
    _weights(_nan)()
    assert_found(look(), "FAIL", "values", "model.norm.weight: 1 of its 64 values")
    monkeypatch.setattr(weights, "READ", 0.0)
    assert any("read before a stage" in finding.text for finding in look() if finding.name == "values")


TOKENS: dict[str, tuple[Callable[[], object], str, str]] = {
    "flags that cannot be saved": (_json("generation_config.json", temperature=0.6), "generation", "cannot be saved"),
    "no generation prompt": (lambda: Path("base/chat_template.jinja").write_text(CHATML.partition("{% if add")[0]), "template", "with and without"),
}  # fmt: skip


@pytest.mark.parametrize("name", TOKENS)
def test_what_the_bases_own_files_say_is_found(world: Path, name: str) -> None:
    change, finding, part = TOKENS[name]
    change()
    assert_found(look(), "FAIL", finding, part)


def _added(*tokens: str, **roles: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained("base")
    tokenizer.add_tokens(list(tokens))
    tokenizer.add_special_tokens(roles)
    tokenizer.save_pretrained("base")


@pytest.mark.parametrize(
    ("tokens", "roles"), [(["<think>", "</think>"], {}), ([" pens"], {}), ([], {"pad_token": "[PAD]"})]
)
def test_tokens_that_the_model_does_not_embed_are_found_where_they_are_used(
    world: Path, tokens: list[str], roles: dict[str, str]
) -> None:
    _added(*tokens, **roles)
    assert_found(look(), "FAIL", "tokens", "which rows or template use")


def test_a_token_that_is_neither_embedded_nor_used_keeps_no_model_out(world: Path) -> None:
    _added("<image_soft_token>")
    found = look()
    assert not [finding for finding in found if finding.level == "FAIL"]
    assert [finding.text for finding in found if finding.name == "tokens"]


def _experts(kind: str, **settings: object) -> None:
    shutil.rmtree("base")
    make_other("base", kind, num_local_experts=4, num_experts_per_tok=2, **settings)


def test_experts_without_an_adapter_are_named(world: Path) -> None:
    """peft finds the experts of Mixtral among all linear layers, and those of gpt-oss not."""
    lora = ("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {target_modules: all-linear}")
    _experts("mixtral")
    assert not [finding for finding in look(changed(lora)) if "of experts" in finding.text]
    _experts("gpt_oss", sliding_window=None, layer_types=["full_attention"] * 2)
    assert_found(look(changed(lora)), "warn", "lora", "no adapter on 199,168 parameters of experts")


def test_a_base_drawn_with_fewer_tokens_than_its_rows_have_is_found(world: Path) -> None:
    new = "stages:\n  new: {trainer: pretrain, data: {traces: 1.0}, architecture: {vocab_size: 100}, args: {save_steps: 5}}\n"
    fewer = changed(("stages:\n", new), ("sft: [sft]", "new: [new]"))
    assert_found(look(fewer), "FAIL", "tokens", "the model that new draws embeds 100 tokens, and not ")
    assert not [
        found
        for found in look(fewer.replace("vocab_size: 100", "vocab_size: 9000"))
        if found.name == "tokens"
    ]


def test_a_model_drawn_in_an_architecture_of_its_own_is_measured_by_that(world: Path) -> None:
    large = "hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32, num_attention_heads: 32"
    new = f"stages:\n  new: {{trainer: pretrain, data: {{traces: 1.0}}, architecture: {{{large}, max_position_embeddings: 128}}}}\n"
    card = (RUN, "recipes/accelerate/single_gpu.yaml, gpu: L40S-48G")
    arms = ("arms: {base: [], sft: [sft],", "arms: {base: [], new: [new, sft],")
    found = look(changed(("stages:\n", new), arms, card))
    assert_found(found, "FAIL", "memory", "new: about ")
    assert_found(found, "FAIL", "memory", "sft: about ")
    assert_found(found, "FAIL", "positions", "new: max_length 1024, the model has 128")
    assert_found(found, "FAIL", "positions", "sft: max_length 1200, the model has 128")
    assert_found(found, "FAIL", "positions", "arms from new: replies of up to 1000 tokens, it has 128")
    (hours,) = [one.text for one in found if one.name == "cost" and one.text.startswith("new: ")]
    assert float(hours.split(", at most ")[1].split()[0]) > 0.01
    train = plan(check(load("recipe.yaml"), Path("recipe.yaml")), Path("runs/small"))["stage new-s0"]
    assert train.disk > 20 * 2**30


def test_models_of_unlike_architectures_are_not_mixed_or_compared(world: Path) -> None:
    new = "stages:\n  new: {trainer: pretrain, data: {traces: 1.0}, architecture: {vocab_size: 9000}}\n"
    back = new + "  back: {trainer: interpolate, share: 0.5}\n"
    mixed = look(changed(("stages:\n", back), ("sft: [sft]", "sft: [sft], back: [new, back]")))
    assert_found(mixed, "FAIL", "arms", "'back' is between the base and what 'new' draws, whose ")
    taught = new + "  taught: {trainer: distill, data: {problems: 1.0}}\n"
    compared = look(changed(("stages:\n", taught), ("sft: [sft]", "sft: [sft], taught: [new, taught]")))
    assert_found(compared, "FAIL", "mixture", "the student embeds 9000 tokens, its teacher ")
    same = back.replace("vocab_size: 9000", "max_position_embeddings: 64")
    alike = look(changed(("stages:\n", same), ("sft: [sft]", "sft: [sft], back: [new, back]")))
    assert not [one for one in alike if one.name == "arms" and one.level == "FAIL"]


def test_a_tied_embedding_is_found_whatever_it_is_called(world: Path) -> None:
    shutil.rmtree("base")
    make_other("base", "gpt2", n_embd=32, n_layer=1, n_head=2, n_positions=4096, tie_word_embeddings=True)
    lora = ("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {target_modules: [wte]}")
    assert_found(look(changed(lora)), "FAIL", "lora", "wte would be trained")
