import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "#shared/protocol/hash.js";
import { signRequest } from "#shared/protocol/request.js";
import { openSubnet } from "../../support/subnet.js";

test("a participant that comes back takes no request that it took before", { timeout: 30_000 }, async (t) => {
  const subnet = await openSubnet(t);
  const first = await subnet.join("vera");
  const bytes = Buffer.from("anything");
  await first.blobs.put(bytes);
  const path = `/blob/${sha256(bytes)}`;
  const { location } = first;
  const signed = () => signRequest({ method: "GET", origin: location, path, nonce: Date.now() }, subnet.signer("ann"));
  const ask = (authorization: string) =>
    fetch(location + path, { headers: { authorization } }).then(({ status }) => status);
  const taken = signed();
  assert.deepEqual([await ask(taken), await ask(taken)], [200, 401]);
  await first.leave();
  const second = await subnet.join("vera");
  assert.equal(second.location, location);
  assert.equal(await ask(taken), 401);
});
