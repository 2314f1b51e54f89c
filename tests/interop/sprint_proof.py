"""Writes tests/vectors/sprint-proof.json from docs/protocol.md alone: python3 tests/interop/sprint_proof.py > tests/vectors/sprint-proof.json

Only Python's standard library. sr25519 signatures are random, so the two below were made once, with the development key //Alice.
"""

import base64
import hashlib
import json
import sys
from fractions import Fraction
from math import exp, lgamma, log, log1p

SIGNATURES = {
    "winners": "26bb7a9c9da4e9cba43b938423ae717c2edf8d050f7dd8fa461e141cac6d1e165f192a5b6b3e7787f89940c3779fdd9ce47abe9cd2f6edb40b6d7e5e710cf08a",
    "nonces": "28810aa203cf12da00b8c5d6a153de0749e995876c0cbfe6d1b2c1574f92627778c98911229efc057d4ad4f95656e99be1d30b46c765d3f5eadd55c9e4f84e87",
}
ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
NETWORK = "7" * 64


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u64le(value):
    return value.to_bytes(8, "little")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def gaps(wins):
    data, last = bytearray(), 0
    for nonce in wins:
        gap, last = nonce - last, nonce
        while gap >= 128:
            data.append(gap % 128 + 128)
            gap //= 128
        data.append(gap)
    return bytes(data)


# The Merkle tree of RFC 9162, section 2.1, by its recursive definitions.


def left_of(count):
    left = 1
    while 2 * left < count:
        left *= 2
    return left


def root(leaves):
    if len(leaves) == 0:
        return sha()
    if len(leaves) == 1:
        return sha(b"\0", leaves[0])
    left = left_of(len(leaves))
    return sha(b"\1", root(leaves[:left]), root(leaves[left:]))


def path(m, leaves):
    if len(leaves) == 1:
        return []
    left = left_of(len(leaves))
    if m < left:
        return path(m, leaves[:left]) + [root(leaves[left:])]
    return path(m - left, leaves[left:]) + [root(leaves[:left])]


def subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [root(leaves)]
    left = left_of(len(leaves))
    if m <= left:
        return subproof(m, leaves[:left], whole) + [root(leaves[left:])]
    return subproof(m - left, leaves[left:], False) + [root(leaves[:left])]


def consistency(m, leaves):
    return [] if m == 0 else subproof(m, leaves, True)


NONCES = 3000
DIGESTS = b"".join(sha(str(nonce).encode())[:8] for nonce in range(NONCES))
LEAVES = [DIGESTS[at : at + 2048] for at in range(0, len(DIGESTS), 2048)]


def signed(kind, wins, fields):
    listed = {"wins": len(wins), "gaps": sha(gaps(wins)).hex()}
    body = {"version": 2, "kind": kind, "network": NETWORK, "cycle": 12, "hotkey": ALICE, **listed, **fields}
    data = canonical({**body, "signature": SIGNATURES[kind]}) + b"\n" + gaps(wins)
    return {"wins": wins, "signing": canonical(body).decode(), "bytes": data.hex(), "hash": sha(data).hex()}


WINS = [0, 1, 128, 300, 20_000, 2**35, 2**48 - 1]
winners = signed("winners", WINS, {"difficulty": 900, "nonces": 2**48 - 1})

ALL_WINS = [5, 90, 200, 255, 256, 700, 812, 999, 1500, 2999]
PREFIXES = [1024, 2048]
nonces = signed(
    "nonces",
    ALL_WINS,
    {
        "difficulty": 300,
        "nonces": NONCES,
        "root": root(LEAVES).hex(),
        "prefixes": [
            {
                "nonces": count,
                "root": root(LEAVES[: count // 256]).hex(),
                "consistency": [node.hex() for node in consistency(count // 256, LEAVES[:following])],
            }
            for count, following in ((PREFIXES[0], PREFIXES[1] // 256), (PREFIXES[1], len(LEAVES)))
        ],
    },
)


def file_of(proof):
    """The proof's bytes, then all digests."""
    data = bytes.fromhex(proof["bytes"]) + DIGESTS
    return {"bytes": len(data), "hash": sha(data).hex()}


PHASES = {"distribute": 4, "train": 20, "commit": 3, "reveal": 3, "evaluate": 8, "exchange": 4, "choose": 12, "merge": 6}


def prefix_windows(cycle, evaluate, is_with_beacon):
    """First and last block but one of the records of first nonces; a beacon decides a quarter into the phase, rounded up."""
    lengths = {**PHASES, "evaluate": evaluate}
    start = cycle * sum(lengths.values()) + sum(lengths[name] for name in ("distribute", "train", "commit", "reveal"))
    end = start + evaluate
    begin = start + min(-(-evaluate // 4), evaluate - 1) if is_with_beacon else start
    first, second = (begin + -(-(end - begin) * thirds // 3) for thirds in (1, 2))
    windows = [[start, first], [first, second]]
    return {"cycle": cycle, "evaluate": evaluate, "isWithBeacon": is_with_beacon, "windows": windows}


def opening(nonce):
    leaf = nonce // 256
    way = [node.hex() for node in path(leaf, LEAVES)]
    document = {"version": 1, "kind": "opening", "leaf": leaf, "digests": base64url(LEAVES[leaf]), "path": way}
    return {"nonce": nonce, "text": canonical(document).decode(), "digest": DIGESTS[8 * nonce : 8 * nonce + 8].hex()}


def sample(seed, verifier, proof, wins, size):
    key = sha(b"blockzero/sprint-sample/1", bytes.fromhex(seed), bytes.fromhex(proof), verifier.encode())
    chosen, k = set(), 0
    limit = 2**64 - 2**64 % max(wins, 1)
    if wins <= size:
        chosen = set(range(wins))
    while len(chosen) < min(size, wins):
        block = sha(b"blockzero/sprint-draw/1", key, u64le(k))
        k += 1
        for at in range(0, 32, 8):
            word = int.from_bytes(block[at : at + 8], "big")
            if word < limit and len(chosen) < size:
                chosen.add(word % wins)
    case = {"seed": seed, "verifier": verifier, "proofHash": proof, "wins": wins, "size": size}
    return {**case, "sampleSeed": key.hex(), "indices": sorted(chosen)}


def below(k, n, p):
    """P(X < k) of a binomial, exactly."""
    total, choose = Fraction(0), 1
    for i in range(k):
        total += choose * p**i * (1 - p) ** (n - i)
        choose = choose * (n - i) // (i + 1)
    return total


def fixed(honest, cheat, size, reject):
    alpha = 1 - below(reject, size, Fraction(honest))
    beta = below(reject, size, Fraction(cheat))
    return {
        "honest": float(Fraction(honest)),
        "cheat": float(Fraction(cheat)),
        "size": size,
        "reject": reject,
        "alpha": float(alpha),
        "beta": float(beta),
    }


def sprt(honest, cheat, cases):
    mismatch = round(1e6 * log(cheat / honest))
    match = round(1e6 * log((1 - cheat) / (1 - honest)))
    bad, good = round(1e6 * log(0.99 / 1e-4)), round(1e6 * log(0.01 / 0.9999))
    judged = []
    for trials, mismatches in cases:
        ratio = mismatches * mismatch + (trials - mismatches) * match
        verdict = "bad" if ratio >= bad else "good" if ratio <= good else "open"
        judged.append({"trials": trials, "mismatches": mismatches, "ratio": ratio, "verdict": verdict})
    steps = {"mismatch": mismatch, "match": match, "bad": bad, "good": good}
    return {"honest": honest, "cheat": cheat, "alpha": 1e-4, "beta": 0.01, "steps": steps, "cases": judged}


def cumulative(k, n, p):
    """P(X ≤ k) of a binomial, in floats."""
    if k >= n:
        return 1.0
    terms = (
        lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log1p(-p) for i in range(k + 1)
    )
    return sum(exp(term) for term in terms)


def least(holds, start):
    """The smallest integer from `start` on at which a condition holds that goes on to hold."""
    step = 1
    while not holds(start + step):
        step *= 2
    low, high = start, start + step
    if holds(low):
        return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def weight(wins, difficulty):
    if difficulty == 1:
        return {"wins": wins, "difficulty": 1, "weight": wins, "low": wins, "high": wins}
    p = 1 / difficulty
    low = 0 if wins == 0 else max(wins, least(lambda n: 1 - cumulative(wins - 1, n, p) > 0.025, wins) - 1)
    high = least(lambda n: cumulative(wins, n, p) <= 0.025, max(wins, 1))
    return {"wins": wins, "difficulty": difficulty, "weight": wins * difficulty, "low": low, "high": high}


def settled(measured, history, confirmations):
    recent = sorted([one for one in history if one > 0][-3:])
    bounds = [measured]
    if recent:
        bounds.append(recent[(len(recent) - 1) // 2] * 5 // 4)
    bounds += confirmations
    return {"measured": measured, "history": history, "confirmations": confirmations, "weight": min(bounds)}


def capped(weights, share=250_000):
    positive = sorted((one for one in weights if one > 0), reverse=True)
    hosts = len(positive)
    others = positive[1:]
    middle = min((one for one in others if 2 * sum(other for other in others if other <= one) >= sum(others)), default=0)
    counted = 1 + sum(10 * one >= middle for one in others)
    cap = max(Fraction(share, 10**6), Fraction(2, counted + 1))
    limit = None
    for k in range(hosts + 1):
        if k == hosts or k * cap >= 1:
            raise ValueError("no k")
        total = sum(positive[k:]) / (1 - k * cap)
        if positive[k] <= cap * total:
            limit = cap * total if k > 0 else None
            break
    after = [one if limit is None else min(one, int(limit)) for one in weights if one > 0]
    return {"weights": weights, "share": share, "capped": after}


MEMBERS = {"a": 40, "b": 30, "c": 20, "d": 10, "host": 1000}


def votes(cast, losers):
    """`cast`: (verifier, verdict, nonce or None), the host is `host`."""
    said = {}
    for verifier, verdict, nonce in cast:
        if verifier == "host" or verifier not in MEMBERS:
            continue
        vote = (verdict, nonce)
        said[verifier] = vote if said.get(verifier, vote) == vote else None
    counted = {verifier: vote for verifier, vote in said.items() if vote is not None}
    everyone = sum(one for name, one in MEMBERS.items() if name != "host")
    valid = sum(MEMBERS[name] for name, vote in counted.items() if vote[0] == "valid")
    invalid = sum(MEMBERS[name] for name, vote in counted.items() if vote[0] == "invalid")
    proven = sorted(nonce for verifier, _, nonce in cast if verifier in MEMBERS and nonce in losers)
    majority = "valid" if 2 * valid > everyone else "undecided"
    return {
        "votes": [{"verifier": verifier, "verdict": verdict, "nonce": nonce} for verifier, verdict, nonce in cast],
        "losers": losers,
        "valid": valid,
        "invalid": invalid,
        "members": everyone,
        "byVote": "invalid" if 3 * invalid > 2 * everyone else majority,
        "byRecomputation": "invalid" if proven else majority,
        "nonce": proven[0] if proven else None,
    }


document = {
    "gaps": [{"wins": wins, "bytes": gaps(wins).hex()} for wins in ([], [0], [127, 255], [128], WINS)],
    "refusedGaps": [
        {"bytes": data, "wins": wins}
        for data, wins in (
            ("80", 1),
            ("8000", 1),
            ("8080808080808001", 2),
            ("ffffffffffff7f", 1),
            ("0100", 2),
            ("0101", 1),
            ("0101", 3),
        )
    ],
    "gapsLimits": [[wins, min(7 * wins, 3 * wins + 1024)] for wins in (0, 1, 256, 257, 400, 2**20)],
    "winners": winners,
    "nonces": nonces,
    "file": file_of(nonces),
    "phases": PHASES,
    "prefixWindows": [
        prefix_windows(*one) for one in ((0, 9, False), (3, 30, False), (3, 30, True), (7, 16, True), (7, 13, True), (1, 4, False))
    ],
    "openings": [opening(nonce) for nonce in (0, 255, 256, 2816, 2999)],
    "samples": [
        sample("1" * 64, ALICE, "2" * 64, 459, 459),
        sample("1" * 64, ALICE, "2" * 64, 460, 459),
        sample("1" * 64, ALICE, "2" * 64, 13_424, 459),
        sample("a" * 64, ALICE, "2" * 64, 2**47, 12),
    ],
    "fixedTests": {
        "exact": fixed("1e-6", "0.01", 459, 1),
        "exactQuick": fixed("1e-6", "0.05", 90, 1),
        "floatSameClass": fixed("1e-4", "0.02", 418, 3),
        "floatMixed": fixed("1e-3", "0.05", 198, 4),
        "logProbability": fixed("5e-3", "0.05", 344, 9),
    },
    "sprts": {
        "floatSameClass": sprt(1e-4, 0.02, [(0, 0), (228, 0), (229, 0), (459, 1), (2, 2), (459, 3)]),
        "floatMixed": sprt(1e-3, 0.02, [(239, 0), (240, 0), (500, 4), (500, 6)]),
        "logProbability": sprt(5e-3, 0.05, [(99, 0), (100, 0), (344, 9), (344, 11)]),
    },
    "difficulties": [[count, min(max((2 * count + 400) // 800, 8), 900)] for count in (0, 3399, 3400, 24_000, 45_000, 10**9)],
    "weights": [weight(*one) for one in ((0, 60), (1, 2), (4, 900), (400, 60), (432, 7), (1234, 1))],
    "sprintWeights": [
        settled(900, [], []),
        settled(900, [400], []),
        settled(900, [5000, 100, 401, 200], []),
        settled(900, [700, 0, 0], [880, 870]),
        settled(900, [800], [870, 0]),
    ],
    "caps": [
        capped([700]),
        capped([1000, 100]),
        capped([5, 6, 7]),
        capped([1000, 1000, 100, 100, 100, 100, 100, 0]),
        capped([900, 50, 40, 30, 20, 10, 7, 3, 1], 200_000),
        capped([1000, 100, 99]),
        capped([1000, 100, 100, 100, 100, 100, 100, 99]),
        capped([1000, 99, 1, 1, 1, 1, 1, 1]),
        capped([1000, 700, 600, 500, 400, 300, 200], 200_000),
        capped([50, 30, 20, 1, 1, 1, 1]),
        capped([5000, 100, 120, 140, 160, 180, 200, 220, 9]),
    ],
    "votes": {
        "members": MEMBERS,
        "cases": [
            votes([("a", "valid", None), ("c", "valid", None), ("host", "valid", None), ("x", "valid", None)], []),
            votes([("a", "valid", None), ("d", "valid", None), ("b", "abstain", None)], []),
            votes([("a", "invalid", 7), ("b", "invalid", 7), ("c", "valid", None)], []),
            votes([("a", "valid", None), ("b", "valid", None), ("d", "invalid", 9), ("c", "invalid", 8)], [8, 9]),
            votes([("a", "valid", None), ("a", "invalid", 8), ("b", "valid", None)], [8]),
        ],
    },
}

json.dump(document, sys.stdout, indent=1)
sys.stdout.write("\n")
