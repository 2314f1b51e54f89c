"""Writes tests/vectors/sprint-float.json from docs/protocol.md alone: python3 tests/interop/sprint_float.py > tests/vectors/sprint-float.json

Only Python's standard library.
"""

import hashlib
import json
import struct
import sys
from fractions import Fraction
from math import isfinite, sqrt

SEED1, SEED2, HOTKEY = "1" * 64, "2" * 64, bytes([7]) * 32
MASK = 2**32 - 1


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u64le(value):
    return value.to_bytes(8, "little")


NETWORK = sha(b"blockzero/sprint-network/1", bytes.fromhex(SEED1))
NODE = sha(b"blockzero/sprint-node/1", HOTKEY, bytes.fromhex(SEED2))


def rotate(value, bits):
    return (value << bits | value >> (32 - bits)) & MASK


def xoshiro(key):
    """xoshiro128** 1.1."""
    s = list(struct.unpack("<4I", key[:16]))
    while True:
        yield rotate(s[1] * 5 & MASK, 7) * 9 & MASK
        t = s[1] << 9 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 11)


def below(words, bound):
    limit = 2**32 - 2**32 % bound
    while True:
        word = next(words)
        if word < limit:
            return word % bound


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def normals(key, deviation, count):
    words = xoshiro(key)
    drawn = []
    for _ in range(count):
        total = 0
        for _ in range(6):
            word = next(words)
            total += (word & 0xFFFF) + (word >> 16)
        drawn.append(float32(deviation * (total / 2**16 - 6)))
    return drawn


def weights(matrix, start, count, width):
    key = sha(b"blockzero/sprint-normals/1", NETWORK, u64le(2**32 * matrix + start // 65_536))
    return normals(key, 0.02 * sqrt(512 / width), count)


def target(width, which):
    key = sha(bytes.fromhex(SEED2), bytes([which]))
    drawn, k = [], 0
    while len(drawn) < width:
        drawn += [byte - 127 for byte in sha(b"blockzero/sprint-target/1", key, u64le(k)) if byte != 255]
        k += 1
    drawn = drawn[:width]
    return [width * one - sum(drawn) for one in drawn]


def permutation(nonce, width):
    words = xoshiro(sha(b"blockzero/sprint-permutation/1", NODE, u64le(nonce)))
    order = list(range(width))
    for last in range(width - 1, 0, -1):
        other = below(words, last + 1)
        order[last], order[other] = order[other], order[last]
    return order


def near(output, order, goal, threshold):
    """By fractions alone."""
    if not all(isfinite(one) for one in output):
        return False
    values = [Fraction(one) for one in output]
    mean = sum(values) / len(values)
    permuted = [values[place] - mean for place in order]
    dot = sum(one * other for one, other in zip(permuted, goal))
    squares = sum(one * one for one in permuted) * sum(one * one for one in goal)
    if squares == 0 or dot < 0:
        return False
    return dot * dot >= Fraction(threshold, 10**7) ** 2 * squares


def digest(output, order, goals):
    cosines = []
    mean = sum(output) / len(output)
    for goal in goals:
        permuted = [output[place] - mean for place in order]
        dot = sum(one * other for one, other in zip(permuted, goal))
        squares = sum(one * one for one in permuted) * sum(one * one for one in goal)
        cosines.append(round(dot / sqrt(squares) * 2**30))
    return struct.pack("<2i", *cosines).hex()


WIDTH = 64
VECTOR_DOMAIN = b"blockzero/sprint-vectors/1"
GOALS = [target(WIDTH, which) for which in (0, 1)]


def case(nonce):
    """An input vector stands for an output."""
    output = normals(sha(VECTOR_DOMAIN, NODE, u64le(nonce)), 1, WIDTH)
    order = permutation(nonce, WIDTH)
    thresholds = [0, 1_000_000, 2_063_000, 3_756_456]
    return {
        "nonce": nonce,
        "output": output,
        "order": order,
        "near": [[threshold, near(output, order, GOALS[0], threshold)] for threshold in thresholds],
        "digest": digest(output, order, GOALS),
    }


def tokens(nonce):
    words = xoshiro(sha(VECTOR_DOMAIN, NODE, u64le(nonce)))
    return [below(words, 8192) for _ in range(4)]


json.dump(
    {
        "network": NETWORK.hex(),
        "node": NODE.hex(),
        "seed2": SEED2,
        "weights": [
            {"matrix": matrix, "from": start, "width": width, "values": weights(matrix, start, 12, width)}
            for matrix, start, width in ((0, 0, 512), (3, 65_536, 64), (447, 0, 512))
        ],
        "targets": GOALS,
        "tokens": [{"nonce": nonce, "tokens": tokens(nonce)} for nonce in (0, 2**48 - 1)],
        "nonces": [case(nonce) for nonce in (0, 1, 8, 2**40 + 5)],
    },
    sys.stdout,
    indent=1,
)
sys.stdout.write("\n")
