"""Attention that is pushed towards the constraints: exact, in its phase alone, and by engine transformers alone."""

import pytest
import torch
from small_rows import read, write
from test_attention import a_row
from tiny import make_other, make_tiny
from transformers import AutoModelForCausalLM

from reins.eval.attention.spans import row_spans
from reins.eval.io.errors import InputError
from reins.eval.sample.attention_function import attending
from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.sample.generate import generate
from reins.eval.sample.modes.names import MODES, parse_mode
from reins.eval.sample.prompt_places import read_prompt
from reins.eval.sample.steering import NAME, Steer, Steered, boosted, raised_to, steers_of
from reins.eval.verify.rows import read_rows

T, C = 48, [5, 6, 7, 20, 21]
KINDS = {
    "llama": {},
    "qwen2": {},
    "gemma3_text": {
        "query_pre_attn_scalar": 16,
        "sliding_window": 24,
        "layer_types": ["sliding_attention", "full_attention"],
    },
    "gpt_oss": {"num_local_experts": 4, "sliding_window": 24},
}


def first_layer(model, tokens, growth):
    """Of the last row, at the model's first layer: the weights that `output_attentions` shows, grown by hand, and what
    the layer then gives; and what it gives when it is steered."""
    layer = model.model.layers[0].self_attn
    seen = {}

    def keep(module, arguments, keywords, output):
        seen["out"] = output[0][0, -1]

    def keep_values(module, arguments, output):
        seen["values"] = output[0]

    hooks = [
        layer.register_forward_hook(keep, with_kwargs=True),
        layer.v_proj.register_forward_hook(keep_values),
    ]
    with torch.no_grad():
        model.set_attn_implementation("eager")
        weights = model(tokens, output_attentions=True).attentions[0][0, :, -1]
        heads, values = weights.shape[0], seen["values"]
        values = values.view(T, -1, layer.head_dim).repeat_interleave(
            heads // (values.shape[-1] // layer.head_dim), 1
        )
        mass = weights[:, C].sum(-1, keepdim=True)
        grown = weights.clone()
        grown[:, C] *= growth(mass)
        grown /= 1 + (growth(mass) - 1) * mass  # sinks, which no token shows, stay in the sum
        wanted = layer.o_proj(torch.einsum("ht,thd->hd", grown, values).reshape(1, -1))[0]
        steered = Steered(model)
        with (
            attending(model, steered, NAME),
            steered.aimed([Steer(C, growth, lambda tokens: True)], T, model.device),
        ):
            model(tokens)
    for hook in hooks:
        hook.remove()
    return wanted, seen["out"], grown[:, C].sum(-1), mass[:, 0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("growth", [boosted(5), raised_to(0.4)])
def test_the_output_is_that_of_the_grown_weights(tmp_path, kind, growth):
    path = make_other(tmp_path, kind, **KINDS[kind])
    model = AutoModelForCausalLM.from_pretrained(path, attn_implementation="eager").eval()
    tokens = torch.randint(5, 300, (1, T), generator=torch.Generator().manual_seed(0))
    wanted, found, reached, before = first_layer(model, tokens, growth)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
    if growth(torch.tensor([0.1])) != 5:  # spot
        assert ((reached - torch.where(before > 0, before.clamp_min(0.4), before)).abs() < 1e-5).all()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("model"), think_tokens=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    file = tmp_path_factory.mktemp("data") / "rows.jsonl"
    write(file, [a_row(index) for index in range(3)])
    return file


def texts(model, data, out, mode, **keywords):
    return [
        line["text"] for line in read(generate(model, data, out, mode=mode, max_new_tokens=24, **keywords))
    ]


def test_steering_changes_replies_and_a_factor_of_one_does_not(model, data, tmp_path):
    plain = texts(model, data, tmp_path / "plain", "think", samples=2)
    assert texts(model, data, tmp_path / "one", "boost-1", samples=2) == plain
    for mode in ("boost-50", "spot-90", "boost_random-50"):
        assert texts(model, data, tmp_path / mode, mode, samples=2) != plain, mode
    both = [
        texts(model, data, tmp_path / f"{size}", "spot-90", samples=2, batch_size=size) for size in (1, 40)
    ]
    assert both[0] == both[1]  # whatever the batch
    assert texts(model, data, tmp_path / "without", "boost-50", samples=2, with_constraints=False) == texts(
        model, data, tmp_path / "plain-without", "think", samples=2, with_constraints=False
    )


def test_a_phase_is_followed_through_the_tags(model):
    codec = read_checkpoint(str(model))
    text = "<think>\nI add.\n</think>\n\nSix."
    tokens = codec.encode(text)
    meant = {name: parse_mode(f"boost{name}").is_meant(codec, "") for name in ("", "_thought", "_answer")}
    said = {name: [tell(tokens[:n]) for n in range(len(tokens) + 1)] for name, tell in meant.items()}
    assert all(said[""])
    assert said["_thought"] == [not each for each in said["_answer"]]
    opened, closed = (len(codec.encode(text[: text.index(part)])) for part in ("\nI add", "\n\nSix"))
    assert not said["_thought"][0] and not any(said["_thought"][closed:])
    assert all(said["_thought"][opened : closed - 1])
    behind = codec.encode("Sure.\n<think>\nI add.\n</think>\n\nSix.")
    tell = parse_mode("boost_thought").is_meant(codec, "")
    thought = [tell(behind[:n]) for n in range(len(behind) + 1)]
    first, last = (len(codec.encode(text)) for text in ("Sure.\n<think>\nI", "Sure.\n<think>\nI add."))
    assert not any(thought[: first - 2]) and all(thought[first : last + 1]) and not thought[-1]


def test_the_control_pushes_as_many_other_tokens(model, data):
    checkpoint, rows = read_checkpoint(str(model)), read_rows(data)
    prompts = [checkpoint.prompt(row, preset="reins", with_constraints=True) for row in rows]
    own, other = (
        steers_of(parse_mode(mode), checkpoint, rows, prompts, "reins")(0)
        for mode in ("spot 30", "spot_random 30")
    )
    asked = read_prompt(checkpoint, rows[0], prompts[0], row_spans(rows[0]), "reins")
    assert {*own.places} == {place for each in asked.constraints.values() for place in each}
    assert len(other.places) == len(own.places) and not {*other.places} & {*own.places}


def test_every_phase_has_its_control_and_other_engines_refuse_by_name(model, data, tmp_path):
    names = [name for name in MODES if name.startswith(("boost", "spot"))]
    assert len(names) == 12 and all(f"{name}_random" in names for name in names if "random" not in name)
    with pytest.raises(InputError, match="'boost 3' cannot be had with engine vllm"):
        generate(model, data, tmp_path / "out", mode="boost 3", engine="vllm")
    with pytest.raises(InputError, match="write 1 to 99"):
        generate(model, data, tmp_path / "out", mode="spot 100")
    line = {"source": "t", "id": "1", "question": "2 + 2?", "answer": "4"}
    empty = {key: [] for key in ("constraint_name", "constraint_args", "constraint_desc")}
    write(tmp_path / "none.jsonl", [line | empty])
    with pytest.raises(InputError, match="no row has a constraint to steer to"):
        generate(model, tmp_path / "none.jsonl", tmp_path / "out", mode="spot")


def test_rows_without_a_span_are_counted_and_asked_unsteered(model, tmp_path, capsys):
    rows = [a_row(index) for index in range(2)]
    rows[1]["constraint_desc"] = ["", ""]
    write(tmp_path / "rows.jsonl", rows)
    said = texts(model, tmp_path / "rows.jsonl", tmp_path / "out", "boost 50")
    assert "boost 50: 1 of 2 rows are asked unsteered" in capsys.readouterr().err
    plain = texts(model, tmp_path / "rows.jsonl", tmp_path / "plain", "think")
    assert said[-1] == plain[-1] and said[0] != plain[0]
