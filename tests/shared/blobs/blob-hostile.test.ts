import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { incomingBytes } from "#shared/blobs/incoming-blob.js";
import { sha256 } from "#shared/protocol/hash.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { HTTP_BEHAVIOURS, hostileServer, hostileTlsServers, resetsAfter } from "#tests/support/hostile-server.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { quiet } from "./support.js";

const bytes = Buffer.from("what was asked for, byte by byte, however often it breaks off");
const hash = sha256(bytes);
const maxBytes = 1 << 16;
const options = { allowPrivateAddresses: true, log: quiet };
const hurried = { ...options, graceMs: 200, windowMs: 60, minBytesPerSecond: 10_000, busyPausesMs: [1] };
const signer = await signerFromUri("//vera");
const patient = createBlobClient(options);

const honest = async (t: TestContext): Promise<string> => {
  const store = directoryStore(temporaryFolder(t));
  await store.put(bytes);
  const server = await startBlobServer({ host: "127.0.0.1", port: 0, store, visible: () => true, log: quiet });
  t.after(() => server.close());
  return server.url;
};

/** A server of which nothing can be had fails with a code, and keeps nobody from having it of another one. */
const survives = async (t: TestContext, hostile: string): Promise<void> => {
  const good = await honest(t);
  for (const client of [createBlobClient(hurried), createBlobClient({ ...hurried, signer })]) {
    const store = directoryStore(temporaryFolder(t));
    const incoming = await store.receive(hash);
    await assert.rejects(client.receive({ locations: [hostile], hash, maxBytes }, incoming), isFetchFault);
    await patient.receive({ locations: [good], hash, maxBytes }, incoming);
    await incoming.close();
    assert.deepEqual(Buffer.from((await store.get(hash))!), bytes);
  }
};

describe("a blob client asks a server that", { timeout: HANG_GUARD, concurrency: 16 }, () => {
  for (const [name, behave] of Object.entries(HTTP_BEHAVIOURS))
    it(name, async (t) => survives(t, await hostileServer(t, behave)));

  it("is no https server", async (t) => {
    for (const [name, origin] of Object.entries(await hostileTlsServers(t)))
      await t.test(name, (inner) => survives(inner, origin));
  });

  it("resets after any byte of its answer", async (t) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: ${bytes.length}\r\n\r\n`;
    const answer = Buffer.concat([Buffer.from(head), bytes]);
    const good = await honest(t);
    for (let at = 0; at < answer.length; at++) {
      const hostile = await hostileServer(t, resetsAfter(answer, at));
      const incoming = incomingBytes(hash);
      await patient.receive({ locations: [hostile, good], hash, maxBytes }, incoming);
      assert.deepEqual(Buffer.from(incoming.bytes()), bytes, `after ${at} bytes`);
    }
  });

  it("has a name that nobody resolves", async () => {
    const waiting = createBlobClient({ ...hurried, resolve: () => new Promise(() => {}) });
    await assert.rejects(waiting.fetchBlob({ location: "http://blobs.invalid", hash, maxBytes }), {
      code: "FETCH_TIMEOUT",
    });
  });
});
