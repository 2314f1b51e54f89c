import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { type BlobStore, directoryStore } from "#shared/blobs/blob-store.js";
import { openStore } from "#shared/blobs/open-store.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { bytesOfSource, withSource } from "#shared/files/byte-source.js";
import { sha256 } from "#shared/protocol/hash.js";
import { openSubnetFiles } from "#shared/subnet/files.js";
import { archivedCopies, checkedBlob, type ServerOptions, serverCopies } from "#shared/subnet/remote-copies.js";
import { silentLog } from "#shared/telemetry/log.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { hostileServer } from "../../support/hostile-server.js";
import { temporaryFolder } from "../artifact/temporary.js";

const text = Buffer.from("what was agreed on");
const hash = sha256(text);
const file = { hash, maxBytes: 100 };

/** A server of that text, or of another one in its place; `requests` counts who asked for it. */
const serverOf = async (
  t: TestContext,
  { says, perAddress, now = Date.now }: { says?: string; perAddress?: number; now?: () => number } = {},
) => {
  const folder = temporaryFolder(t);
  const store = directoryStore(folder);
  await store.put(text);
  if (says !== undefined) writeFileSync(join(folder, hash.slice(0, 2), hash), says);
  let requests = 0;
  const server = await startBlobServer({
    ...{ host: "127.0.0.1", port: 0, store, log: silentLog },
    visible: () => {
      requests++;
      return true;
    },
    ...(perAddress && {
      admission: {
        verify: () => false,
        roleOf: () => null,
        serveStrangers: true,
        perHotkey: 1,
        perAddress,
        now,
      },
    }),
  });
  t.after(() => server.close());
  return { url: server.url, close: server.close, requests: () => requests };
};

/** The origin of a server that answers as it likes. */
const listen = async (t: TestContext, server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
};

const client = createBlobClient({ allowPrivateAddresses: true, log: silentLog, busyPausesMs: [] });
const open = (
  t: TestContext,
  servers: readonly string[],
  options: Partial<Parameters<typeof openSubnetFiles>[0] & ServerOptions> = {},
) => {
  const remote = serverCopies({ client, servers: async () => servers, signal: t.signal, ...options });
  const files = openSubnetFiles({ folders: [], remote, ...options });
  t.after(() => files.close());
  return files;
};

describe("the files of a subnet, from outside", { timeout: HANG_GUARD }, () => {
  it("come from the first who has them, once, and whoever serves another one is named with what it serves", async (t) => {
    const [liar, good, other] = [
      await serverOf(t, { says: "what was never said" }),
      await serverOf(t),
      await serverOf(t),
    ];
    const files = open(t, [good.url, other.url]);
    const request = { ...file, location: liar.url };
    assert.deepEqual(Buffer.from(await files.fetch(request)), text);
    assert.deepEqual(Buffer.from(await files.fetch(request)), text);
    assert.deepEqual([liar.requests(), good.requests(), other.requests()], [1, 1, 0]);
    const [damaged, ...more] = files.takeFaulty();
    assert.deepEqual([damaged?.path, damaged?.hash, more], [`${liar.url}/blob/${hash}`, hash, []]);
    const said = await withSource(await damaged!.open(), bytesOfSource);
    assert.equal(Buffer.from(said).toString(), "what was never said");
    await liar.close();
    await assert.rejects(damaged!.open(), { code: "FETCH_FAILED" });
  });

  it("that came in part do not pile up, whoever sends them", async (t) => {
    let answers = 0;
    const origin = await listen(
      t,
      createServer((_, response) => {
        answers++;
        response.writeHead(200, { "content-length": text.length });
        response.write(text.subarray(0, 4), () => response.destroy());
      }),
    );
    const scratch = join(temporaryFolder(t), "scratch");
    const files = open(t, [origin], { scratch });
    const parts = () => readdirSync(join(scratch, "incoming")).length;
    await assert.rejects(files.fetch(file));
    assert.ok(answers > 0);
    assert.equal(parts(), 1, "it may go on");
    await files.retain(new Set());
    await files.retain(new Set());
    assert.equal(parts(), 0);
  });

  it("are asked of everybody where that is wanted, also when they are at hand", async (t) => {
    const [good, liar] = [await serverOf(t), await serverOf(t, { says: "another" })];
    const folder = temporaryFolder(t);
    await directoryStore(folder).put(text);
    const files = open(t, [good.url, liar.url], { folders: [folder], everyCopy: true });
    for (let round = 0; round < 2; round++) assert.deepEqual(Buffer.from(await files.fetch(file)), text);
    assert.deepEqual([good.requests(), liar.requests()], [1, 1]);
    assert.deepEqual(
      files.takeFaulty().map(({ path }) => path),
      [`${liar.url}/blob/${hash}`],
    );
  });

  it("are waited for where a server is busy, and not for ever", async (t) => {
    // The server's clock: it stands still until somebody waits.
    const clock = { ms: Date.now(), perLook: 0 };
    const busy = await serverOf(t, { perAddress: 60, now: () => (clock.ms += clock.perLook) });
    const fetch = (url = `${busy.url}/blob/${"0".repeat(64)}`) => globalThis.fetch(url);
    while ((await fetch()).status !== 429);
    await assert.rejects(open(t, [busy.url], { patienceMs: 2, pauseMs: 1 }).fetch(file), {
      code: "FETCH_BUSY",
      message: /429/,
    });
    clock.perLook = 100;
    const patient = open(t, [busy.url], { patienceMs: HANG_GUARD, pauseMs: 5 });
    assert.deepEqual(Buffer.from(await patient.fetch(file)), text);
  });

  it("come from whoever has them before anybody is waited for who is busy, and those are waited for together", async (t) => {
    const asked: string[] = [];
    const busy = await Promise.all(
      ["a", "b", "c"].map((name) =>
        listen(
          t,
          createServer((_, response) => {
            asked.push(name);
            response.writeHead(503).end();
          }),
        ),
      ),
    );
    const good = await serverOf(t);
    let pauses = 0;
    const pause = async () => void pauses++;
    const files = open(t, [...busy, good.url], { pause });
    assert.deepEqual(Buffer.from(await files.fetch(file)), text);
    assert.deepEqual([asked, pauses], [["a", "b", "c"], 0]);
    const missing = { ...file, hash: sha256(Buffer.from("nobody's")) };
    const few = open(t, [...busy, good.url], { pause, patienceMs: 16_000, pauseMs: 5_000 });
    await assert.rejects(few.fetch(missing), { code: "FETCH_NOT_FOUND", message: /answered 503.*nor 1 other/ });
    assert.equal(asked.slice(3).join(""), "abcabcabcabc");
    assert.equal(pauses, 9);
  });

  it("come from whoever has them before anybody is waited for who is silent or drips", async (t) => {
    let now = 0;
    const slowly = (says: string) =>
      listen(
        t,
        createServer((_, response) => {
          response.write(says);
          now += 3_000;
        }),
      );
    const slow = [await slowly(""), await slowly("x")];
    const good = await serverOf(t);
    // Whose own limits end nothing.
    const forever = { graceMs: HANG_GUARD, windowMs: HANG_GUARD };
    const client = createBlobClient({ allowPrivateAddresses: true, log: silentLog, busyPausesMs: [], ...forever });
    const slowLast = new Set<string>();
    const options = { client, now: () => now, slow: slowLast };
    assert.deepEqual(Buffer.from(await open(t, [...slow, good.url], options).fetch(file)), text);
    assert.deepEqual(slowLast, new Set(slow));
    const remote = serverCopies({ ...options, servers: async () => [...slow, good.url], signal: t.signal });
    assert.equal((await remote(file))[0]?.name, `${good.url}/blob/${hash}`, "the next time");
  });

  it("come from an archive when all servers are gone, and who was asked is told when it lacks them too", async (t) => {
    const gone = await serverOf(t);
    await gone.close();
    const folder = temporaryFolder(t);
    const archive = directoryStore(folder);
    const remote = async (request: Parameters<ReturnType<typeof archivedCopies>>[0]) => [
      ...(await serverCopies({ client, servers: async () => [gone.url], signal: t.signal })(request)),
      ...(await archivedCopies(archive, "directory:old", t.signal)(request)),
    ];
    const files = open(t, [], { remote });
    await assert.rejects(files.fetch(file), {
      code: "FETCH_NOT_FOUND",
      message: new RegExp(`^nobody has ${hash}: (?!.*${hash}).*ECONNREFUSED.*; directory:old does not have it$`),
    });
    await archive.put(text);
    await assert.rejects(files.fetch({ hash, maxBytes: 3 }), {
      code: "FETCH_NOT_FOUND",
      message: /18 bytes, at most 3/,
    });
    assert.deepEqual(Buffer.from(await files.fetch(file)), text);

    const path = join(folder, hash.slice(0, 2), hash);
    writeFileSync(path, "rotten");
    const again = open(t, [], { remote });
    await assert.rejects(again.fetch(file), {
      code: "FETCH_NOT_FOUND",
      message: new RegExp(`^nobody has ${hash}: directory:old has other bytes as ${hash}; .*ECONNREFUSED`),
    });
    assert.deepEqual(
      again.takeFaulty().map(({ path }) => path),
      [`directory:old/${hash}`],
    );
    assert.ok(existsSync(path) && readFileSync(path, "utf8") === "rotten", "an audit changes nothing");
  });

  it("are damaged everywhere only where every fault was that, and who has other bytes is told first", async (t) => {
    const [liar, other, empty] = [
      await serverOf(t, { says: "another" }),
      await serverOf(t, { says: "a third" }),
      await serverOf(t),
    ];
    await empty.close();
    await assert.rejects(open(t, [liar.url, other.url]).fetch(file), {
      code: "FETCH_HASH_MISMATCH",
      message: new RegExp(`^every copy of ${hash} is damaged: .*${liar.url}.*; .*${other.url}`),
    });
    await assert.rejects(open(t, [empty.url, liar.url]).fetch(file), {
      code: "FETCH_NOT_FOUND",
      message: new RegExp(`^nobody has ${hash}: .*${liar.url}.* served other bytes .*ECONNREFUSED`),
    });
  });

  it("cost no more than a server's time in all, however it spends that", async (t) => {
    const requests: string[] = [];
    const busy = createServer(({ url }, response) => {
      requests.push(url!);
      const isHere = requests.length % 3 === 0;
      response.writeHead(isHere ? 200 : 429).end(isHere ? text : "");
    });
    const url = await listen(t, busy);
    const remote = serverCopies({
      ...{ client, servers: async () => [url], signal: t.signal },
      ...{ patienceMs: 15_000, pauseMs: 5_000, pause: async () => {} },
    });
    const receive = async () => (await remote(file))[0]!.receive(checkedBlob(hash));
    await receive();
    await assert.rejects(receive(), { code: "FETCH_BUSY" });
    assert.equal(requests.length, 5, "an answer gives nothing back");
    await assert.rejects(receive(), { code: "FETCH_TIMEOUT", message: `${url} was waited for 15000 ms in all` });
    assert.equal(requests.length, 5);
  });

  it("are waited for no longer where their hotkey names another busy server in each cycle", async (t) => {
    const empty = await serverOf(t);
    let pauses = 0;
    const remote = serverCopies({
      ...{ client, servers: async () => [empty.url], signal: t.signal, patienceMs: 15_000, pauseMs: 5_000 },
      pause: async () => {
        pauses++;
      },
    });
    const files = open(t, [], { remote });
    for (let cycle = 0; cycle < 3; cycle++) {
      const location = await listen(
        t,
        createServer((_, response) => response.writeHead(429).end()),
      );
      await assert.rejects(files.fetch({ hash: sha256(Buffer.from(`cycle ${cycle}`)), maxBytes: 100, location }));
    }
    assert.equal(pauses, 3, "one alone is waited for twice");
  });

  it("come from others first once a server was too slow, and not from it once its time is up", async (t) => {
    let stalled = 0;
    const silent = await listen(
      t,
      createServer(() => {
        stalled++;
      }),
    );
    const good = await serverOf(t);
    const hasty = createBlobClient({ allowPrivateAddresses: true, log: silentLog, graceMs: 50 });
    const options = { client: hasty, signal: t.signal };
    const remote = serverCopies({ ...options, servers: async () => [silent, good.url] });
    const origins = async () => (await remote(file)).map(({ name }) => name.split("/blob/")[0]);
    assert.deepEqual(await origins(), [silent, good.url]);
    await assert.rejects((await remote(file))[0]!.receive(checkedBlob(hash)), { code: "FETCH_TIMEOUT" });
    assert.deepEqual(await origins(), [good.url, silent]);
    assert.deepEqual(
      (await remote({ ...file, location: silent })).map(({ name }) => name),
      [`${good.url}/blob/${hash}`, `${silent}/blob/${hash}`],
    );

    const impatient = serverCopies({ ...options, servers: async () => [silent], patienceMs: 1 });
    for (let round = 0; round < 3; round++)
      await assert.rejects((await impatient(file))[0]!.receive(checkedBlob(hash)), { code: "FETCH_TIMEOUT" });
    assert.equal(stalled, 2);
  });
});

describe("the copy in an archive", { timeout: HANG_GUARD }, () => {
  const receive = async (store: BlobStore, incoming = checkedBlob(hash), maxBytes = 100) => {
    const [copy] = await archivedCopies(store, "s3://old", never)({ hash, maxBytes });
    return copy!.receive(incoming);
  };
  const never = new AbortController().signal;

  it("cannot be had where the archive fails, before its stream and in it", async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "file"), "no folder");
    const unreadable = directoryStore(join(folder, "file"));
    const emptied = { ...directoryStore(join(folder, "blobs")), size: async () => text.length };
    await assert.rejects(unreadable.size(hash), { code: "STORE_FAILED" });
    for (const store of [unreadable, emptied])
      await assert.rejects(receive(store), { code: "FETCH_FAILED", message: /^s3:\/\/old: EN/ });

    const good = await serverOf(t);
    const remote = async (request: typeof file) => [
      ...(await archivedCopies(unreadable, "s3://old", t.signal)(request)),
      ...(await serverCopies({ client, servers: async () => [good.url], signal: t.signal })(request)),
    ];
    assert.deepEqual(Buffer.from(await open(t, [], { remote }).fetch(file)), text);
  });

  it("ends at what was asked for, whatever length it was said to have", async (t) => {
    const store = directoryStore(temporaryFolder(t));
    await store.put(text);
    const incoming = checkedBlob(hash);
    const short = { ...store, size: async () => 3 };
    await assert.rejects(receive(short, incoming, 3), { code: "FETCH_TOO_LARGE" });
    assert.equal(incoming.length(), 0);
  });

  it("is waited for until it is not wanted any more", async (t) => {
    const stop = new AbortController();
    const silent = await hostileServer(t, (socket) => socket.once("data", () => stop.abort(new Error("stopped"))));
    const env = { AWS_ENDPOINT_URL_S3: silent, AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };
    const store = await openStore({ kind: "s3", bucket: "old", prefix: "" }, env, { signal: stop.signal });
    const [copy] = await archivedCopies(store!, "s3://old", stop.signal)(file);
    await assert.rejects(copy!.receive(checkedBlob(hash)), /^Error: stopped$/);
  });

  it("leaves the fault of whoever takes it as it is", async (t) => {
    const store = directoryStore(temporaryFolder(t));
    await store.put(text);
    const append = async () => {
      throw new BlockZeroError("STORE_FAILED", "no space", "make some");
    };
    await assert.rejects(receive(store, { ...checkedBlob(hash), append }), { code: "STORE_FAILED" });
  });
});

describe("a file that is looked at without being kept", () => {
  it("is thrown away where it is another one", async () => {
    const incoming = checkedBlob(hash);
    await incoming.append(Buffer.from("another"));
    assert.deepEqual([await incoming.finish(), incoming.length()], [false, 0]);
    await incoming.append(text);
    assert.deepEqual([await incoming.finish(), incoming.length()], [true, text.length]);
  });
});
