import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { it } from "node:test";
import { sha256, updateHash } from "#shared/protocol/hash.js";

const whole = Uint8Array.from({ length: 100 }, (_, i) => i);

it("a hash is given long bytes a stretch at a time", () => {
  for (const most of [1, 7, 99, 100, 101]) {
    const hash = createHash("sha256");
    updateHash(hash, whole, most);
    assert.equal(hash.digest("hex"), sha256(whole));
  }
});
