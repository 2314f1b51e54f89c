import assert from "node:assert/strict";
import { it } from "node:test";
import { everybodyJoined } from "#localnet/participants.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { hostileServer } from "#tests/support/hostile-server.js";

it("a participant that takes connections and says nothing keeps no localnet from ending", {
  timeout: HANG_GUARD,
}, async (t) => {
  const ending = new AbortController();
  const reason = new Error("it ends");
  const { hostname: address, port } = new URL(await hostileServer(t, () => ending.abort(reason)));
  await assert.rejects(everybodyJoined([{ address, port: Number(port) }], ending.signal), reason);
});
