"""Records tests/vectors/sprint-exact.json: the exact network of a Sprint in Python's integers, by docs/protocol.md alone.

    python tests/interop/sprint_exact.py

Nothing to install, no network. It takes half a minute.
"""

import hashlib
import json
import pathlib
import re
from operator import mul

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIALS = {
    "tiny": {"layers": 2, "width": 64, "inner": 256, "bound": 64},
    "test": {"layers": 8, "width": 256, "inner": 1024, "bound": 64},
    "real": {"layers": 64, "width": 512, "inner": 24576, "bound": 64},
}
BLOCK = 65536
MASK = 2**32 - 1


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u64le(n):
    return n.to_bytes(8, "little")


def rotate(x, k):
    return (x << k | x >> 32 - k) & MASK


def xoshiro(key):
    """xoshiro128** 1.1, keyed by the first 16 bytes."""
    s = [int.from_bytes(key[4 * i : 4 * i + 4], "little") for i in range(4)]
    while True:
        yield rotate(s[1] * 5 & MASK, 7) * 9 & MASK
        t = s[1] << 9 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 11)


def block(seed, tensor, index, size):
    """Weights of one block."""
    numbers = xoshiro(sha256(b"blockzero/sprint-weights/1", seed, u64le(2**32 * tensor + index)))
    weights = []
    while len(weights) < size:
        number = next(numbers)
        nibbles = [number >> 4 * i & 15 for i in range(8)]
        weights += [nibble - 7 for nibble in nibbles if nibble != 15]
    return weights[:size]


def tensor(seed, dials, number):
    size = dials["width"] * dials["inner"]
    return [w for at in range(0, size, BLOCK) for w in block(seed, number, at // BLOCK, min(BLOCK, size - at))]


def inputs(node, dials, nonce):
    blocks = dials["width"] // 32
    stream = b"".join(
        sha256(b"blockzero/sprint-inputs/1", node, u64le(nonce * blocks + i)) for i in range(blocks)
    )
    return [byte % (2 * dials["bound"]) - dials["bound"] for byte in stream]


def shift(terms):
    return (terms.bit_length() - 1) // 2 + 1


def forward(dials, layers, x):
    width, bound = dials["width"], dials["bound"]
    wrap = lambda v: (v + bound) % (2 * bound) - bound
    into, out = shift(width), shift(dials["inner"])
    for first, second, third in layers:
        a = [wrap(sum(map(mul, row, x)) >> into) for row in first]
        b = [wrap(sum(map(mul, row, x)) >> into) for row in second]
        m = [wrap(p * q >> 4) for p, q in zip(a, b)]
        x = [wrap(x[i] + (sum(map(mul, third[i], m)) >> out)) for i in range(width)]
    return x


def i32le(values):
    return b"".join((value & MASK).to_bytes(4, "little") for value in values)


def draw(node, nonce, output):
    return int.from_bytes(sha256(b"blockzero/sprint-win/1", node, u64le(nonce), i32le(output))[:8], "big")


def case(name, seed, node, nonces, difficulty):
    dials = DIALS[name]
    width = dials["width"]
    tensors = [tensor(seed, dials, number) for number in range(3 * dials["layers"])]
    rows = [[flat[i : i + width] for i in range(0, len(flat), width)] for flat in tensors]
    layers = [(rows[i], rows[i + 1], list(zip(*rows[i + 2]))) for i in range(0, len(rows), 3)]
    made = [(nonce, forward(dials, layers, inputs(node, dials, nonce))) for nonce in nonces]
    return {
        "dials": name,
        "weights": [
            {
                "tensor": number,
                "first": flat[:16],
                "sha256": sha256(bytes(weight & 255 for weight in flat)).hex(),
            }
            for number, flat in enumerate(tensors)
        ],
        "nonces": list(nonces),
        "inputs": [{"nonce": nonce, "first": inputs(node, dials, nonce)[:16]} for nonce in (nonces[0], nonces[-1])],
        "outputs": [{"nonce": nonce, "first": output[:16]} for nonce, output in (made[0], made[-1])],
        "outputs_sha256": sha256(*(i32le(output) for _, output in made)).hex(),
        "difficulty": difficulty,
        "wins": [nonce for nonce, output in made if draw(node, nonce, output) < 2**64 // difficulty],
    }


def of_real(seed):
    """Blocks of a network that no test can hold."""
    last = 3 * DIALS["real"]["layers"] - 1
    blocks = DIALS["real"]["width"] * DIALS["real"]["inner"] // BLOCK
    return [
        {"tensor": number, "block": index, "sha256": sha256(bytes(w & 255 for w in block(seed, number, index, BLOCK))).hex()}
        for number, index in ((0, 0), (0, 1), (last, blocks - 1))
    ]


seed1, seed2 = sha256(b"the first seed"), sha256(b"the second seed")
hotkey = sha256(b"a hotkey")
network = sha256(b"blockzero/sprint-network/1", seed1)
node = sha256(b"blockzero/sprint-node/1", hotkey, seed2)
vectors = {
    "seed1": seed1.hex(),
    "seed2": seed2.hex(),
    "hotkey": hotkey.hex(),
    "network": network.hex(),
    "node": node.hex(),
    "cases": [
        case("tiny", network, node, [*range(200), 2**32 - 1, 2**32, 2**48 - 1], 20),
        case("test", network, node, [0, 1, 2, 3, 2**48 - 1], 2),
    ],
    "real": of_real(network),
}
# Lists of numbers on one line.
text = re.sub(r"\[[-\d,\s]+\]", lambda found: re.sub(r"\s+", " ", found[0]), json.dumps(vectors, indent=2))
(ROOT / "tests/vectors/sprint-exact.json").write_text(text + "\n")
