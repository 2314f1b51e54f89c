import assert from "node:assert/strict";
import { test } from "node:test";
import { type Signer, signingFor } from "#shared/protocol/signer.js";
import { parseSignerAddress, showSignerAddress } from "#shared/signing/signer-address.js";
import { encodePurpose, parsePurpose } from "#shared/signing/signing-wire.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet } from "../../support/subnet.js";

test("an address is a socket, https, or http on this machine", () => {
  for (const text of [
    "unix:///run/a.sock",
    "https://signer.example.org:9720",
    "https://[2001:db8::1]:9720",
    "http://127.0.0.1:9720",
    "http://[::1]:9720",
    "http://localhost:1",
  ])
    assert.equal(showSignerAddress(parseSignerAddress(text)!), text);
  assert.deepEqual(parseSignerAddress("https://a.example"), { transport: "https", host: "a.example", port: 443 });
  for (const text of [
    "",
    "unix://run/a.sock",
    "unix:///run/",
    `unix:///${"x".repeat(104)}`,
    "http://10.0.0.1:9720",
    "http://signer.example.org",
    "http://127.0.0.1.example.org:1",
    "https://user:password@a.example",
    "https://a.example/path",
    "ws://127.0.0.1:1",
  ])
    assert.equal(parseSignerAddress(text), null, text);
});

test("what an extrinsic is for goes with it and with nothing else", async () => {
  const purpose = { network: "abababab", cycle: 7, write: "weights 100" };
  assert.deepEqual(parsePurpose(encodePurpose(purpose)), purpose);
  for (const text of ["", "{}", encodePurpose({ ...purpose, cycle: -1 }), encodePurpose({ ...purpose, write: "\n" })])
    assert.equal(parsePurpose(text), null, text);
  const asked: unknown[] = [];
  const key = await signerFromUri("//Alice");
  const sign: Signer["sign"] = async (request) => {
    asked.push(request);
    return new Uint8Array(64);
  };
  const signer = signingFor({ ...key, sign }, purpose);
  const message = new Uint8Array(1);
  await signer.sign({ kind: "document", message });
  await signer.sign({ kind: "devchain-extrinsic", message });
  assert.deepEqual(asked, [
    { kind: "document", message },
    { kind: "devchain-extrinsic", message, purpose },
  ]);
});

test("a dry run does not go with a signer", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await openSubnet(t);
  const joining = subnet.join("vera", { dry_run: true, "wallet.signer": "unix:///run/none.sock" });
  await assert.rejects(joining, coded("SIGNER_DRY_RUN"));
  const without = subnet.join("vera", { "wallet.signer": "unix:///run/none.sock" });
  await assert.rejects(without, coded("SIGNER_UNREACHABLE"));
});
