import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  describeWallet,
  fixedPassword,
  loadHotkey,
  openColdkey,
  openHotkey,
  operatorPassword,
  verify,
} from "#shared/wallet/index.js";
import { coded, placeVectors, temporaryFolder, VECTOR_WALLET, vectors } from "./support.js";

const message = new TextEncoder().encode("message");
const refuse = () => assert.fail("asked for a password");

describe("files made by Bittensor's own wallet library", () => {
  it("open: hotkeys of a phrase, of a seed, and of a private key alone", async (t) => {
    const path = await temporaryFolder(t);
    await placeVectors(path);
    for (const hotkey of ["phrase", "seed", "uri"]) {
      const signer = await loadHotkey({ path, name: VECTOR_WALLET, hotkey });
      assert.equal(signer.address, vectors.hotkeys[hotkey]);
      assert.ok(verify(message, signer.signBytes(message), signer.address));
    }
    await assert.rejects(loadHotkey({ path, name: VECTOR_WALLET, hotkey: "ed25519" }), coded("WALLET_UNSUPPORTED"));
  });

  it("open: a coldkey encrypted with $NACL, and with the password variable of Bittensor's tools", async (t) => {
    const path = await temporaryFolder(t);
    await placeVectors(path);
    const { name, value, file } = vectors.password_variable;
    const env = { [name]: value, OTHER: "kept" };
    const passwords = operatorPassword({ env });
    const password = await passwords({ kind: "coldkey", file });
    assert.equal(Buffer.from(password).toString(), vectors.password);
    assert.deepEqual(env, { OTHER: "kept" });

    const signer = await openColdkey({ path, name: VECTOR_WALLET }, async () => password);
    assert.equal(signer.address, vectors.coldkey);
    assert.ok(verify(message, signer.signBytes(message), signer.address));
    assert.ok(
      password.every((byte) => byte === 0),
      "the password is wiped once used",
    );
  });

  it("open: an Ansible vault, by the right password alone", async (t) => {
    const path = await temporaryFolder(t);
    await placeVectors(path);
    const location = { path, name: VECTOR_WALLET, hotkey: "vault" };
    const { address } = await openHotkey(location, fixedPassword(vectors.password));
    assert.equal(address, vectors.hotkeys.vault);
    await assert.rejects(openHotkey(location, fixedPassword("another password")), coded("WALLET_PASSWORD_WRONG"));
    await assert.rejects(loadHotkey(location), coded("WALLET_ENCRYPTED", /plain hotkey/));
    await openHotkey({ ...location, hotkey: "phrase" }, refuse);
  });

  it("are described without a password", async (t) => {
    const path = await temporaryFolder(t);
    await placeVectors(path);
    const wallet = await describeWallet({ path, name: VECTOR_WALLET });
    assert.equal(wallet?.coldkey?.address, vectors.coldkey);
    assert.equal(wallet?.coldkey?.encryption, "nacl");
    assert.deepEqual(
      wallet?.hotkeys.map(({ name, address, encryption, fault }) => [name, address, encryption, fault?.code]),
      [
        ["ed25519", null, "none", "WALLET_UNSUPPORTED"],
        ["phrase", vectors.hotkeys.phrase, "none", undefined],
        ["seed", vectors.hotkeys.seed, "none", undefined],
        ["uri", vectors.hotkeys.uri, "none", undefined],
        ["vault", vectors.hotkeys.vault, "ansible-vault", undefined],
      ],
    );
  });
});
