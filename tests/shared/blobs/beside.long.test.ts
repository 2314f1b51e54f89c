import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { sha256 } from "#shared/protocol/hash.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { listen, quiet, stream } from "./support.js";

const bytes = Buffer.alloc(3_000_000);
for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
const hash = sha256(bytes);
const HALF = 1_500_000;

/** Sends half of the blob and stands still; asked again, it sends what is asked for. */
const slow = async (t: TestContext) => {
  const froms: number[] = [];
  const location = await listen(t, (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "bytes=0-")?.[1]);
    const isFirst = froms.push(from) === 1;
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": bytes.length - from,
      ...(from > 0 && { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    if (isFirst) response.write(bytes.subarray(from, HALF));
    else response.end(bytes.subarray(from));
  });
  return { location, froms };
};

/** What a server may do that is asked between two turns of another. */
const BETWEEN: Readonly<Record<string, (from: number, response: ServerResponse) => void>> = {
  "says that nothing is missing": (_, response) => void response.writeHead(416).end(),
  "sends other bytes, and stands still": (from, response) => {
    const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? { "content-range": range } : {});
    response.write(Buffer.alloc(1000, "x"));
  },
  "begins from the first byte, and stands still": (_, response) => {
    response.writeHead(200);
    response.write(Buffer.alloc(1000, "x"));
  },
};

describe("a download that is interrupted for others", { timeout: HANG_GUARD }, () => {
  for (const [what, answer] of Object.entries(BETWEEN))
    it(`goes on with its own bytes where one of them ${what}`, async (t) => {
      const { location, froms } = await slow(t);
      const other = await listen(t, (request, response) =>
        answer(Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "bytes=0-")?.[1]), response),
      );
      const dir = temporaryFolder(t);
      const store = directoryStore(dir);
      const incoming = await store.receive(hash);
      // Half of the blob in a turn is less than it must send, so the other is asked between.
      const client = createBlobClient({ allowPrivateAddresses: true, log: quiet, leastBytesPerSecond: 2_000_000 });
      await client.receive({ hash, maxBytes: bytes.length, locations: [location, other] }, incoming);
      await incoming.close();
      assert.deepEqual(Buffer.from((await store.get(hash)) ?? []), bytes);
      assert.equal(froms.length, 2);
      assert.ok(froms[1]! > 0, "nothing that it sent was thrown away");
      assert.deepEqual(readdirSync(join(dir, "incoming")), []);
    });

  it("is not sent by each of several that are fast", async (t) => {
    let sent = 0;
    const onSent = (count: number) => {
      sent += count;
    };
    const answer = () => listen(t, (request, response) => stream(request, response, { bytes, rate: 600_000, onSent }));
    const locations = await Promise.all(Array.from({ length: 5 }, answer));
    const store = directoryStore(temporaryFolder(t));
    const incoming = await store.receive(hash);
    const client = createBlobClient({ allowPrivateAddresses: true, log: quiet });
    await client.receive({ hash, maxBytes: bytes.length, locations }, incoming);
    await incoming.close();
    assert.deepEqual(Buffer.from((await store.get(hash)) ?? []), bytes);
    assert.ok(sent < 2 * bytes.length, `${sent} bytes`);
  });
});
