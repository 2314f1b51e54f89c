"""Reads with the Bittensor SDK what this toolkit wrote to a real subtensor runtime.

    pip install bittensor==9.8.3          # made for spec 293
    BLOCKZERO_SUBTENSOR_RUNTIME=runtime.wasm python tests/interop/sdk.py [--record FILE]

Prints what agrees, exits with 1 where anything does not.
"""

import json
import subprocess
import sys
from pathlib import Path

import bittensor

ROOT = Path(__file__).parent.parent.parent


def main() -> int:
    chain = subprocess.Popen(
        ["node", str(ROOT / "dist/tests/interop/sdk-chain.js")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        served = json.loads(chain.stdout.readline())
        found = read(served["endpoint"], served["netuid"], served["expected"])
    finally:
        chain.stdin.close()
        chain.wait(30)

    expected = wanted(served["expected"])
    for name, value in expected.items():
        print("ok  " if found[name] == value else "FAIL", name, found[name])
    if "--record" in sys.argv:
        record = {"sdk": bittensor.__version__, "wrote": expected, "read": found}
        Path(sys.argv[sys.argv.index("--record") + 1]).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return 0 if found == expected else 1


def wanted(expected: dict) -> dict:
    miner, validator = expected["miner"], expected["validator"]
    return {
        "hotkeys": expected["hotkeys"],
        "uid": miner["uid"],
        "commitment": miner["commitment"],
        "axon": [miner["axon"]["ip"], miner["axon"]["port"]],
        "weights": [validator["uid"], validator["weights"]],
        "incentive": [round(share * 65535) for share in expected["incentive"]],
    }


def read(endpoint: str, netuid: int, expected: dict) -> dict:
    subtensor = bittensor.Subtensor(network=endpoint)
    hotkey = expected["miner"]["hotkey"]
    uid = subtensor.get_uid_for_hotkey_on_subnet(hotkey, netuid)
    metagraph = subtensor.metagraph(netuid, lite=True)
    axon = metagraph.axons[uid]
    [(validator, weights)] = subtensor.weights(netuid)
    return {
        "hotkeys": list(metagraph.hotkeys),
        "uid": uid,
        "commitment": subtensor.get_commitment(netuid, uid),
        "axon": [axon.ip, axon.port],
        "weights": [validator, [list(pair) for pair in weights]],
        "incentive": [round(float(share) * 65535) for share in metagraph.incentive],
    }


if __name__ == "__main__":
    sys.exit(main())
