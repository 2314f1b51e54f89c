"""The peer of `npm run bench -- large-agree`: a shard's loss, and its gradients by the experts, in transformers.

Speaks JSON, one request and one answer a line, over stdin and stdout. Needs transformers 5 and safetensors beside PyTorch.
"""

import os
import time
import warnings
from functools import partial

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from serve import serve
from torch.utils.checkpoint import checkpoint

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

# Tokens whose logits exist at a time.
ROWS = 256


def exact_rotation(rotary, x, position_ids):
    """Cosines and sines of the rotary embedding, whose angles transformers computes in float32 whatever the model's precision."""
    width, theta = rotary.config.head_dim, rotary.config.rope_parameters["rope_theta"]
    frequencies = theta ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = (position_ids[..., None] * frequencies).repeat(1, 1, 2)
    return angles.cos(), angles.sin()


def hello(state, request):
    torch.set_num_threads(request["threads"])
    return {"version": transformers.__version__, "torch": torch.__version__}


def slopes(state, request):
    precision = getattr(torch, request["precision"])
    model = transformers.AutoModelForCausalLM.from_pretrained(
        request["folder"],
        dtype=precision,
        attn_implementation="sdpa",
        experts_implementation="eager",
        use_safetensors=True,
    )
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(".experts." in name)
    if precision == torch.float64:
        model.model.rotary_emb.forward = partial(exact_rotation, model.model.rotary_emb)
    model.config.use_cache = False
    model.train()
    model.gradient_checkpointing_enable({"use_reentrant": False})
    ids, targets = torch.tensor([request["ids"]]), torch.tensor(request["targets"])

    def part(hidden, wanted):
        return F.cross_entropy(model.lm_head(hidden), wanted, reduction="sum")

    closest = []
    for block in model.model.layers:
        block.mlp.gate.register_forward_hook(lambda gate, _, outputs: closest.append(closest_choice(gate, outputs[0])))
    begin = time.perf_counter()
    hidden = model.model(input_ids=ids).last_hidden_state[0]
    sums = [
        checkpoint(part, rows, wanted, use_reentrant=False)
        for rows, wanted in zip(hidden.split(ROWS), targets.split(ROWS))
    ]
    loss = sum(sums) / len(targets)
    loss.backward()
    seconds = time.perf_counter() - begin
    save_file(dict(gradients(model)), request["out"])
    return {"loss": loss.item(), "seconds": seconds, "peak": peak(), "closest": min(closest)}


def closest_choice(gate, logits):
    """By how much the last chosen expert's probability exceeds that of the first that is not, of it; 1 where all are chosen."""
    if gate.top_k == gate.num_experts:
        return 1
    ranked = logits.detach().double().softmax(-1).sort(-1, descending=True).values
    last, next_ = ranked[:, gate.top_k - 1], ranked[:, gate.top_k]
    return ((last - next_) / last).min().item()


def gradients(model):
    """The gradient of each expert's tensors, by their names in a file of Qwen3-MoE."""
    for layer, block in enumerate(model.model.layers):
        experts = block.mlp.experts
        for expert, (both, down) in enumerate(zip(experts.gate_up_proj.grad, experts.down_proj.grad)):
            gate, up = both.chunk(2)
            for projection, gradient in (("gate", gate), ("up", up), ("down", down)):
                name = f"model.layers.{layer}.mlp.experts.{expert}.{projection}_proj.weight"
                yield name, gradient.to(torch.float32, copy=True)


def peak():
    if not os.path.exists("/proc/self/status"):
        return 0
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))


serve({"hello": hello, "slopes": slopes})
