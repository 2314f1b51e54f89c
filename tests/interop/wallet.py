"""Bittensor's own wallets (PyPI: bittensor-wallet, built from btwallet) against ours.

    python tests/interop/wallet.py record   writes tests/vectors/wallet/btwallet.json, files that the tests open
    python tests/interop/wallet.py check    makes wallets with the built program and opens them with Bittensor's

All keys are of public test mnemonics. Needs: pip install bittensor-wallet
"""

import base64
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from bittensor_wallet import Keypair, Wallet
from bittensor_wallet.keyfile import Keyfile, legacy_encrypt_keyfile_data

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests/vectors/wallet/btwallet.json"
COLDKEY_MNEMONIC = " ".join(["abandon"] * 11 + ["about"])
HOTKEY_MNEMONIC = "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal will"
SEED = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a"
PASSWORD = "correct horse battery staple"
SR25519, ED25519 = 1, 0


def wallet(folder, name="vectors", hotkey="phrase"):
    return Wallet(name=name, hotkey=hotkey, path=str(folder))


def record():
    with tempfile.TemporaryDirectory() as folder:
        made = wallet(folder)
        made.regenerate_coldkey(mnemonic=COLDKEY_MNEMONIC, coldkey_password=PASSWORD, suppress=True)
        made.regenerate_hotkey(mnemonic=HOTKEY_MNEMONIC, use_password=False, suppress=True)
        wallet(folder, hotkey="seed").regenerate_hotkey(seed=SEED, use_password=False, suppress=True)
        wallet(folder, hotkey="uri").create_hotkey_from_uri("//Alice", use_password=False, suppress=True)
        ed25519 = Keypair.create_from_mnemonic(HOTKEY_MNEMONIC, ED25519)
        wallet(folder, hotkey="ed25519").set_hotkey(ed25519, encrypt=False)

        path = pathlib.Path(folder, "vectors")
        plain = (path / "hotkeys/phrase").read_bytes()
        (path / "hotkeys/vault").write_bytes(bytes(legacy_encrypt_keyfile_data(plain, PASSWORD)))
        (path / "hotkeys/vaultpub.txt").write_bytes((path / "hotkeys/phrasepub.txt").read_bytes())

        keyfile = Keyfile("/w/my.wallets/one-two/coldkey", "coldkey")
        variable = keyfile.env_var_name()
        value = keyfile.save_password_to_env(PASSWORD)

        files = {str(f.relative_to(folder)): base64.b64encode(f.read_bytes()).decode() for f in sorted(path.rglob("*")) if f.is_file()}
        modes = {oct(f.stat().st_mode & 0o777) for f in path.rglob("*") if f.is_file() and not f.name.startswith("vault")}
        assert modes == {"0o600"}, modes
        document = {
            "made_by": f"bittensor-wallet {importlib.metadata.version('bittensor-wallet')}",
            "password": PASSWORD,
            "coldkey": made.coldkeypub.ss58_address,
            "hotkeys": {
                "phrase": made.hotkey.ss58_address,
                "seed": wallet(folder, hotkey="seed").hotkey.ss58_address,
                "uri": wallet(folder, hotkey="uri").hotkey.ss58_address,
                "vault": made.hotkey.ss58_address,
            },
            "password_variable": {"file": "/w/my.wallets/one-two/coldkey", "name": variable, "value": value},
            "files": files,
        }
        VECTORS.parent.mkdir(parents=True, exist_ok=True)
        VECTORS.write_text(json.dumps(document, indent=2) + "\n")
        print(f"{document['made_by']}: {len(files)} files recorded in {VECTORS.relative_to(ROOT)}")


def blockzero(folder, *arguments, stdin="", **environment):
    call = ["node", str(ROOT / "dist/cli/main.js"), "wallet", *arguments, "--wallet.path", folder]
    done = subprocess.run(call, input=stdin, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def same(what, ours, theirs):
    assert ours == theirs, f"{what}: {ours} is not {theirs}"
    print(f"{what}: {theirs}")


def check():
    print(f"bittensor-wallet {importlib.metadata.version('bittensor-wallet')}")
    with tempfile.TemporaryDirectory() as folder:
        name = ["--wallet.name", "ours", "--wallet.hotkey", "first"]
        blockzero(folder, "create", "--words", "24", *name, BLOCKZERO_WALLET_PASSWORD=PASSWORD)
        imported = ["--wallet.name", "ours", "--wallet.hotkey", "second", "--key", "hotkey"]
        blockzero(folder, "import", *imported, stdin=HOTKEY_MNEMONIC)
        blockzero(folder, "import", "--wallet.name", "plain", "--no-password", stdin=COLDKEY_MNEMONIC)
        ours, plain = json.loads(blockzero(folder, "list", "--json"))

        for described in ours["hotkeys"]:
            theirs = wallet(folder, "ours", described["name"])
            same(f"hotkey {described['name']}", described["address"], theirs.hotkey.ss58_address)
            same(f"hotkey {described['name']}, public half", described["address"], theirs.hotkeypub.ss58_address)
            assert theirs.hotkey.verify(b"message", theirs.hotkey.sign(b"message"))
        same("imported hotkey", ours["hotkeys"][1]["address"], Keypair.create_from_mnemonic(HOTKEY_MNEMONIC, SR25519).ss58_address)

        theirs = wallet(folder, "ours", "first")
        assert theirs.coldkey_file.is_encrypted()
        same("coldkeypub", ours["coldkey"]["address"], theirs.coldkeypub.ss58_address)
        same("encrypted coldkey", ours["coldkey"]["address"], theirs.get_coldkey(password=PASSWORD).ss58_address)
        assert len(theirs.get_coldkey(password=PASSWORD).sign(b"message")) == 64
        try:
            theirs.get_coldkey(password="another password")
        except Exception as error:
            print(f"another password: {error}")
        else:
            raise AssertionError("another password opened the coldkey")
        same("plain coldkey", plain["coldkey"]["address"], wallet(folder, "plain").coldkey.ss58_address)


if __name__ == "__main__":
    {"record": record, "check": check}[sys.argv[1]]()
