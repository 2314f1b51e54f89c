"""The peer of `npm run bench -- sprint`: the exact network of a Sprint in PyTorch, as one would write it for speed there.

Speaks JSON, one request and one answer a line, over stdin and stdout. Forms: `float32`, products and whole numbers in floats;
`int8`, oneDNN's product of bytes with a float result, exact because weights of at most 7 leave its 16-bit sums room. Each also compiled,
with the weights as constants: the compiler refuses packed ones that are not, and may then fuse what follows a product.
"""

import hashlib
import time
import warnings

import torch
import torch._inductor.config
from serve import serve

warnings.filterwarnings("ignore")
torch.set_grad_enabled(False)
torch._inductor.config.freezing = True

# Nonces of a run, of which the fastest is taken, and inner values of a piece: what is between stays in a cache.
BATCHES = (64, 256, 1024)
TILE = 2048


def shift(terms):
    return (terms.bit_length() - 1) // 2 + 1


def wrap_floor(v, bound):
    """In place."""
    v.floor_()
    return v.sub_(v.add(bound).mul_(0.5 / bound).floor_(), alpha=2 * bound)


def pure_wrap_floor(v, bound):
    """For the compiler, which fuses it."""
    v = torch.floor(v)
    return v - torch.floor((v + bound) * (0.5 / bound)) * (2 * bound)


class Floats:
    def __init__(self, dials, tensors):
        self.bound = dials["bound"]
        into, out = 2.0 ** -shift(dials["width"]), 2.0 ** -shift(dials["inner"])
        self.layers = []
        for first, second, third in tensors:
            pieces = range(0, dials["inner"], TILE)
            # The shift is in the weights: a power of two rounds nothing.
            self.layers.append(
                [
                    (
                        first[i : i + TILE].float().mul_(into).t().contiguous(),
                        second[i : i + TILE].float().mul_(into).t().contiguous(),
                        third[i : i + TILE].float().mul_(out).contiguous(),
                    )
                    for i in pieces
                ]
            )

    def eager(self, x):
        for layer in self.layers:
            total = x
            for first, second, third in layer:
                m = wrap_floor(x @ first, self.bound).mul_(wrap_floor(x @ second, self.bound)).mul_(1 / 16)
                total = torch.addmm(total, wrap_floor(m, self.bound), third)
            x = wrap_floor(total, self.bound)
        return x

    def pure(self, x):
        for layer in self.layers:
            total = x
            for first, second, third in layer:
                a, b = pure_wrap_floor(x @ first, self.bound), pure_wrap_floor(x @ second, self.bound)
                total = torch.addmm(total, pure_wrap_floor(a * b * (1 / 16), self.bound), third)
            x = pure_wrap_floor(total, self.bound)
        return x


class Bytes(torch.nn.Module):
    """oneDNN's linear layer: unsigned bytes with a zero point of `bound`, signed weights, a float result."""

    def __init__(self, dials, tensors):
        super().__init__()
        self.bound = dials["bound"]
        self.into, self.out = 2.0 ** -shift(dials["width"]), 2.0 ** -shift(dials["inner"])
        self.count = 0
        self.layers = [
            [
                tuple(self.pack(weights) for weights in (first[i : i + TILE], second[i : i + TILE], third[i : i + TILE].t()))
                for i in range(0, dials["inner"], TILE)
            ]
            for first, second, third in tensors
        ]

    def pack(self, weights):
        """Buffers of a module are constants to the compiler. Gives the names."""
        weights = weights.contiguous()
        rows = weights.shape[0]
        parts = torch.ops.onednn.qlinear_prepack(weights, None), torch.ones(rows), torch.zeros(rows, dtype=torch.int64)
        names = [f"weights{self.count}_{part}" for part in range(len(parts))]
        for name, part in zip(names, parts):
            self.register_buffer(name, part)
        self.count += 1
        return names

    def product(self, x, weights, scale):
        packed, ones, zeros = (getattr(self, name) for name in weights)
        return torch.ops.onednn.qlinear_pointwise(
            x, scale, self.bound, packed, ones, zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )

    def bytes(self, v):
        return (v + self.bound).to(torch.uint8)

    def run(self, x, wrap):
        for layer in self.layers:
            total, values = x, self.bytes(x)
            for first, second, third in layer:
                a, b = (wrap(self.product(values, gate, self.into), self.bound) for gate in (first, second))
                m = wrap(a * b * (1 / 16), self.bound)
                total = total + self.product(self.bytes(m), third, self.out)
            x = wrap(total, self.bound)
        return x

    def eager(self, x):
        return self.run(x, wrap_floor)

    def forward(self, x):
        return self.run(x, pure_wrap_floor)


def hello(state, request):
    torch.set_num_threads(request["threads"])
    return {"version": torch.__version__, "capability": torch.backends.cpu.get_cpu_capability()}


def prepare(state, request):
    """Also finds the fastest batch, and digests the outputs of the inputs that the file has."""
    dials, form = request["dials"], request["form"]
    width, inner = dials["width"], dials["inner"]
    with open(request["weights"], "rb") as file:
        drawn = torch.frombuffer(bytearray(file.read()), dtype=torch.int8).view(dials["layers"], 3, inner, width)
    with open(request["inputs"], "rb") as file:
        x = torch.frombuffer(bytearray(file.read()), dtype=torch.int8).view(-1, width).float()
    compiled = form.endswith("compiled")
    if form.startswith("int8"):
        network = Bytes(dials, drawn).eval()
        pure = network
    else:
        network = Floats(dials, drawn)
        pure = network.pure
    if compiled:
        torch.compiler.reset()
    step = torch.compile(pure, dynamic=False) if compiled else network.eager
    fastest = None
    for batch in BATCHES:
        part = x[torch.arange(batch) % len(x)].contiguous()
        step(part.clone())
        begin, runs = time.perf_counter(), 0
        while runs < 3 or time.perf_counter() - begin < 0.3:
            step(part)
            runs += 1
        rate = batch * runs / (time.perf_counter() - begin)
        if fastest is None or rate > fastest:
            fastest, state["run"] = rate, (step, part)
    step, part = state["run"]
    made = torch.cat([step(x[i : i + len(part)]) for i in range(0, len(x), len(part))]) if len(x) > len(part) else step(x)
    digest = hashlib.sha256(made.to(torch.int32).contiguous().numpy().tobytes()).hexdigest()
    return {"batch": len(part), "sha256": digest}


def run(state, request):
    """Nonces a second, and a second of processor time, over so many seconds."""
    step, part = state["run"]
    begin, used, nonces = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begin < request["seconds"]:
        step(part)
        nonces += len(part)
    return {"rate": nonces / (time.perf_counter() - begin), "processor": nonces / (time.process_time() - used)}


COMMANDS = {"hello": hello, "prepare": prepare, "run": run}


serve(COMMANDS)
