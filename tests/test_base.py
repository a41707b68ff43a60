"""The committed base is what its card says, and the corpus it was made from can still be drawn."""

from pathlib import Path

import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer

from reins.data_builders.micro import corpus
from reins.eval.verify import render
from reins.recipes.micro_base import OPENING, corpus_hash

MICRO = Path(__file__).parents[1] / "recipes" / "micro"
BASE = MICRO / "base"


def test_todays_code_draws_the_corpus_of_the_base():
    recipe = yaml.safe_load((MICRO / "base.yaml").read_text())
    rows = corpus(**recipe["corpus"] | {"rows": OPENING})
    assert corpus_hash((render(row), row.response) for row in rows) in (BASE / "README.md").read_text()


def test_the_base_loads_as_any_chat_model_and_is_small():
    model, tokenizer = AutoModelForCausalLM.from_pretrained(BASE), AutoTokenizer.from_pretrained(BASE)
    assert sum(file.stat().st_size for file in BASE.glob("*.safetensors")) <= 8 * 2**20
    assert 1e5 < model.num_parameters() < 3e6 and model.config.tie_word_embeddings
    assert tokenizer.chat_template and tokenizer.pad_token_id != tokenizer.eos_token_id
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert "<think>" in tokenizer.decode(tokenizer("<think>")["input_ids"], skip_special_tokens=True)
