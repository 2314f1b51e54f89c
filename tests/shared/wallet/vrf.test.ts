import assert from "node:assert/strict";
import { it } from "node:test";
import { Keyring } from "@polkadot/keyring";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { signerFromUri, verify, verifyVrf } from "#shared/wallet/index.js";
import { signerOf } from "#shared/wallet/signer.js";
import { signVrf } from "#shared/wallet/vrf.js";

await cryptoWaitReady();
const message = Buffer.from("message");
const context = "blockzero/test/1";
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

it("draws alike each time, proves it, and is refused for another key, message, context or any other bytes", async () => {
  const alice = await signerFromUri("//Alice");
  const bob = await signerFromUri("//Bob");
  const draw = alice.vrf(message, context);
  assert.equal(draw.length, 96);
  assert.equal(hex(alice.vrf(message, context).subarray(0, 32)), hex(draw.subarray(0, 32)));
  assert.ok(verifyVrf(message, draw, alice.address, context));
  assert.ok(!verifyVrf(message, draw, bob.address, context));
  assert.ok(!verifyVrf(Buffer.from("massage"), draw, alice.address, context));
  assert.ok(!verifyVrf(message, draw, alice.address, "blockzero/test/2"));
  for (const bad of [draw.subarray(1), new Uint8Array(96), new Uint8Array(96).fill(255), new Uint8Array()])
    assert.ok(!verifyVrf(message, bad, alice.address, context));
  assert.ok(!verifyVrf(message, draw, "no address", context));
});

it("leaves the key that it draws with as it was", () => {
  const pair = new Keyring({ type: "sr25519", ss58Format: 42 }).createFromUri("//Alice");
  const secret = pair.encodePkcs8().slice(16, 80);
  const before = hex(secret);
  signVrf(secret, message, context);
  assert.equal(hex(secret), before, "the caller's bytes");
  const signer = signerOf(pair);
  signer.vrf(message, context);
  assert.equal(hex(pair.encodePkcs8().slice(16, 80)), before, "the pair's own");
  assert.ok(verify(message, signer.signBytes(message), signer.address));
});
