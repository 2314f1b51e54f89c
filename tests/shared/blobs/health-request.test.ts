import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askHealth } from "#shared/blobs/health-request.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { listen } from "./support.js";

const never = new AbortController().signal;

describe("a server that is asked how it is", { timeout: HANG_GUARD }, () => {
  it("answers with its status and clock", async (t) => {
    const location = await listen(t, (_, response) => response.writeHead(503).end());
    const { status, date } = await askHealth(location, { allowPrivateAddresses: true }, never);
    assert.equal(status, 503);
    assert.ok(date !== null);
  });

  it("is not connected to where its name leads to a private address", async () => {
    const limits = {
      allowPrivateAddresses: false,
      resolve: async () => [{ address: "127.0.0.1", family: 4 }],
    };
    await assert.rejects(askHealth("http://server.example", limits, never), { code: "FETCH_REFUSED_ADDRESS" });
  });

  it("is waited for until the signal aborts, and for its reason", async (t) => {
    const stop = new AbortController();
    const reason = new Error("over");
    const location = await listen(t, () => stop.abort(reason));
    await assert.rejects(askHealth(location, { allowPrivateAddresses: true }, stop.signal), reason);
  });

  it("fails where it breaks off", async (t) => {
    const location = await listen(t, (request) => request.destroy());
    await assert.rejects(askHealth(location, { allowPrivateAddresses: true }, never), { code: "FETCH_FAILED" });
  });
});
