"""Reference vectors of the families of models, made with Hugging Face transformers' own implementations.

    python3 -m venv venv
    venv/bin/pip install torch transformers safetensors numpy
    venv/bin/python tests/interop/families.py

It writes one folder a model under tests/vectors/families/FAMILY:

    config.json, model.safetensors   as `save_pretrained` writes them, in bfloat16: the tensors of an expert each, or, where the model's
                                     name ends in "fused", the experts of a layer together, as transformers 5 holds them
    reference.safetensors            ids [batch, time + 1] int64; logits [batch, time, vocabulary] of ids[:, :-1];
                                     loss, their mean cross-entropy with ids[:, 1:];
                                     grad.<name>, gradients of that loss by some parameters, under the names of `parameterShapes`

and made-with.json, the versions. All arithmetic is float32 on a CPU; the weights come from seeds and are rounded to bfloat16 first.

With `--check DIR...` it instead loads checkpoints that BlockZero wrote and prints what transformers makes of each: what it misses or does
not know, the loss and a few logits (`tests/interop/families-export.ts` writes them and compares).
"""

import itertools
import json
import platform
import re
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

HERE = Path(__file__).resolve().parent.parent / "vectors" / "families"

COMMON = dict(
    vocab_size=64, hidden_size=16, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5,
    num_hidden_layers=2, initializer_range=0.02, bos_token_id=None, eos_token_id=None, pad_token_id=None,
)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16)

# Of each family two, which together have every switch of its config at both of its values.
MODELS = {
    "qwen3_moe": {
        "yarn-dense-bias": dict(
            num_hidden_layers=3, head_dim=8, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=12, intermediate_size=20,
            norm_topk_prob=True, tie_word_embeddings=True, mlp_only_layers=[1], attention_bias=True, rope_parameters=YARN,
        ),
        "linear-step-fused": dict(
            head_dim=6, num_experts=5, num_experts_per_tok=3, moe_intermediate_size=8, intermediate_size=24, norm_topk_prob=False,
            tie_word_embeddings=False, decoder_sparse_step=2, rope_parameters=dict(rope_type="linear", rope_theta=5000.0, factor=2.5),
        ),
    },
    "llama": {
        "llama3-tied": dict(
            intermediate_size=24, tie_word_embeddings=True,
            rope_parameters=dict(
                rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                original_max_position_embeddings=32,
            ),
        ),
        # Longer than what the model is made for: only then dynamic scaling shows.
        "dynamic-bias": dict(
            time=24, max_position_embeddings=16, head_dim=8, intermediate_size=20, attention_bias=True, tie_word_embeddings=False,
            rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0, factor=3.0),
        ),
    },
    "qwen3": {
        "plain-tied": dict(
            head_dim=8, intermediate_size=24, tie_word_embeddings=True,
            rope_parameters=dict(rope_type="default", rope_theta=1000000.0),
        ),
        "yarn-bias": dict(
            head_dim=8, intermediate_size=20, attention_bias=True, tie_word_embeddings=False,
            rope_parameters=dict(**YARN, attention_factor=1.3, beta_fast=8.0, beta_slow=2.0),
        ),
    },
    "granitemoe": {
        "factors-tied": dict(
            num_local_experts=4, num_experts_per_tok=2, intermediate_size=12, tie_word_embeddings=True, embedding_multiplier=3.0,
            residual_multiplier=0.4, attention_multiplier=0.3, logits_scaling=1.7,
        ),
        "bias-fused": dict(
            num_local_experts=5, num_experts_per_tok=3, intermediate_size=8, attention_bias=True, tie_word_embeddings=False,
            residual_multiplier=0.5,
        ),
    },
    "olmoe": {
        "plain": dict(
            num_experts=4, num_experts_per_tok=2, intermediate_size=12, norm_topk_prob=False, tie_word_embeddings=False,
        ),
        "bias-normalised-fused": dict(
            num_experts=5, num_experts_per_tok=3, intermediate_size=8, norm_topk_prob=True, attention_bias=True,
            tie_word_embeddings=True, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.0),
        ),
    },
    "mixtral": {
        "plain": dict(num_local_experts=4, num_experts_per_tok=2, intermediate_size=12, tie_word_embeddings=False),
        "yarn-tied-fused": dict(
            num_local_experts=3, num_experts_per_tok=2, intermediate_size=20, head_dim=8, tie_word_embeddings=True,
            rope_parameters=dict(**YARN, truncate=False),
        ),
    },
    "qwen2_moe": {
        "bias-dense": dict(
            num_hidden_layers=3, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=12, intermediate_size=20,
            shared_expert_intermediate_size=16, norm_topk_prob=False, tie_word_embeddings=False, mlp_only_layers=[0],
        ),
        "normalised-fused": dict(
            num_experts=5, num_experts_per_tok=3, moe_intermediate_size=8, shared_expert_intermediate_size=8, qkv_bias=False,
            norm_topk_prob=True, tie_word_embeddings=True,
        ),
    },
    "deepseek_v2": {
        # The norms of the latents keep the default epsilon, 1e-6.
        "yarn-dense": dict(
            rms_norm_eps=0.05, num_hidden_layers=3, num_key_value_heads=4, n_routed_experts=4, num_experts_per_tok=2, moe_intermediate_size=8,
            intermediate_size=20, n_shared_experts=2, first_k_dense_replace=1, q_lora_rank=None, kv_lora_rank=12,
            qk_nope_head_dim=6, qk_rope_head_dim=4, v_head_dim=5, routed_scaling_factor=1.0, tie_word_embeddings=False,
            topk_method="greedy", rope_parameters=dict(**YARN, mscale=0.7, mscale_all_dim=0.9),
        ),
        "grouped-lora-fused": dict(
            rms_norm_eps=0.02, num_key_value_heads=4, n_routed_experts=6, num_experts_per_tok=2, moe_intermediate_size=8, n_shared_experts=1,
            first_k_dense_replace=0, q_lora_rank=10, kv_lora_rank=8, qk_nope_head_dim=4, qk_rope_head_dim=8, v_head_dim=6,
            routed_scaling_factor=2.5, attention_bias=True, tie_word_embeddings=True, topk_method="group_limited_greedy",
            n_group=3, topk_group=2,
        ),
    },
}


def make(family: str, name: str, shape: dict, seed: int) -> bool:
    """Writes one model, unless a router nearly ties: then another seed must do."""
    shape = {**COMMON, **shape}
    batch, time = 2, shape.pop("time", 9)
    torch.manual_seed(seed)
    config = AutoConfig.for_model(family, **shape)
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    with torch.no_grad():  # far from the initial distribution, so that routing and attention are decisive
        for key, parameter in model.named_parameters():
            one = key.endswith("norm.weight")
            parameter.normal_(1.0 if one else 0.0, 0.2 if one else 0.35)
            parameter.copy_(parameter.to(torch.bfloat16).float())

    gaps = []
    for module in model.modules():
        if type(module).__name__.endswith("TopKRouter"):
            module.register_forward_hook(lambda _module, _inputs, out: gaps.append(gap(out[0], config.num_experts_per_tok)))
    ids = torch.randint(config.vocab_size, (batch, time + 1))
    logits = model(ids[:, :-1]).logits
    if any(found < 1e-3 for found in gaps):
        return False
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()

    folder = HERE / family / name
    folder.mkdir(parents=True, exist_ok=True)
    reference = {"ids": ids, "logits": logits, "loss": loss}
    last = f"layers.{config.num_hidden_layers - 1}."
    for key, parameter in model.named_parameters():
        grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        if last in key or "layers." not in key:
            reference |= {f"grad.{own}": value for own, value in canonical(key, grad)}
    save_file({key: value.detach().contiguous().clone() for key, value in reference.items()}, folder / "reference.safetensors")
    model.to(torch.bfloat16).save_pretrained(folder, save_original_format=not name.endswith("fused"))
    (folder / "generation_config.json").unlink(missing_ok=True)
    return True


def gap(logits: torch.Tensor, k: int) -> float:
    ranked = logits.softmax(-1).sort(descending=True).values
    return (ranked[:, k - 1] - ranked[:, k]).min().item()


def canonical(key: str, value: torch.Tensor):
    """A parameter of transformers 5 under BlockZero's names: each expert by itself. Of the experts only two."""
    key = key.replace("block_sparse_moe.router.", "mlp.gate.").replace("block_sparse_moe.", "mlp.")
    key = key.replace(".shared_experts.", ".shared_expert.")
    fused = re.fullmatch(r"(.*\.experts)\.(gate_up|down)_proj", key)
    if fused is None:
        yield key, value
        return
    for expert in range(2):
        parts = {"gate": value[expert].chunk(2)[0], "up": value[expert].chunk(2)[1]} if fused[2] == "gate_up" else {"down": value[expert]}
        for projection, part in parts.items():
            yield f"{fused[1]}.{expert}.{projection}_proj.weight", part


def check(folder: Path) -> dict:
    model, report = AutoModelForCausalLM.from_pretrained(
        folder, output_loading_info=True, attn_implementation="eager", dtype=torch.float32
    )
    ids = torch.arange(24).reshape(2, 12) % model.config.vocab_size
    with torch.no_grad():
        out = model(ids, labels=ids)
    return {
        "folder": str(folder),
        "transformers": transformers.__version__,
        "class": type(model).__name__,
        **{key: sorted(str(item) for item in value) for key, value in report.items() if isinstance(value, (list, set))},
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "loss": out.loss.item(),
        "logits": out.logits[:, -1, :].tolist(),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        for folder in sys.argv[2:]:
            print(json.dumps(check(Path(folder))))
    else:
        for number, (family, name, shape) in enumerate(
            (family, name, shape) for family, models in MODELS.items() for name, shape in models.items()
        ):
            next(seed for seed in itertools.count(number, 100) if make(family, name, dict(shape), seed))
        made = {"python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__}
        (HERE / "made-with.json").write_text(json.dumps(made, indent=2) + "\n")
