import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { it } from "node:test";
import { freePorts } from "#localnet/ports.js";

it("a localnet's ports are different, free, and none that a system gives away by chance meanwhile", async (t) => {
  const ports = await freePorts(40);
  assert.equal(new Set(ports).size, 40);
  for (const port of ports) {
    assert.ok(port >= 20_000 && port < 32_768, `${port}`);
    const server = createServer().listen(port, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
  }
  const others = await freePorts(40);
  assert.ok(!others.some((port) => ports.includes(port)), "one that is taken is not found");
});
