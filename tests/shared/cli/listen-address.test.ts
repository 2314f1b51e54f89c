import assert from "node:assert/strict";
import { it } from "node:test";
import { listenAddress } from "#shared/cli/listen-address.js";

it("an address to serve on is a host and a port", () => {
  assert.deepEqual(listenAddress("127.0.0.1:8420"), { host: "127.0.0.1", port: 8420 });
  assert.deepEqual(listenAddress("[::1]:0"), { host: "::1", port: 0 });
  assert.deepEqual(listenAddress("localhost:65535"), { host: "localhost", port: 65535 });
  assert.deepEqual(listenAddress("8420"), { host: "127.0.0.1", port: 8420 });
  for (const text of [":8420", "::1:8420", "[::g]:1", "[127.0.0.1]:1", "a:65536", "a:-1", "a b:1", "http://a:1", ""])
    assert.throws(() => listenAddress(text), /host and a port/, text);
});
