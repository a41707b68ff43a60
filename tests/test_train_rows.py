"""What SFT learns from: rows tokenized as TRL does, packed so that none sees another."""

import json

import pytest
import torch
from datasets import Dataset
from stages import lines, make_stage, refused, sft_rows, train, write_rows
from tiny import make_tokenizer
from transformers import LlamaForCausalLM
from trl import SFTConfig, SFTTrainer, pack_dataset

from reins.train import sft


def test_rows_are_tokenized_as_trl_does(base, tmp_path):
    args = SFTConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none", max_length=None)
    tokenizer, rows = make_tokenizer(), list(sft_rows())
    theirs = SFTTrainer(
        str(base), args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )
    ours = sft.tokenize(rows, tokenizer)
    assert ours["input_ids"] == theirs.train_dataset["input_ids"]
    assert ours["labels"] == theirs.train_dataset["labels"]
    assert all(tokenizer.eos_token_id in labels for labels in ours["labels"])


def test_packed_rows_do_not_see_each_other(base, tmp_path):
    """The loss of a packed batch is that of its rows alone."""
    args = {
        "packing": True,
        "max_length": 256,
        "per_device_train_batch_size": 2,
        "max_steps": 1,
        "save_strategy": "no",
    }
    out = train(make_stage(tmp_path / "packed", base, "sft", {**args, "num_train_epochs": 1}))
    done, log = json.loads((out / "done.json").read_text()), lines(out / "log.jsonl")
    assert done["train_tokens"] > 256 and done["cut_rows"] == 0
    tokens, model = sft.tokenize(list(sft_rows()), make_tokenizer()), LlamaForCausalLM.from_pretrained(base)
    losses = []
    for ids, labels in zip(tokens["input_ids"], tokens["labels"], strict=True):
        logits = model(torch.tensor([ids])).logits[0, :-1]
        losses.append(
            torch.nn.functional.cross_entropy(logits, torch.tensor(labels[1:]), reduction="none").detach()
        )
    learned = [(loss.sum().item(), int((loss != 0).sum())) for loss in losses]
    packs = _packs([len(ids) for ids in tokens["input_ids"]], log[1]["num_tokens"], learned)
    assert any(abs(total / count - log[1]["loss"]) < 1e-4 for total, count in packs)


@pytest.mark.parametrize(
    "attention",
    ["sdpa", "eager", pytest.param("flex_attention", marks=pytest.mark.slow)],  # it compiles a kernel
)
def test_no_attention_looks_from_one_packed_row_into_another(base, attention):
    """What a GPU without flash attention does with TRL's packed batches: positions start over, and no mask is given."""
    model = LlamaForCausalLM.from_pretrained(base, attn_implementation=attention).eval()
    rows = sft.tokenize(list(sft_rows(3)), make_tokenizer())["input_ids"]
    ids = torch.tensor([token for row in rows for token in row])
    positions = torch.cat([torch.arange(len(row)) for row in rows])
    with torch.no_grad():
        packed = model(input_ids=ids[None], position_ids=positions[None], use_cache=False)
        alone = [model(input_ids=torch.tensor([row]), use_cache=False).logits[0] for row in rows]
    assert torch.allclose(packed.logits[0], torch.cat(alone), atol=1e-4)


def test_rows_of_which_nothing_is_learned_are_counted_and_alone_refused(base, tmp_path):
    rows = list(sft_rows(4))
    shortest = min(map(len, sft.tokenize(rows, make_tokenizer())["input_ids"]))
    rows[0]["prompt"][0]["content"] *= 9
    for packing in (False, True):
        args = {"max_length": shortest, "packing": packing, "max_steps": 1, "save_strategy": "no"}
        config = make_stage(tmp_path / f"some-{packing}", base, "sft", args)
        write_rows(tmp_path / "sft.jsonl", rows)
        done = json.loads((train(config) / "done.json").read_text())
        assert (done["rows"], done["unlearned_rows"]) == (4, 1)
    none = refused(make_stage(tmp_path / "none", base, "sft", {"max_length": 8}))
    assert "sft.jsonl: within max_length 8 no row has a token to learn" in none


def _packs(lengths, tokens, learned):
    """(loss, tokens learned) of every pair of TRL's packs with that many tokens together."""
    rows = Dataset.from_dict({"input_ids": [[place] * length for place, length in enumerate(lengths)]})
    packs = [list(dict.fromkeys(pack)) for pack in pack_dataset(rows, 256, "bfd")["input_ids"]]
    for i, one in enumerate(packs):
        for other in packs[:i]:
            both = one + other
            if sum(lengths[place] for place in both) == tokens:
                yield sum(learned[place][0] for place in both), sum(learned[place][1] for place in both)
