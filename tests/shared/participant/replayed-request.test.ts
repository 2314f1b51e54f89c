import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "#shared/protocol/hash.js";
import { signRequest } from "#shared/protocol/request.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet } from "../../support/subnet.js";

test("a participant that comes back knows up to where it took requests before", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await openSubnet(t);
  const first = await subnet.join("vera");
  const bytes = Buffer.from("anything");
  await first.blobs.put(bytes);
  const path = `/blob/${sha256(bytes)}`;
  const { location } = first;
  const nonce = Date.now();
  const ask = (authorization: string) =>
    fetch(location + path, { headers: { authorization } }).then(({ status }) => status);
  const taken = await signRequest({ method: "GET", origin: location, path, nonce }, subnet.signer("ann"));
  assert.deepEqual([await ask(taken), await ask(taken)], [200, 401]);
  await first.leave();
  const second = await subnet.join("vera");
  assert.equal(second.location, location);
  const mark = Number(readFileSync(join(second.home, "..", "request-nonce"), "utf8"));
  assert.ok(mark >= nonce, `${mark} covers ${nonce}`);
});
