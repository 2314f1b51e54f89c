"""Reference vectors for the Qwen3-MoE model, made with Hugging Face transformers' own implementation.

    python3 -m venv venv
    venv/bin/pip install torch==2.15.0 transformers==4.57.6 safetensors numpy
    venv/bin/python tests/vectors/qwen3-moe/make.py

It writes one folder per model beside this file:

    config.json, model.safetensors   as `save_pretrained` writes them
    keys.json                        name -> shape of every tensor of the saved checkpoint
    reference.safetensors            ids [batch, time + 1] int64; logits [batch, time, vocabulary] of ids[:, :-1];
                                     loss, of the model's own loss function with labels = ids (it shifts them itself);
                                     grad.<name>, the gradient of that loss by every parameter

beside that folder one named qwen3-moe-sharded:

    config.json, shards and index    as `save_pretrained` writes a model in bfloat16 with a small max_shard_size
    reference.safetensors            ids and logits as above, computed in float32 from the weights as they were saved

and made-with.json, the versions. All arithmetic is float32 on a CPU; the weights come from seeds.
With `--check DIR` it instead loads a checkpoint that BlockZero wrote, and prints what transformers makes of it: in float32, and in
the precision that it was saved in.
"""

import json
import platform
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

HERE = Path(__file__).parent

COMMON = dict(num_hidden_layers=2, max_position_embeddings=64, initializer_range=0.02, attn_implementation="eager")

# Together: tied and untied embeddings, all ratios of heads to key-value heads, heads that are narrower and wider than the
# hidden size, both meanings of norm_topk_prob, one to three choices, and a batch of one.
MODELS = {
    "tied-top2": dict(
        batch=2, time=9, vocab_size=40, hidden_size=16, num_attention_heads=4, num_key_value_heads=2, head_dim=4,
        num_experts=4, num_experts_per_tok=2, moe_intermediate_size=12, norm_topk_prob=True, tie_word_embeddings=True,
        rms_norm_eps=1e-6, rope_theta=10000.0,
    ),
    "untied-top3": dict(
        batch=3, time=6, vocab_size=37, hidden_size=20, num_attention_heads=3, num_key_value_heads=1, head_dim=10,
        num_experts=5, num_experts_per_tok=3, moe_intermediate_size=8, norm_topk_prob=False, tie_word_embeddings=False,
        rms_norm_eps=1e-5, rope_theta=1000000.0,
    ),
    "untied-top1": dict(
        batch=1, time=12, vocab_size=24, hidden_size=24, num_attention_heads=2, num_key_value_heads=2, head_dim=8,
        num_experts=6, num_experts_per_tok=1, moe_intermediate_size=8, norm_topk_prob=False, tie_word_embeddings=False,
        rms_norm_eps=1e-6, rope_theta=5000.0,
    ),
}


def make(name: str, shape: dict, seed: int) -> None:
    batch, time = shape.pop("batch"), shape.pop("time")
    torch.manual_seed(seed)
    config = Qwen3MoeConfig(
        **COMMON, **shape, intermediate_size=shape["moe_intermediate_size"], mlp_only_layers=[], decoder_sparse_step=1,
        output_router_logits=False,
    )
    model = Qwen3MoeForCausalLM(config).float().eval()
    with torch.no_grad():  # far from the initial distribution, so that routing and attention are decisive
        for parameter in model.parameters():
            parameter.normal_(1.0, 0.2) if parameter.dim() == 1 else parameter.normal_(0.0, 0.35)

    ids = torch.randint(config.vocab_size, (batch, time + 1))
    with torch.no_grad():
        out = model(ids[:, :-1], output_router_logits=True)
    for router in out.router_logits:
        ranked = router.softmax(-1).sort(descending=True).values
        k = config.num_experts_per_tok
        assert (ranked[:, k - 1] - ranked[:, k]).min() > 1e-3, "a near-tie in a router: choose another seed"
    loss = model(ids, labels=ids).loss
    loss.backward()

    folder = HERE / name
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    saved = load_file(folder / "model.safetensors")
    dump(folder / "keys.json", {key: list(saved[key].shape) for key in sorted(saved)})
    parameters = dict(model.named_parameters())
    assert set(parameters) == set(saved), "tied weights are saved once, under the name of their parameter"
    reference = {"ids": ids, "logits": out.logits, "loss": loss.detach()}
    for key, parameter in parameters.items():  # an expert that no token chose has none
        reference[f"grad.{key}"] = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
    save_file({key: value.detach().contiguous() for key, value in reference.items()}, folder / "reference.safetensors")


def make_sharded() -> None:
    torch.manual_seed(len(MODELS))
    shape = {key: value for key, value in MODELS["untied-top3"].items() if key not in ("batch", "time")}
    config = Qwen3MoeConfig(
        **COMMON, **shape, intermediate_size=shape["moe_intermediate_size"], mlp_only_layers=[], decoder_sparse_step=1,
    )
    model = Qwen3MoeForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(1.0, 0.2) if parameter.dim() == 1 else parameter.normal_(0.0, 0.35)
    folder = HERE.parent / "qwen3-moe-sharded"
    model.to(torch.bfloat16).save_pretrained(folder, max_shard_size="8KB")
    (folder / "generation_config.json").unlink(missing_ok=True)
    # Read again, not cast back: casting has rounded the rotary frequencies too, which no checkpoint holds.
    model = Qwen3MoeForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    ids = torch.randint(config.vocab_size, (2, 7))
    with torch.no_grad():
        save_file({"ids": ids, "logits": model(ids).logits}, folder / "reference.safetensors")


def check(folder: Path, dtype: str) -> None:
    model, report = Qwen3MoeForCausalLM.from_pretrained(
        folder, output_loading_info=True, attn_implementation="eager", dtype=dtype
    )
    ids = torch.arange(24).reshape(2, 12) % model.config.vocab_size
    with torch.no_grad():
        out = model(ids, labels=ids)
    print(json.dumps({
        "transformers": transformers.__version__,
        "dtype": str(model.dtype),
        **{key: sorted(str(item) for item in value) for key, value in report.items() if isinstance(value, (list, set))},
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "loss": out.loss.item(),
        "logits": out.logits[:, -1, :4].tolist(),
    }))


def dump(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        for dtype in ("float32", "auto"):
            check(Path(sys.argv[2]), dtype)
    else:
        for seed, (name, shape) in enumerate(MODELS.items()):
            make(name, dict(shape), seed)
        make_sharded()
        dump(HERE / "made-with.json", {
            "python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__,
        })
