import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { serveOnKeptPort } from "#shared/participant/files/kept-port.js";
import { silentLog } from "#shared/telemetry/log.js";
import { temporaryFolder } from "../../artifact/temporary.js";

describe("a server where any port will do", () => {
  it("takes that of its last run again, and another while that is taken", async (t) => {
    const home = temporaryFolder(t);
    const serve = () =>
      serveOnKeptPort({ host: "127.0.0.1", port: 0 }, join(home, "port"), {
        store: directoryStore(join(home, "blobs"), silentLog),
        visible: () => true,
        log: silentLog,
        origin: undefined,
      });
    const first = await serve();
    const { port } = first;
    await first.close();
    const second = await serve();
    assert.equal(second.port, port);
    const third = await serve();
    t.after(() => third.close());
    assert.notEqual(third.port, port);
    await second.close();
  });
});
