import assert from "node:assert/strict";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, it, type TestContext } from "node:test";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
import { incomingBytes } from "#shared/blobs/incoming-blob.js";
import type { ByteRange } from "#shared/files/byte-range.js";
import { sha256 } from "#shared/protocol/hash.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { listen, quiet } from "./support.js";

const bytes = Buffer.alloc(1_000_000);
for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
const hash = sha256(bytes);
const maxBytes = bytes.length;
/** Less than a stretch. */
const HALF = 500_000;

const client = createBlobClient({ allowPrivateAddresses: true, log: quiet });

/** Our own server, which notes what it was asked for and may break off. */
const serve = async (t: TestContext, content: Buffer = bytes, breakAt: readonly number[] = []) => {
  const ranges: (ByteRange | undefined)[] = [];
  const breaks = [...breakAt];
  const source = {
    size: async (wanted: string) => (wanted === hash ? content.length : null),
    stream: (_: string, range?: ByteRange) => {
      ranges.push(range);
      const { start, end } = range ?? { start: 0, end: content.length };
      const stop = breaks.shift();
      if (stop === undefined) return Readable.from([content.subarray(start, end)]);
      return Readable.from(
        (async function* () {
          yield content.subarray(start, stop);
          throw new Error("the disk is gone");
        })(),
      );
    },
  };
  const server = await startBlobServer({ host: "127.0.0.1", port: 0, store: source, visible: () => true, log: quiet });
  t.after(() => server.close());
  return { location: server.url, ranges };
};

const partial = (dir: string) => join(dir, "incoming", hash);

const receive = async (store: LocalStore, locations: readonly string[], options: { maxBytes?: number } = {}) => {
  const incoming = await store.receive(hash);
  try {
    await client.receive({ hash, maxBytes, locations, ...options }, incoming);
  } finally {
    await incoming.close();
  }
};

const open = (t: TestContext) => {
  const dir = temporaryFolder(t);
  return { dir, store: directoryStore(dir) };
};

/** What came is what the sender had, and nothing of it is left over. */
const assertWhole = async (store: LocalStore, dir: string) => {
  assert.deepEqual(Buffer.from((await store.get(hash)) ?? []), bytes);
  assert.deepEqual(readdirSync(join(dir, "incoming")), []);
};

describe("a download", { timeout: HANG_GUARD }, () => {
  it("goes on where the connection broke, and sends no byte twice", async (t) => {
    const { dir, store } = open(t);
    const { location, ranges } = await serve(t, bytes, [HALF]);
    await receive(store, [location]);
    await assertWhole(store, dir);
    const [first, second] = ranges;
    assert.equal(first, undefined);
    assert.ok(
      second && second.start > 0 && second.start <= HALF && second.end === bytes.length,
      JSON.stringify(second),
    );
  });

  it("goes on as often as it takes where a stretch came between, whatever broke off before", async (t) => {
    // Half of what comes in a server's turn at the least rate.
    const stretch = 512 << 10;
    const large = Buffer.alloc(stretch + 6000, 7);
    const stops = [1000, 2000, 3000, 4000, 4000 + stretch, 5000 + stretch];
    const incoming = incomingBytes(sha256(large));
    let asked = 0;
    let breakOff = () => {};
    const location = await listen(t, (request, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "bytes=0-")?.[1]);
      const stop = stops[asked++] ?? large.length;
      const range = `bytes ${from}-${large.length - 1}/${large.length}`;
      response.writeHead(from > 0 ? 206 : 200, {
        "content-length": large.length - from,
        ...(from > 0 && { "content-range": range }),
      });
      response.write(large.subarray(from, stop));
      // Once everything sent is there.
      breakOff = () => {
        if (incoming.length() === stop && stop < large.length) response.destroy();
      };
    });
    const watched = {
      ...incoming,
      append: async (chunk: Uint8Array) => {
        await incoming.append(chunk);
        breakOff();
      },
    };
    const request = { hash: sha256(large), maxBytes: large.length, locations: [location] };
    await client.receive(request, watched);
    assert.ok(large.equals(incoming.bytes()));
    assert.equal(asked, stops.length + 1);
  });

  it("goes on at another source, with the first one's bytes", async (t) => {
    const { dir, store } = open(t);
    let asked = 0;
    const dying = await listen(t, (_, response) => {
      asked += 1;
      if (asked > 1) return void response.writeHead(500).end();
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, HALF), () => response.destroy());
    });
    const { location, ranges } = await serve(t);
    await receive(store, [dying, location]);
    await assertWhole(store, dir);
    assert.equal(ranges.length, 1);
    assert.ok((ranges[0]?.start ?? 0) > 0);
  });

  it("goes on after a restart of the program", async (t) => {
    const { dir, store } = open(t);
    const dead = await serve(t, bytes, [HALF, HALF + 1, HALF + 2, HALF + 3, HALF + 4]);
    await assert.rejects(receive(store, [dead.location]), { code: "FETCH_FAILED" });
    const { size } = statSync(partial(dir));
    assert.ok(size > 0);
    assert.equal(await store.has(hash), false, "a part is no blob");
    const again = directoryStore(dir);
    const { location, ranges } = await serve(t);
    await receive(again, [location]);
    await assertWhole(again, dir);
    assert.deepEqual(ranges, [{ start: size, end: bytes.length }]);
  });

  it("whose parts do not fit accuses nobody: the next source is asked for all of it", async (t) => {
    const { dir, store } = open(t);
    const lie = Buffer.from(bytes);
    lie[10] = (lie[10] ?? 0) ^ 1;
    const liar = await serve(
      t,
      lie,
      [HALF, HALF, HALF, HALF, HALF].map((at, i) => at + i),
    );
    const honest = await serve(t);
    await receive(store, [liar.location, honest.location]);
    await assertWhole(store, dir);
    assert.equal(honest.ranges.at(-1), undefined);
    const single = await serve(t, lie);
    const other = directoryStore(temporaryFolder(t));
    await assert.rejects(receive(other, [single.location]), { code: "FETCH_HASH_MISMATCH" });
  });

  it("does not trust what lies in the folder", async (t) => {
    for (const planted of [Buffer.alloc(1000, "x"), bytes, Buffer.concat([bytes.subarray(0, 99), Buffer.alloc(50)])]) {
      const { dir, store } = open(t);
      await store.sweep();
      writeFileSync(partial(dir), planted);
      const { location } = await serve(t);
      await receive(store, [location]);
      await assertWhole(store, dir);
    }
  });

  it("begins anew at a server that knows no ranges, and refuses one that sends another", async (t) => {
    const serveAs = (answer: RequestListener) => listen(t, answer);
    const { dir, store } = open(t);
    await store.sweep();
    writeFileSync(partial(dir), bytes.subarray(0, 1000));
    const wrong = await serveAs((_, response) => {
      response.writeHead(206, { "content-range": `bytes 0-9/${bytes.length}` }).end(bytes.subarray(0, 10));
    });
    await assert.rejects(receive(store, [wrong]), { code: "FETCH_FAILED" });
    const plain = await serveAs((_, response) => response.end(bytes));
    await receive(store, [plain]);
    await assertWhole(store, dir);
  });

  it("of more than its cap is thrown away", async (t) => {
    const { dir, store } = open(t);
    const { location } = await serve(t);
    await assert.rejects(receive(store, [location], { maxBytes: 1000 }), { code: "FETCH_TOO_LARGE" });
    const endless = await listen(t, (_, response) => {
      const more = () => {
        while (response.writable && response.write(Buffer.alloc(65_536)));
        response.once("drain", more);
      };
      more();
    });
    await assert.rejects(receive(store, [endless]), { code: "FETCH_TOO_LARGE" });
    assert.equal(statSync(partial(dir)).size, 0);
  });

  it("that trickles is cut, though each byte comes in time", async (t) => {
    const trickling = await listen(t, (_, response) => {
      const timer = setInterval(() => response.write("x"), 2);
      response.once("close", () => clearInterval(timer));
    });
    const impatient = createBlobClient({
      allowPrivateAddresses: true,
      log: quiet,
      windowMs: 40,
      minBytesPerSecond: 100_000,
    });
    await assert.rejects(impatient.fetchBlob({ location: trickling, hash, maxBytes }), {
      code: "FETCH_TIMEOUT",
      message: /less than 100000 bytes a second/,
    });
  });

  it("by two at once gives one blob", async (t) => {
    const { dir, store } = open(t);
    const { location } = await serve(t);
    await Promise.all([receive(store, [location]), receive(store, [location])]);
    await assertWhole(store, dir);
  });

  it("that nobody went on with is swept away a turn later", async (t) => {
    const { dir, store } = open(t);
    const dead = await serve(
      t,
      bytes,
      [1, 2, 3, 4, 5].map((i) => HALF + i),
    );
    await assert.rejects(receive(store, [dead.location]));
    await store.sweep();
    assert.ok(statSync(partial(dir)).size > 0);
    await store.sweep();
    assert.deepEqual(readdirSync(join(dir, "incoming")), []);
  });

  it("holds no more of the blob in memory than is on its way", async (t) => {
    const total = 256 << 20;
    const piece = Buffer.alloc(1 << 20, 7);
    const server = createServer((_, response) => {
      Readable.from(
        (function* () {
          for (let sent = 0; sent < total; sent += piece.length) yield piece;
        })(),
      ).pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const { store } = open(t);
    const incoming = await store.receive(hash);
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const watched = {
      ...incoming,
      append: async (chunk: Uint8Array) => {
        await incoming.append(chunk);
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      },
    };
    const request = { hash, maxBytes: total, locations: [`http://127.0.0.1:${address.port}`] };
    await assert.rejects(client.receive(request, watched), { code: "FETCH_HASH_MISMATCH" });
    await incoming.close();
    assert.ok(peak < total / 2, `${peak} bytes at once`);
  });
});
