import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { remoteAttempts } from "#shared/blobs/remote-fault.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const attempt = remoteAttempts("hf://owner/name", ["secret"], 60_000, { code: "HUB_FAILED", hint: "look" });
const failing = (thrown: unknown) => attempt(() => Promise.reject(thrown));

describe("a service's fault", { timeout: HANG_GUARD }, () => {
  it("is told with its causes, without secrets", async () => {
    const inner = new Error("connect ECONNREFUSED 127.0.0.1:1");
    const fault = new TypeError("fetch failed", { cause: inner });
    await assert.rejects(failing(fault), coded("HUB_FAILED", /: fetch failed: connect ECONNREFUSED 127\.0\.0\.1:1$/));
    const several = new AggregateError([inner, new Error("connect ECONNREFUSED ::1:1")], "");
    await assert.rejects(
      failing(new TypeError("fetch failed", { cause: several })),
      coded("HUB_FAILED", /: fetch failed: connect ECONNREFUSED 127\.0\.0\.1:1$/),
    );
    await assert.rejects(
      failing(new Error("it failed", { cause: new Error("header secret\n is wrong") })),
      coded("HUB_FAILED", /: it failed: header \*\*\* is wrong$/),
    );
    await assert.rejects(failing(new Error("alone")), coded("HUB_FAILED", /^hf:\/\/owner\/name: alone$/));
    const circle = new Error("round");
    circle.cause = circle;
    await assert.rejects(failing(circle), coded("HUB_FAILED", /: round$/));
  });

  it("of a server that does not listen says so", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(
      attempt(() => fetch(`http://127.0.0.1:${port}/`)),
      coded("HUB_FAILED", /: fetch failed: .*ECONNREFUSED/),
    );
  });
});
