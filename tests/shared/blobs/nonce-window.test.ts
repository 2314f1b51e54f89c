import assert from "node:assert/strict";
import { it } from "node:test";
import { nonceWindow } from "#shared/blobs/nonce-window.js";

it("nonces of hotkeys that asked long ago are forgotten, also of those that never ask again", () => {
  let now = 1_000_000;
  const nonces = nonceWindow(() => now);
  for (let i = 0; i < 10_000; i++) {
    now += 1_000;
    assert.ok(nonces.take({ hotkey: `5${i}`, nonce: now }));
    assert.ok(nonces.take({ hotkey: "vera", nonce: now }));
    assert.ok(!nonces.isFresh({ hotkey: "vera", nonce: now }));
  }
  // Those of the last minute, and the one that still asks.
  assert.ok(nonces.hotkeys <= 62, String(nonces.hotkeys));
  now += 61_000;
  nonces.take({ hotkey: "vera", nonce: now });
  assert.equal(nonces.hotkeys, 1);
});
