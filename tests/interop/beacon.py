"""Writes tests/vectors/beacon.json with `pip install py_ecc cryptography` (8.0.0; any); no network needed.

    python tests/interop/beacon.py

Nothing here comes from our own code: curve arithmetic and hash to curve are py_ecc's, HKDF and AES-GCM are cryptography's.
"""

import hashlib
import json
import pathlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import compress_G1, compress_G2
from py_ecc.optimized_bls12_381 import G1, G2, add, curve_order as R, multiply, pairing

ROOT = pathlib.Path(__file__).resolve().parents[2]
DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
BOB = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
CHARLIE = "5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y"
DAVE = "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy"
EVE = "5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw"
PHASES = ["distribute", "train", "commit", "reveal", "evaluate", "exchange", "choose", "merge"]


def h(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def some(label: str, size: int = 32) -> bytes:
    """Bytes of no meaning."""
    out = b""
    while len(out) < size:
        out += h(label.encode(), bytes([len(out) // 32]))
    return out[:size]


def scalar(label: str) -> int:
    return int.from_bytes(some(label, 48), "big") % R


def u64(n: int) -> bytes:
    return n.to_bytes(8, "little")


NETWORK = some("network")


def contributors(weights, most):
    whole = [(hotkey, int(weight)) for hotkey, weight in weights if weight >= 1]
    total = sum(weight for _, weight in whole)
    chosen, taken = [], 0
    for hotkey, weight in sorted(whole, key=lambda one: (-one[1], one[0])):
        if len(chosen) == most or 3 * taken >= 2 * total:
            break
        chosen.append(hotkey)
        taken += weight
    return sorted(chosen)


def slots(weights, count):
    whole = sorted((hotkey, int(weight)) for hotkey, weight in weights if weight >= 1)
    total = sum(weight for _, weight in whole)
    if total == 0:
        return []
    floors = {hotkey: weight * count // total for hotkey, weight in whole}
    left = count - sum(floors.values())
    for hotkey, _ in sorted(whole, key=lambda one: (-(one[1] * count % total), one[0]))[:left]:
        floors[hotkey] += 1
    out, following = [], 1
    for hotkey, _ in whole:
        if floors[hotkey]:
            out.append([hotkey, list(range(following, following + floors[hotkey]))])
        following += floors[hotkey]
    return out


def windows(cycle, lengths):
    length = sum(lengths.values())

    def window(of, phase):
        start = of * length
        for name in PHASES:
            if name == phase:
                return {"start": start, "end": start + lengths[name]}
            start += lengths[name]

    train = window(cycle, "train")
    reveal = window(cycle, "reveal")
    n = reveal["end"] - reveal["start"]
    return {
        "sealing": {"start": train["start"], "end": train["start"] + (train["end"] - train["start"]) // 2},
        "holding": window(cycle, "commit"),
        "signing": {"start": reveal["start"], "end": reveal["start"] + min(-(-n // 4), n - 1) + 1},
        "deciding": reveal["start"] + min(-(-n // 4), n - 1),
    }


def held():
    """Times in seconds of the blocks from the commit phase to the deciding one, and the last that a held record may be in."""
    phases = {**{phase: 1 for phase in PHASES}, "train": 6, "commit": 5, "reveal": 8}
    window = windows(3, phases)
    start, end, deciding = window["holding"]["start"], window["holding"]["end"], window["deciding"]
    regular = [1000 + 12 * i for i in range(deciding - start + 1)]
    stalled = [time + (90 if i >= 4 else 0) for i, time in enumerate(regular)]
    for times in (regular, stalled):
        for pulse in (1000, 1001, 1030, 1061, 1100, 2000):
            for lead in (0, 1, 2, 7, 8):
                last = [
                    block
                    for block in range(start, end)
                    if block + lead <= deciding and times[block + lead - start] < pulse
                ]
                until = max(last) if last else None
                yield {"cycle": 3, "phases": phases, "lead": lead, "times": times, "pulse": pulse, "until": until}


def group_cycles():
    steps = ["group-key", "dealing", "complaint", "answer"]
    for first, every in ((0, 5), (1, 5), (100, 20)):
        cycles = []
        for cycle in range(first, first + 2 * every + 2):
            start = cycle - (cycle - first) % every
            forming = cycle - start < 4
            before = start - 1 if start > first else None
            step = steps[cycle - start] if forming else None
            cycles.append({"cycle": cycle, "start": start, "step": step, "stating": before if forming else cycle})
        yield {"first_cycle": first, "every": every, "cycles": cycles}


def chain_weights(stakes, incentives):
    """Each half of the weight by one kind of amount: voting stake, and incentive in steps of 1/65535."""

    def parts(amounts):
        total = sum(amount for _, amount in amounts)
        return [[hotkey, 10**9 * amount // total] for hotkey, amount in amounts] if total else []

    return parts(stakes) + parts(incentives)


CHAIN_WEIGHTS = [
    ([[ALICE, 3 * 10**20 + 7], [BOB, 10**20]], [[CHARLIE, 21845], [DAVE, 43690], [EVE, 0]]),
    ([[ALICE, 5]], []),
    ([[ALICE, 1], [BOB, 1], [CHARLIE, 1]], [[DAVE, 0]]),
]

WEIGHTS = [
    [[ALICE, 3], [BOB, 2], [CHARLIE, 1]],
    [[ALICE, 1], [BOB, 1], [CHARLIE, 1], [DAVE, 1], [EVE, 1]],
    [[ALICE, 5.9], [BOB, 5.1], [CHARLIE, 0.5], [DAVE, 0]],
    [[ALICE, 12345678901], [BOB, 900000000000], [CHARLIE, 77], [DAVE, 400000000000], [EVE, 400000000000]],
    [],
]


def values():
    openings = [[CHARLIE, some("c")], [ALICE, some("a")], [BOB, some("b")]]
    block, blocks = some("block"), [some("block 1"), some("block 2"), some("block 3")]
    pulse = some("pulse", 48)
    for cycle in (1, 4294967295):
        head = NETWORK + u64(cycle)
        ordered = b"".join(opening for _, opening in sorted(openings))
        yield {
            "origin": "contributions",
            "cycle": cycle,
            "pulse": pulse.hex(),
            "openings": [[hotkey, opening.hex()] for hotkey, opening in openings],
            "blockHash": block.hex(),
            "value": h(b"blockzero/beacon/1", head, pulse, ordered, block).hex(),
        }
        yield {
            "origin": "pulse",
            "cycle": cycle,
            "pulse": pulse.hex(),
            "blockHash": block.hex(),
            "value": h(b"blockzero/beacon-pulse/1", head, pulse, block).hex(),
        }
        yield {
            "origin": "blocks",
            "cycle": cycle,
            "blocks": [one.hex() for one in blocks],
            "value": h(b"blockzero/beacon-blocks/1", head, *blocks).hex(),
        }


def seeds():
    """Each purpose's domain, and what stands between cycle and value."""
    cases = [
        ({"purpose": "evaluate", "group": "prose"}, b"blockzero/eval/2", b"prose"),
        ({"purpose": "choose", "group": "math"}, b"blockzero/pick/2", b"math"),
        ({"purpose": "sprint-network"}, b"blockzero/sprint-seed/1", b"sprint-network"),
        ({"purpose": "sprint-inputs"}, b"blockzero/sprint-seed/1", b"sprint-inputs"),
        ({"purpose": "sprint-sample"}, b"blockzero/sprint-seed/1", b"sprint-sample"),
        ({"purpose": "duty", "subject": ALICE}, b"blockzero/duty/1", ALICE.encode()),
        ({"purpose": "audit", "subject": ""}, b"blockzero/audit/1", b""),
    ]
    for cycle in (0, 7):
        for of, domain, middle in cases:
            value = some(f"{of['purpose']} {cycle}")
            seed = h(domain, NETWORK, u64(cycle), middle, value)
            yield {"of": of, "cycle": cycle, "value": value.hex(), "seed": seed.hex()}


def bindings():
    for cycle, hotkey in ((0, ALICE), (9, BOB)):
        opening = some(f"opening {cycle}")
        tag = h(b"blockzero/contribution/1", NETWORK, u64(cycle), opening, hotkey.encode())
        yield {"cycle": cycle, "hotkey": hotkey, "plaintext": (opening + tag).hex()}


def evaluate(coefficients, x):
    return sum(c * pow(x, k, R) for k, c in enumerate(coefficients)) % R


def seal_shares(shares, ephemeral, public, cycle, dealer, member):
    point, common = multiply(G1, ephemeral), multiply(public, ephemeral)
    info = b"blockzero/share/1" + NETWORK + u64(cycle) + g1(point) + g1(public) + f"{dealer} {member}".encode()
    keys = HKDF(algorithm=SHA256(), length=44, salt=b"", info=info).derive(g1(common))
    return AESGCM(keys[:32]).encrypt(keys[32:], b"".join(s.to_bytes(32, "big") for s in shares), None)


def g1(point) -> bytes:
    return compress_G1(point).to_bytes(48, "big")


def g2(point) -> bytes:
    return b"".join(half.to_bytes(48, "big") for half in compress_G2(point))


def lagrange(xs):
    out = []
    for x in xs:
        top, bottom = 1, 1
        for other in xs:
            if other != x:
                top, bottom = top * other % R, bottom * (other - x) % R
        out.append(top * pow(bottom, -1, R) % R)
    return out


def group():
    cycle, threshold = 5, 3
    assigned = slots([[ALICE, 3], [BOB, 1], [CHARLIE, 1]], 5)
    members = [hotkey for hotkey, _ in assigned]
    secrets = {member: scalar(f"key {member}") for member in members}
    publics = {member: multiply(G1, secret) for member, secret in secrets.items()}
    polynomials = {dealer: [scalar(f"{dealer} {k}") for k in range(threshold)] for dealer in members}
    dealings = []
    for dealer in members:
        shares = []
        for member, own in assigned:
            ephemeral = scalar(f"ephemeral {dealer} {member}")
            values = [evaluate(polynomials[dealer], slot) for slot in own]
            sealed = seal_shares(values, ephemeral, publics[member], cycle, dealer, member)
            shares.append({"member": member, "ephemeral": g1(multiply(G1, ephemeral)).hex(), "sealed": sealed.hex()})
        commitments = [g2(multiply(G2, c)).hex() for c in polynomials[dealer]]
        dealings.append({"hotkey": dealer, "commitments": commitments, "shares": shares})
    total = [sum(polynomials[dealer][k] for dealer in members) % R for k in range(threshold)]
    ephemerals = {
        dealer: {member: scalar(f"ephemeral {dealer} {member}").to_bytes(32, "big").hex() for member in members}
        for dealer in members
    }
    closing = some("closing")
    message = hash_to_G1(h(b"blockzero/group-message/1", NETWORK, u64(cycle), closing), DST, hashlib.sha256)
    own = {slot: evaluate(total, slot) for _, held in assigned for slot in held}
    partials = {slot: multiply(message, share) for slot, share in own.items()}
    chosen = list(own)[:threshold]
    signature = None
    for slot, weight in zip(chosen, lagrange(chosen)):
        part = multiply(partials[slot], weight)
        signature = part if signature is None else add(signature, part)
    key = multiply(G2, total[0])
    assert g1(signature) == g1(multiply(message, total[0]))
    assert pairing(G2, signature) == pairing(key, message)
    return {
        "cycle": cycle,
        "slots": 5,
        "threshold": threshold,
        "assigned": [[hotkey, held] for hotkey, held in assigned],
        "secrets": {member: secret.to_bytes(32, "big").hex() for member, secret in secrets.items()},
        "keys": {member: g1(public).hex() for member, public in publics.items()},
        "dealings": dealings,
        "ephemerals": ephemerals,
        "publicKey": g2(key).hex(),
        "publicShares": [[slot, g2(multiply(G2, share)).hex()] for slot, share in own.items()],
        "closing": closing.hex(),
        "message": g1(message).hex(),
        "partials": {hotkey: [g1(partials[slot]).hex() for slot in held] for hotkey, held in assigned},
        "signature": g1(signature).hex(),
        "value": h(b"blockzero/beacon-group/1", NETWORK, u64(cycle), g1(signature)).hex(),
    }


def contribution(**changes):
    document = {
        "version": 1,
        "kind": "contribution",
        "network": NETWORK.hex(),
        "cycle": 3,
        "hotkey": ALICE,
        "round": 1000,
        "sealed": some("sealed", 308).hex(),
        "signature": some("signature", 64).hex(),
    }
    document.update(changes)
    return json.dumps({key: value for key, value in document.items() if value is not None}, sort_keys=True, separators=(",", ":"))


def documents():
    good = contribution()
    bad = [
        contribution(version=2),
        contribution(kind="report"),
        contribution(cycle=-1),
        contribution(round=0),
        contribution(round=1.5),
        contribution(sealed=some("sealed", 307).hex()),
        contribution(sealed=some("sealed", 309).hex()),
        contribution(sealed=some("sealed", 308).hex().upper()),
        contribution(hotkey="nobody"),
        contribution(signature=None),
        contribution(more=1),
        good + " ",
        good[:-1],
        "",
    ]
    return {"valid": [{"text": good, "hash": h(good.encode()).hex()}], "invalid": bad}


def main():
    mixed = [(some("value"), some("entropy"))]
    shapes = [
        {"distribute": 4, "train": 10, "commit": 3, "reveal": 8, "evaluate": 6, "exchange": 2, "choose": 2, "merge": 5},
        {phase: 1 for phase in PHASES},
        {"distribute": 30, "train": 900, "commit": 20, "reveal": 21, "evaluate": 60, "exchange": 20, "choose": 20, "merge": 40},
    ]
    vectors = {
        "about": "The beacon: who contributes, slots, windows, values by origin, seeds, bindings, documents, and a threshold group. Written by tests/interop/beacon.py.",
        "network": NETWORK.hex(),
        "contributors": [
            {"weights": weights, "most": most, "contributors": contributors(weights, most)}
            for weights in WEIGHTS
            for most in (64, 2)
        ],
        "chainWeights": [
            {"stakes": [[k, str(v)] for k, v in stakes], "incentives": incentives, "weights": chain_weights(stakes, incentives)}
            for stakes, incentives in CHAIN_WEIGHTS
        ],
        "slots": [
            {"weights": weights, "slots": count, "assigned": slots(weights, count)} for weights in WEIGHTS for count in (128, 7)
        ],
        "windows": [
            {"cycle": cycle, "phases": lengths, **windows(cycle, lengths)} for lengths in shapes for cycle in (0, 1, 12)
        ],
        "held": list(held()),
        "groupCycles": list(group_cycles()),
        "values": list(values()),
        "seeds": list(seeds()),
        "mixed": [
            {"value": a.hex(), "entropy": b.hex(), "mixed": h(b"blockzero/mixed/1", a, b).hex()} for a, b in mixed
        ],
        "bindings": list(bindings()),
        "documents": documents(),
        "group": group(),
    }
    path = ROOT / "tests" / "vectors" / "beacon.json"
    path.write_text(json.dumps(vectors, indent=2, ensure_ascii=False) + "\n")


main()
