import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, it, type TestContext } from "node:test";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { type BlobStore, directoryStore } from "#shared/blobs/blob-store.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { openArchive } from "#shared/participant/files/archive.js";
import { createBlobs } from "#shared/participant/files/blobs.js";
import { openUsedCycles } from "#shared/participant/files/used-cycles.js";
import { sha256 } from "#shared/protocol/hash.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../../artifact/temporary.js";
import { collectingLog } from "../../chain/support.js";

const { log } = collectingLog();
const { signal } = new AbortController();
const bytesOf = (text: string) => Buffer.from(text);
const hashOf = (text: string) => sha256(bytesOf(text));

const open = async (t: TestContext, keep = 2) => {
  const home = temporaryFolder(t);
  const store = directoryStore(join(home, "own"));
  const client = createBlobClient({ allowPrivateAddresses: true, log });
  const blobs = await createBlobs(store, client, keep);
  const get = async (text: string, locations: Parameters<typeof blobs.get>[0]["locations"] = []) =>
    Buffer.from(await blobs.get({ hash: hashOf(text), maxBytes: 64, locations, signal })).toString();
  return { home, store, client, blobs, get };
};

/** Someone else's server. */
const other = async (t: TestContext, texts: readonly string[], change: (store: BlobStore) => BlobStore = (s) => s) => {
  const store = directoryStore(temporaryFolder(t));
  for (const text of texts) await store.put(bytesOf(text));
  const server = await startBlobServer({ host: "127.0.0.1", port: 0, store: change(store), visible: () => true, log });
  t.after(() => server.close());
  return server;
};

const broken = () =>
  new Readable({
    read() {
      this.destroy(new Error("the line broke"));
    },
  });

describe("blobs", { timeout: HANG_GUARD }, () => {
  it("come from the first location that has them, and from here from then on", async (t) => {
    const { get, store } = await open(t);
    const gone = await other(t, []);
    await gone.close();
    const empty = await other(t, []);
    const liar = await other(t, ["hello"], (store) => ({ ...store, stream: () => Readable.from([bytesOf("hullo")]) }));
    const good = await other(t, ["hello"]);
    const locations = [gone.url, empty.url, liar.url, good.url];
    assert.equal(await get("hello", locations), "hello");
    await good.close();
    assert.equal(await get("hello", locations), "hello");
    assert.ok(await store.has(hashOf("hello")));
  });

  it("ask nobody for what is here", async (t) => {
    const { get, blobs } = await open(t);
    await blobs.put(bytesOf("mine"));
    assert.equal(await get("mine", () => assert.fail("asked who has it")), "mine");
  });

  it("of strangers leave as much free as is kept: documents and what is agreed on come all the same", async (t) => {
    const { store, client } = await open(t);
    let free = 10e6;
    const blobs = await createBlobs(store, client, 2, { quota: 1e9, free: async () => free });
    const texts = ["an update", "another", "a report", "a model", "an old one"];
    const { url } = await other(t, texts);
    const get = (text: string, maxBytes: number, isAgreed = false) =>
      blobs.get({ hash: hashOf(text), maxBytes, locations: [url], signal, isAgreed });
    blobs.keepFree(7e6);
    await get("an update", 3e6);
    await assert.rejects(get("another", 4e6), coded("DISK_RESERVED"));
    await get("a report", 1 << 20);
    await get("a model", 4e6, true);
    assert.equal(await store.has(hashOf("another")), false);
    await blobs.turn(10);
    await get("an old one", 2e6);
    // What the quota alone keeps goes for it.
    await blobs.turn(20);
    free = 8e6;
    const gone = store.delete;
    store.delete = async (hash) => {
      free += 3e6;
      await gone(hash);
    };
    await get("another", 3e6);
    assert.ok(free > 8e6);
  });

  it("say what is wrong with the one who should have it", async (t) => {
    const { get } = await open(t);
    const liar = await other(t, ["hello"], (store) => ({ ...store, stream: () => Readable.from([bytesOf("hullo")]) }));
    const empty = await other(t, []);
    const huge = await other(t, ["x".repeat(65)]);
    await assert.rejects(get("hello"), coded("FETCH_NOT_FOUND"));
    await assert.rejects(get("hello", [empty.url]), coded("FETCH_NOT_FOUND"));
    await assert.rejects(get("hello", [liar.url, empty.url]), coded("FETCH_HASH_MISMATCH"));
    await assert.rejects(get("x".repeat(65), [huge.url, empty.url]), coded("FETCH_TOO_LARGE"));
  });

  it("that are here are held against the cap as well, before anything of them is read", async (t) => {
    const { home, store, client, blobs } = await open(t);
    const { lines, log } = collectingLog();
    const watched = await createBlobs(directoryStore(join(home, "own"), log), client, 2);
    const hash = await store.put(bytesOf("nine bytes"));
    // Whoever read it would find it damaged, and remove it.
    writeFileSync(join(home, "own", hash.slice(0, 2), hash), "other byte");
    const request = { hash, maxBytes: 9, locations: () => assert.fail("asked who has it"), signal };
    await assert.rejects(watched.get(request), coded("FETCH_TOO_LARGE"));
    await assert.rejects(watched.open(request), coded("FETCH_TOO_LARGE"));
    assert.deepEqual([await store.size(hash), lines.length], [10, 0]);
    await blobs.put(bytesOf("0123456789"));
    const sound = { ...request, hash: hashOf("0123456789") };
    await assert.rejects(blobs.get(sound), coded("FETCH_TOO_LARGE"));
    assert.equal((await blobs.get({ ...sound, maxBytes: 10 })).length, 10);
  });

  it("stop at once when the program does", async (t) => {
    const { blobs } = await open(t);
    const empty = await other(t, []);
    const controller = new AbortController();
    controller.abort(new Error("stopping"));
    const request = { hash: hashOf("a"), maxBytes: 8, locations: [empty.url], signal: controller.signal };
    await assert.rejects(blobs.get(request), /stopping/);
  });

  it("go when the last cycles did not use them", async (t) => {
    const { blobs, get, store } = await open(t, 2);
    await blobs.turn(5);
    await blobs.put(bytesOf("put in 5"));
    await blobs.put(bytesOf("read in 6"));
    const left = async () => {
      const hashes = new Set<string>();
      for await (const hash of store.list()) hashes.add(hash);
      return ["put in 5", "read in 6"].filter((text) => hashes.has(hashOf(text)));
    };
    await blobs.turn(6);
    await get("read in 6");
    assert.deepEqual(await left(), ["put in 5", "read in 6"]);
    await blobs.turn(7);
    assert.deepEqual(await left(), ["read in 6"]);
    await assert.rejects(get("put in 5"), coded("FETCH_NOT_FOUND"));
    await blobs.turn(8);
    assert.deepEqual(await left(), []);
  });

  it("of models that each cycle makes, and the next one reads, are there once more than for the cycles that are kept", async (t) => {
    const { blobs, get, store } = await open(t, 2);
    const left = async () => {
      let count = 0;
      for await (const _ of store.list()) count++;
      return count;
    };
    const counts: number[] = [];
    for (let cycle = 1; cycle <= 5; cycle++) {
      await blobs.turn(cycle);
      if (cycle > 1) await get(`model of ${cycle - 1}`);
      await blobs.put(bytesOf(`model of ${cycle}`));
      counts.push(await left());
    }
    assert.deepEqual(counts, [1, 2, 3, 3, 3]);
  });

  it("that are in force stay, however long ago they were used, and all do while nobody knows which these are", async (t) => {
    const { store, client } = await open(t);
    const blobs = await createBlobs(store, client, 2, { quota: 1 });
    const texts = ["in force", "of before"] as const;
    const left = async () => {
      const kept: string[] = [];
      for (const text of texts) if (await store.has(hashOf(text))) kept.push(text);
      return kept;
    };
    await blobs.turn(5);
    for (const text of texts) await blobs.put(bytesOf(text));
    await blobs.turn(90, 1, null);
    assert.deepEqual(await left(), [...texts]);
    await blobs.turn(91, 1, new Set([hashOf("in force"), hashOf("nowhere")]));
    assert.deepEqual(await left(), ["in force"]);
    await blobs.turn(92, 1, new Set());
    assert.deepEqual(await left(), []);
  });

  it("that are documents stay for the pay window as well, and tensors do not, whatever their size", async (t) => {
    const { blobs, get, store } = await open(t, 2);
    const window = 3;
    const large = new Uint8Array((1 << 20) + 1);
    const written = await blobs.create();
    await blobs.turn(5, window);
    await blobs.put(bytesOf("a report"));
    await blobs.put(bytesOf("read in parts"));
    await blobs.put(large);
    await written.append(bytesOf("a tensor"));
    await written.finish();
    await (await blobs.open({ hash: hashOf("read in parts"), maxBytes: 64, locations: [], signal })).close();
    const names = ["a report", "read in parts", "a tensor"];
    const left = async () => {
      const kept: string[] = [];
      for (const name of names) if (await store.has(hashOf(name))) kept.push(name);
      return kept;
    };
    await blobs.turn(6, window);
    assert.deepEqual(await left(), names);
    await blobs.turn(7, window);
    assert.deepEqual(await left(), ["a report"]);
    assert.ok(!(await store.has(sha256(large))));
    await blobs.turn(8, window);
    assert.equal(await get("a report"), "a report");
    for (const cycle of [9, 10, 11]) await blobs.turn(cycle, window);
    assert.deepEqual(await left(), ["a report"], "it was read in 8");
    await blobs.turn(12, window);
    assert.deepEqual(await left(), []);
  });

  it("of an earlier run stay for as many cycles as the first one's own", async (t) => {
    const first = await open(t, 2);
    await first.blobs.turn(5);
    await first.blobs.put(bytesOf("old"));
    const again = await createBlobs(first.store, first.client, 2);
    await again.turn(90);
    await again.turn(91);
    assert.ok(await first.store.has(hashOf("old")));
    await again.turn(92);
    assert.ok(!(await first.store.has(hashOf("old"))));
  });

  describe("of earlier runs", () => {
    const restarting = async (t: TestContext) => {
      const { home, store, client } = await open(t);
      const path = join(home, "used.jsonl");
      const start = async () => {
        const blobs = await createBlobs(store, client, 2, { usedCycles: openUsedCycles(path) });
        const read = (text: string) => blobs.get({ hash: hashOf(text), maxBytes: 64, locations: [], signal });
        return { ...blobs, read };
      };
      return { path, start, has: (text: string) => store.has(hashOf(text)) };
    };

    it("go when the last cycles did not use them, though every cycle has a run of its own", async (t) => {
      const { start, has } = await restarting(t);
      const first = await start();
      await first.turn(5);
      for (const text of ["put in 5", "read in 6 and 7"]) await first.put(bytesOf(text));
      for (const cycle of [6, 7]) {
        const run = await start();
        await run.turn(cycle);
        assert.equal(await has("put in 5"), cycle === 6);
        await run.read("read in 6 and 7");
      }
      await (await start()).turn(8);
      assert.ok(await has("read in 6 and 7"));
      await (await start()).turn(9);
      assert.ok(!(await has("read in 6 and 7")));
    });

    it("stay as of now where the file of their use does not say it, or says it in another network's cycles", async (t) => {
      const { path, start, has } = await restarting(t);
      const former = await start();
      await former.turn(90);
      for (const text of ["of a former network", "torn"]) await former.put(bytesOf(text));
      writeFileSync(
        path,
        `${JSON.stringify({ blob: hashOf("of a former network"), cycle: 90 })}\nno JSON\n{"blob":"${hashOf("torn")}`,
      );
      const next = await start();
      await next.turn(3);
      await next.put(bytesOf("put in 3"));
      for (const cycle of [4, 5]) {
        const run = await start();
        await run.turn(cycle);
        for (const text of ["of a former network", "torn", "put in 3"])
          assert.equal(await has(text), cycle === 4, text);
      }
    });
  });

  it("stay within the quota, but for what the last cycles used", async (t) => {
    const { store, client } = await open(t);
    const blobs = await createBlobs(store, client, 1, { quota: 25 });
    const texts = ["first 10 b", "second 10b", "third 10 b"] as const;
    const left = async () => {
      const kept: string[] = [];
      for (const text of texts) if (await store.has(hashOf(text))) kept.push(text);
      return kept;
    };
    await blobs.turn(1);
    for (const text of texts) await blobs.put(bytesOf(text));
    await blobs.turn(1);
    assert.deepEqual(await left(), [...texts], "30 bytes of the last cycle stay");
    await blobs.get({ hash: hashOf(texts[0]), maxBytes: 64, locations: [], signal });
    await blobs.turn(2);
    assert.deepEqual(await left(), [texts[0], texts[2]], "the least recently used went, no more than needed");
    await blobs.turn(9);
    assert.deepEqual(await left(), [texts[0], texts[2]], "20 bytes may stay for ever");
  });

  it("go to the archive, and are kept here until they are there", async (t) => {
    const { home, store, client } = await open(t);
    const { lines, log } = collectingLog();
    const remote = directoryStore(temporaryFolder(t));
    let isUp = false;
    const flaky: BlobStore = {
      ...remote,
      putFile: async (path, hash) => {
        if (!isUp) throw new BlockZeroError("STORE_FAILED", "it is down", "wait");
        return remote.putFile(path, hash);
      },
    };
    const archive = openArchive({ local: store, remote: flaky, queue: join(home, "queue.json"), log });
    const blobs = await createBlobs(store, client, 1, { archive });
    await blobs.turn(1);
    await blobs.put(bytesOf("mine"));
    await archive.idle();
    assert.equal(lines.filter(({ level }) => level === "warn").length, 1);
    await blobs.turn(5);
    await archive.idle();
    assert.ok(await store.has(hashOf("mine")), "the only copy stays");
    isUp = true;
    await blobs.turn(6);
    await archive.idle();
    assert.ok(await remote.has(hashOf("mine")));
    await blobs.turn(7);
    assert.ok(!(await store.has(hashOf("mine"))));
    const request = { hash: hashOf("mine"), maxBytes: 64, locations: [], signal };
    assert.deepEqual(Buffer.from(await blobs.get(request)), bytesOf("mine"), "and comes back");
  });

  it("are given up for an archive that takes nothing for long, rather than fill the disk", async (t) => {
    const { home, store, client } = await open(t);
    const { lines, log } = collectingLog();
    const putFile = async () => {
      throw new BlockZeroError("STORE_FAILED", "it is down", "wait");
    };
    const remote: BlobStore = { ...directoryStore(temporaryFolder(t)), putFile };
    const archive = openArchive({ local: store, remote, queue: join(home, "queue.json"), log });
    const blobs = await createBlobs(store, client, 1, { archive });
    await blobs.turn(1);
    await blobs.put(bytesOf("mine"));
    await archive.idle();
    await blobs.turn(65);
    assert.ok(await store.has(hashOf("mine")));
    await blobs.turn(66);
    assert.ok(!(await store.has(hashOf("mine"))));
    assert.ok(!archive.isPending(hashOf("mine")));
    assert.match(lines.map(({ message }) => message).join("\n"), /no longer kept/);
  });

  it("come back from the archive only within the cap, whatever size it announces", async (t) => {
    const { home, store, client } = await open(t);
    const remote = directoryStore(temporaryFolder(t));
    const hash = await remote.put(bytesOf("0123456789"));
    let streamed = 0;
    const counting: BlobStore = {
      ...remote,
      stream: (name) => {
        streamed++;
        return remote.stream(name);
      },
      get: () => assert.fail("read all of it"),
    };
    const archive = (from: BlobStore) =>
      openArchive({ local: store, remote: from, queue: join(home, "queue.json"), log });
    const honest = await createBlobs(store, client, 1, { archive: archive(counting) });
    const request = { hash, maxBytes: 9, locations: [], signal };
    await assert.rejects(honest.get(request), coded("FETCH_TOO_LARGE"));
    assert.equal(streamed, 0);
    const lying = await createBlobs(store, client, 1, { archive: archive({ ...counting, size: async () => 1 }) });
    await assert.rejects(lying.get(request), coded("FETCH_TOO_LARGE"));
    assert.equal(await store.has(hash), false);
    assert.equal(Buffer.from(await honest.get({ ...request, maxBytes: 10 })).toString(), "0123456789");
  });

  it("do not come from an archive that has other bytes, or none that can be read", async (t) => {
    const { home, store, client } = await open(t);
    const remote = directoryStore(temporaryFolder(t));
    const hash = await remote.put(bytesOf("hello"));
    const request = { hash, maxBytes: 64, locations: [], signal };
    const streams = [() => Readable.from([bytesOf("hullo")]), () => Readable.from(["hello"]), () => broken()];
    for (const stream of streams) {
      const archive = openArchive({
        local: store,
        remote: { ...remote, stream },
        queue: join(home, "queue.json"),
        log,
      });
      const blobs = await createBlobs(store, client, 1, { archive });
      await assert.rejects(blobs.get(request), coded("FETCH_NOT_FOUND"));
      assert.equal(await store.has(hash), false);
    }
  });

  it("are waited for no longer than the signal says, from an archive that is silent", async (t) => {
    const { home, store, client } = await open(t);
    const remote = directoryStore(temporaryFolder(t));
    const hash = await remote.put(bytesOf("hello"));
    const patience = new AbortController();
    const stream = () => {
      setImmediate(() => patience.abort());
      return new Readable({ read() {} });
    };
    const archive = openArchive({ local: store, remote: { ...remote, stream }, queue: join(home, "queue.json"), log });
    const blobs = await createBlobs(store, client, 1, { archive });
    const request = { hash, maxBytes: 64, locations: [], signal: patience.signal };
    await assert.rejects(blobs.get(request), { name: "AbortError" });
  });

  it("may be written and read in pieces, and are used by that", async (t) => {
    const { blobs, store } = await open(t, 2);
    await blobs.turn(5);
    const writer = await blobs.create();
    for (const piece of ["in ", "pieces"]) await writer.append(bytesOf(piece));
    const { hash, bytes } = await writer.finish();
    assert.deepEqual([hash, bytes], [hashOf("in pieces"), 9]);
    const { url } = await other(t, ["theirs"]);
    const theirs = { hash: hashOf("theirs"), maxBytes: 64, locations: [url], signal };
    await blobs.turn(6);
    for (const [request, text] of [
      [{ hash, maxBytes: 64, locations: [], signal }, "in pieces"],
      [theirs, "theirs"],
    ] as const) {
      const blob = await blobs.open(request);
      const read = Buffer.alloc(3);
      await blob.fill(read, 2);
      assert.equal(read.toString(), text.slice(2, 5));
      await blob.close();
    }
    await blobs.turn(7);
    assert.ok((await store.has(hash)) && (await store.has(theirs.hash)));
    await assert.rejects(blobs.open({ ...theirs, hash: hashOf("nobody's") }), coded("FETCH_NOT_FOUND"));
  });

  it("of others are not archived", async (t) => {
    const { home, store, client } = await open(t);
    const remote = directoryStore(temporaryFolder(t));
    const archive = openArchive({ local: store, remote, queue: join(home, "queue.json"), log });
    const blobs = await createBlobs(store, client, 1, { archive });
    const { url } = await other(t, ["theirs"]);
    await blobs.get({ hash: hashOf("theirs"), maxBytes: 64, locations: [url], signal });
    await archive.idle();
    assert.ok(!(await remote.has(hashOf("theirs"))));
  });
});
