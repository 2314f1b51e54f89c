"""The peer of `npm run bench -- step`: Qwen3-MoE training in PyTorch, as one would write it for speed there.

Speaks JSON, one request and one answer a line, over stdin and stdout. Runs on PyTorch 1.13 and later: what a
newer version offers (scaled_dot_product_attention, rms_norm, fused AdamW, torch.compile) is used where it is.
"""

import math
import os
import time
import warnings

import torch
import torch.nn.functional as F
from serve import serve
from torch.utils.checkpoint import checkpoint

warnings.filterwarnings("ignore")

HAS_SDPA = hasattr(F, "scaled_dot_product_attention")
HAS_RMS_NORM = hasattr(F, "rms_norm")
HAS_COMPILE = hasattr(torch, "compile")
HAS_GROUPED_MM = hasattr(F, "grouped_mm")

# Measured with 2.15 on two cores: compiled, one grouped product beats a product for each of 8 experts by 11 %, and
# loses to one for each of 2 by half; eager it always loses.
GROUPED_FROM = 4


class RMSNorm(torch.nn.Module):
    def __init__(self, weight, eps):
        super().__init__()
        self.weight, self.eps = weight, eps

    def forward(self, x):
        if HAS_RMS_NORM:
            return F.rms_norm(x, self.weight.shape, self.weight, self.eps)
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class Attention(torch.nn.Module):
    def __init__(self, config, weights, prefix):
        super().__init__()
        self.heads, self.kv, self.h = config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]
        self.q, self.k, self.v, self.o = (weights[f"{prefix}.{name}_proj.weight"] for name in "qkvo")
        eps = config["rms_norm_eps"]
        self.q_norm = RMSNorm(weights[f"{prefix}.q_norm.weight"], eps)
        self.k_norm = RMSNorm(weights[f"{prefix}.k_norm.weight"], eps)

    def forward(self, x, cos, sin, mask):
        b, t, _ = x.shape
        q = rotate(self.q_norm(F.linear(x, self.q).view(b, t, self.heads, self.h)).transpose(1, 2), cos, sin)
        k = rotate(self.k_norm(F.linear(x, self.k).view(b, t, self.kv, self.h)).transpose(1, 2), cos, sin)
        v = F.linear(x, self.v).view(b, t, self.kv, self.h).transpose(1, 2)
        k, v = (y.repeat_interleave(self.heads // self.kv, 1) for y in (k, v))
        if HAS_SDPA:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            y = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(self.h) + mask, -1) @ v
        return F.linear(y.transpose(1, 2).reshape(b, t, -1), self.o)


def rotate(x, cos, sin):
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat((-right, left), -1) * sin


class Experts(torch.nn.Module):
    """Tokens sorted by expert once; then each expert in turn, or all in one grouped product."""

    def __init__(self, config, weights, layer, held, grouped):
        super().__init__()
        name = lambda expert, projection: f"model.layers.{layer}.mlp.experts.{expert}.{projection}_proj.weight"
        self.router = weights[f"model.layers.{layer}.mlp.gate.weight"]
        self.k, self.renormalise = min(config["num_experts_per_tok"], len(held)), config["norm_topk_prob"]
        self.grouped, self.count = grouped, len(held)
        train = weights[name(held[0], "up")].requires_grad
        stack = lambda rows: torch.nn.Parameter(torch.stack(rows), requires_grad=train)
        one = lambda row: torch.nn.Parameter(row, requires_grad=train)
        gate_up = [torch.cat((weights[name(e, "gate")].data, weights[name(e, "up")].data)) for e in held]
        down = [weights[name(e, "down")].data for e in held]
        if grouped:
            self.gate_up, self.down = stack(gate_up), stack(down)
        else:
            self.gate_up = torch.nn.ParameterList([one(w) for w in gate_up])
            self.down = torch.nn.ParameterList([one(w) for w in down])

    def forward(self, x):
        probabilities = torch.softmax(F.linear(x, self.router), -1)
        values, chosen = probabilities.topk(self.k, -1)
        if self.renormalise:
            values = values / values.sum(-1, keepdim=True)
        order = chosen.view(-1).argsort(stable=True)
        token = order // self.k
        counts = torch.bincount(chosen.view(-1), minlength=self.count)
        rows = x[token]
        y = self.all_at_once(rows, counts) if self.grouped else self.one_by_one(rows, counts)
        return torch.zeros_like(x).index_add(0, token, y * values.view(-1)[order, None])

    def one_by_one(self, rows, counts):
        out = []
        for part, gate_up, down in zip(rows.split(counts.tolist()), self.gate_up, self.down):
            gate, up = F.linear(part, gate_up).chunk(2, -1)
            out.append(F.linear(F.silu(gate) * up, down))
        return torch.cat(out)

    def all_at_once(self, rows, counts):
        ends = counts.cumsum(0).to(torch.int32)
        gate, up = F.grouped_mm(rows, self.gate_up.transpose(1, 2), offs=ends).chunk(2, -1)
        return F.grouped_mm(F.silu(gate) * up, self.down.transpose(1, 2), offs=ends)


class Model(torch.nn.Module):
    def __init__(self, config, weights, held, sequence, grouped, checkpointed):
        super().__init__()
        self.checkpointed = checkpointed
        self.embedding = weights["model.embed_tokens.weight"]
        eps = config["rms_norm_eps"]
        norm = lambda name: RMSNorm(weights[f"model.{name}.weight"], eps)
        layers = range(config["num_hidden_layers"])
        self.norms = torch.nn.ModuleList([norm(f"layers.{i}.input_layernorm") for i in layers])
        self.attention = torch.nn.ModuleList([Attention(config, weights, f"model.layers.{i}.self_attn") for i in layers])
        self.post_norms = torch.nn.ModuleList([norm(f"layers.{i}.post_attention_layernorm") for i in layers])
        self.experts = torch.nn.ModuleList([Experts(config, weights, i, held[i], grouped) for i in layers])
        self.norm = norm("norm")
        self.head = self.embedding if config["tie_word_embeddings"] else weights["lm_head.weight"]
        h = config["head_dim"]
        frequency = config["rope_theta"] ** (-torch.arange(0, h, 2) / h)
        angles = torch.outer(torch.arange(sequence), frequency).repeat(1, 2)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        # Only without scaled_dot_product_attention, which needs none: it would be memory that the peer is charged with.
        self.register_buffer("mask", None if HAS_SDPA else torch.full((sequence, sequence), -1e9).triu(1))

    def forward(self, ids, targets):
        x = F.embedding(ids, self.embedding)
        b, t, d = x.shape
        for layer in zip(self.norms, self.attention, self.post_norms, self.experts):
            if self.checkpointed and self.training:
                x = checkpoint(self.layer, x, *layer, use_reentrant=False)
            else:
                x = self.layer(x, *layer)
        return F.cross_entropy(F.linear(self.norm(x).view(b * t, d), self.head), targets.view(-1))

    def layer(self, x, norm, attention, post_norm, experts):
        b, t, d = x.shape
        x = x + attention(norm(x), self.cos, self.sin, self.mask)
        return x + experts(post_norm(x).view(b * t, d)).view(b, t, d)


def read(path, dtype, size):
    return torch.from_file(path, size=os.path.getsize(path) // size, dtype=dtype)


def read_weights(path, tensors, trainable, device):
    flat = read(path, torch.float32, 4)
    train, weights, begin = set(trainable), {}, 0
    for name, shape in tensors:
        end = begin + math.prod(shape)
        data = flat[begin:end].view(shape).clone().to(device)
        weights[name] = torch.nn.Parameter(data, requires_grad=name in train)
        begin = end
    return weights


def multiplies_grouped(device):
    """Whether this version multiplies float32 matrices in groups there."""
    if not HAS_GROUPED_MM:
        return False
    try:
        ends = torch.tensor([1, 2], dtype=torch.int32, device=device)
        F.grouped_mm(torch.ones(2, 16, device=device), torch.ones(2, 16, 16, device=device), offs=ends)
        return True
    except RuntimeError:
        return False


def create_step(state, request, weights):
    """One step of the case: a function from ids and targets to the loss."""
    compiled = request["compiled"]
    many = len(request["held"][0]) >= GROUPED_FROM
    grouped = compiled and many and multiplies_grouped(state["device"])
    options = (request["held"], request["sequence"], grouped, request["checkpointed"])
    model = Model(request["config"], weights, *options).to(state["device"])
    loss_of = torch.compile(model) if compiled else model
    if not request["trainable"]:
        def evaluate(ids, targets):
            with torch.no_grad():
                return loss_of(ids, targets).item()
        return evaluate

    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": request["weight_decay"]},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    options = {"lr": request["rate"], "betas": tuple(request["betas"]), "eps": request["eps"]}
    groups = [group for group in groups if group["params"]]
    try:
        optimiser = torch.optim.AdamW(groups, fused=True, **options)
    except (RuntimeError, TypeError):
        optimiser = torch.optim.AdamW(groups, foreach=True, **options)

    def train(ids, targets):
        loss = loss_of(ids, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, request["clip"])
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return loss.item()

    return train


def read_batches(path, batch, sequence, device):
    flat = read(path, torch.int64, 8).view(-1, 2, batch, sequence)
    return [(ids.clone().to(device), targets.clone().to(device)) for ids, targets in flat]


def run(state, count):
    seconds, losses = [], []
    for _ in range(count):
        ids, targets = state["batches"][state["taken"] % len(state["batches"])]
        state["taken"] += 1
        begin = time.perf_counter()
        losses.append(state["step"](ids, targets))
        seconds.append(time.perf_counter() - begin)
    return {"seconds": seconds, "losses": losses}


def finish(device):
    """Waits for what a card was told to do."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def matmul_seconds(size, count, device):
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    seconds = []
    for _ in range(count):
        begin = time.perf_counter()
        a @ b
        finish(device)
        seconds.append(time.perf_counter() - begin)
    return {"seconds": seconds}


def open_device(wanted):
    if wanted == "cpu":
        return torch.device("cpu"), "the processor"
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.cuda.get_device_name()
    if hasattr(torch.backends, "mps") and torch.backends.mps.is_available():
        return torch.device("mps"), "Apple's GPU"
    raise RuntimeError(f"PyTorch {torch.__version__} sees no GPU")


def resident(line):
    """Bytes of this process's memory, as Linux tells."""
    with open("/proc/self/status") as status:
        return next(1024 * int(entry.split()[1]) for entry in status if entry.startswith(f"{line}:"))


def hello(state, request):
    torch.set_num_threads(request["threads"])
    state["device"], name = open_device(request["device"])
    if os.path.exists("/proc/self/status"):
        state["library"] = resident("VmRSS")
    return {"version": torch.__version__, "compiles": HAS_COMPILE, "device": name}


def prepare(state, request):
    device = state["device"]
    weights = read_weights(request["weights"], request["tensors"], request["trainable"], device)
    state["batches"] = read_batches(request["batches"], request["batch"], request["sequence"], device)
    state["taken"] = 0
    if HAS_COMPILE:
        # Otherwise what the case before compiled counts towards the limit of recompilations.
        torch.compiler.reset() if hasattr(torch, "compiler") else torch._dynamo.reset()
    state["step"] = create_step(state, request, weights)
    return {}


COMMANDS = {
    "hello": hello,
    "prepare": prepare,
    "run": lambda state, request: run(state, request["count"]),
    "processor": lambda state, request: {"seconds": time.process_time()},
    "memory": lambda state, request: {"bytes": resident("VmHWM") - state["library"]},
    "multiply": lambda state, request: matmul_seconds(request["size"], request["count"], state["device"]),
}


serve(COMMANDS)
