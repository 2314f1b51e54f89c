"""Records tests/vectors/timelock/bittensor-drand.json with `pip install bittensor-drand` (2.0.0); no network needed.

    npm run build && python tests/interop/timelock.py

What we encrypt is opened by that package here; what it encrypts, and the rounds it picks, are for our tests to agree with.
"""

import json
import pathlib
import subprocess
import time

import bittensor_drand as drand

ROOT = pathlib.Path(__file__).resolve().parents[2]
GENESIS_TIME, PERIOD = 1692803367, 3
# quicknet's pulse of round 1000, as anybody can fetch it.
SIGNATURE = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"


def compact(n: int) -> bytes:
    return bytes([n << 2]) if n < 64 else (n << 2 | 1).to_bytes(2, "little")


def open_with_package(ciphertext: bytes, round: int) -> bytes:
    """The package's own container: SCALE of (ciphertext, round)."""
    return drand.decrypt_with_signature(compact(len(ciphertext)) + ciphertext + round.to_bytes(8, "little"), SIGNATURE)


def bare(container: bytes) -> bytes:
    mode = container[0] & 3
    return container[1 if mode == 0 else 2 : -8]


def at_one_second(make):
    """What the package makes, and the second in which it did."""
    while True:
        now = int(time.time())
        made = make(now)
        if int(time.time()) == now:
            return now, made


printed = subprocess.run(["node", "dist/tests/interop/timelock-print.js"], cwd=ROOT, check=True, capture_output=True)
ours = json.loads(printed.stdout)
ROUND = ours["round"]
for entry in ours["ciphertexts"]:
    opened = open_with_package(bytes.fromhex(entry["ciphertext"]), ROUND)
    assert opened == bytes.fromhex(entry["plaintext"]), "the package opens something else"

theirs = []
for plaintext in (b"x", b"timelock" * 40):
    container, _ = drand.encrypt_at_round(plaintext, ROUND)
    theirs.append({"plaintext": plaintext.hex(), "ciphertext": bare(container).hex()})

hotkey = bytes(range(32))
weights = []
for uids, values, version in (([1, 2], [3, 65535], 0), (list(range(256)), [i * 257 for i in range(256)], 7), ([], [], 1)):
    # Blocks that run backwards bring the round to the one whose pulse is at hand.
    make = lambda now: drand.get_encrypted_commit_v2(
        uids, values, version, 1000, 0, 7, 360, 10, 1010, 1, (GENESIS_TIME + PERIOD * ROUND + 1 - now) / 353, hotkey
    )
    while True:
        _, (ciphertext, round) = at_one_second(make)
        if round == ROUND:
            break
    weights.append(
        {
            "hotkey": hotkey.hex(),
            "uids": uids,
            "values": values,
            "versionKey": version,
            "ciphertext": bytes(ciphertext).hex(),
        }
    )

rounds = []
for tempo, last, block, period, block_time in (
    (360, 1000, 1010, 1, 12),
    (360, 1000, 1359, 1, 12),
    (360, 1000, 1100, 3, 12),
    (99, 5000, 5050, 2, 0.25),
    (20, 700, 701, 1, 1),
):
    now, (_, round) = at_one_second(
        lambda now: drand.get_encrypted_commit_v2([0], [1], 0, last, 0, 7, tempo, block - last, block, period, block_time, hotkey)
    )
    rounds.append(
        {
            "now": now,
            "tempo": tempo,
            "nextEpoch": last + tempo,
            "block": block,
            "revealPeriod": period,
            "blockTime": block_time,
            "round": round,
        }
    )

target = ROOT / "tests/vectors/timelock/bittensor-drand.json"
vectors = {
    "package": "bittensor-drand 2.0.0",
    "round": ROUND,
    "signature": SIGNATURE,
    "ours": ours["ciphertexts"],
    "theirs": theirs,
    "weights": weights,
    "rounds": rounds,
}
target.write_text(json.dumps(vectors, indent=2) + "\n")
print(f"{target.relative_to(ROOT)}: {len(ours['ciphertexts'])} of ours opened there, {len(theirs) + len(weights)} of theirs recorded")
