import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, createServer as createSocketServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type BlobClientOptions, createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { type FetchTurns, openFetchTurns } from "#shared/blobs/fetch-turns.js";
import { incomingBytes } from "#shared/blobs/incoming-blob.js";
import { type BlobSource, layeredSource } from "#shared/blobs/layered-store.js";
import { listedSource } from "#shared/blobs/listed-source.js";
import { memoryStore } from "#shared/blobs/memory-store.js";
import { sha256 } from "#shared/protocol/hash.js";
import { isPublicAddress } from "#shared/util/public-address.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { quiet } from "./support.js";

const bytes = Buffer.alloc(300_000, "blob");
const hash = sha256(bytes);
const maxBytes = 1 << 20;
const client = (options: Partial<BlobClientOptions> = {}) =>
  createBlobClient({ allowPrivateAddresses: true, log: quiet, ...options });

const serve = async (context: TestContext, options: { maxConnectionsPerAddress?: number; answerMs?: number } = {}) => {
  const store = directoryStore(temporaryFolder(context));
  const shown = new Set<string>();
  const server = await startBlobServer({
    host: "127.0.0.1",
    port: 0,
    store,
    visible: (wanted) => shown.has(wanted),
    log: quiet,
    ...options,
  });
  context.after(() => server.close());
  return { store, shown, server, location: server.url };
};

/** A server of somebody who means ill. */
const hostile = async (context: TestContext, listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${portOf(server.address())}`;
};
const hostileSocket = async (context: TestContext, listener: (socket: Socket) => void): Promise<string> => {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    listener(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${portOf(server.address())}`;
};
const portOf = (address: string | AddressInfo | null): number => {
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
};

test("a blob travels whole, and only once it is visible", async (context) => {
  const { store, shown, location } = await serve(context);
  await store.put(bytes);
  const fetch = () => client().fetchBlob({ location, hash, maxBytes });
  await assert.rejects(fetch(), { code: "FETCH_NOT_FOUND" });
  shown.add(hash);
  assert.deepEqual(Buffer.from(await fetch()), bytes);
  assert.deepEqual(Buffer.from(await client().fetchBlob({ location, hash, maxBytes: bytes.length })), bytes);
  await assert.rejects(client().fetchBlob({ location, hash, maxBytes: bytes.length - 1 }), { code: "FETCH_TOO_LARGE" });
  shown.add(sha256(Buffer.from("absent")));
  const absent = { location, hash: sha256(Buffer.from("absent")), maxBytes };
  await assert.rejects(client().fetchBlob(absent), { code: "FETCH_NOT_FOUND" });
});

test("the server answers GET, HEAD and health, and nothing else", async (context) => {
  const { store, shown, location } = await serve(context);
  await store.put(bytes);
  shown.add(hash);
  const ask = (path: string, init?: RequestInit) => fetch(location + path, init);
  const head = await ask(`/blob/${hash}`, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "300000", ""]);
  assert.deepEqual(await (await ask("/health")).json(), { status: "ok" });
  for (const path of [
    "/",
    "/blob/",
    `/blob/${hash}/`,
    `/blob/${hash}?x`,
    "/blob/%2e%2e%2fetc",
    `/blob/${hash.toUpperCase()}`,
  ]) {
    assert.equal((await ask(path)).status, 404, path);
  }
  assert.equal((await ask(`/blob/${hash}`, { method: "DELETE" })).status, 405);
  assert.equal((await ask(`/blob/${hash}`, { method: "POST", body: "x" })).status, 413);
});

test("a server that cannot bind says so", async (context) => {
  const { server, store } = await serve(context);
  const again = { host: "127.0.0.1", port: server.port, store, visible: () => true, log: quiet };
  await assert.rejects(startBlobServer(again), { code: "SERVER_FAILED" });
});

test("the server drops one connection too many, and garbage", async (context) => {
  const { server } = await serve(context, { maxConnectionsPerAddress: 1 });
  const first = connect(server.port, "127.0.0.1");
  first.write("GET /health HTTP/1.1\r\nhost: a\r\n\r\n");
  await once(first, "data");
  assert.equal(await text(connect(server.port, "127.0.0.1")), "");
  const unlimited = await serve(context);
  const garbage = connect(unlimited.server.port, "127.0.0.1");
  garbage.on("error", () => {});
  const closed = once(garbage, "close");
  garbage.write("\x16\x03\x01 this is no HTTP\r\n\r\n");
  await closed;
  first.destroy();
});

test("the server gives up on a client that does not read", { timeout: HANG_GUARD }, async (context) => {
  const large = Buffer.alloc(64 << 20);
  const { store, shown, server } = await serve(context, { maxConnectionsPerAddress: 1, answerMs: 200 });
  shown.add(await store.put(large));
  const slow = connect(server.port, "127.0.0.1");
  slow.on("error", () => {});
  const closed = once(slow, "close");
  slow.pause();
  slow.write(`GET /blob/${sha256(large)} HTTP/1.1\r\nhost: a\r\n\r\n`);
  await once(slow, "connect");
  // the only place is taken until then
  const isFree = () =>
    fetch(`${server.url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!context.signal.aborted && !(await isFree()));
  let received = 0;
  slow.on("data", (chunk) => {
    received += chunk.length;
  });
  slow.resume();
  await closed;
  assert.ok(received < large.length);
});

test("bytes with another hash are not handed on", async (context) => {
  const location = await hostile(context, (_, response) => response.end("something else"));
  await assert.rejects(client().fetchBlob({ location, hash, maxBytes }), { code: "FETCH_HASH_MISMATCH" });
});

test("a stream without end is cut at the cap, with or without an announced length", async (context) => {
  let sent = 0;
  const endless = await hostile(context, (_, response) => {
    const more = (): void => {
      while (response.writable && response.write(Buffer.alloc(65_536))) sent += 65_536;
      response.once("drain", more);
    };
    more();
  });
  await assert.rejects(client().fetchBlob({ location: endless, hash, maxBytes }), { code: "FETCH_TOO_LARGE" });
  assert.ok(sent < 64 << 20, `${sent} bytes sent`);
  const announced = await hostile(context, (_, response) =>
    response.writeHead(200, { "content-length": 2 ** 40 }).flushHeaders(),
  );
  await assert.rejects(client().fetchBlob({ location: announced, hash, maxBytes }), { code: "FETCH_TOO_LARGE" });
});

test("a server that is silent, or trickles, meets the deadline", async (context) => {
  const silent = await hostileSocket(context, () => {});
  await assert.rejects(client({ graceMs: 50 }).fetchBlob({ location: silent, hash, maxBytes }), {
    code: "FETCH_TIMEOUT",
  });
  const trickling = await hostile(context, (_, response) => {
    const timer = setInterval(() => response.write("x"), 5);
    response.once("close", () => clearInterval(timer));
  });
  await assert.rejects(client({ graceMs: 100 }).fetchBlob({ location: trickling, hash, maxBytes }), {
    code: "FETCH_TIMEOUT",
  });
});

test("a caller's abort ends the fetch with its reason", async (context) => {
  const stop = new AbortController();
  const reason = new Error("phase over");
  const location = await hostileSocket(context, () => stop.abort(reason));
  await assert.rejects(client().fetchBlob({ location, hash, maxBytes, signal: stop.signal }), reason);
  await assert.rejects(client().fetchBlob({ location, hash, maxBytes, signal: stop.signal }), reason);
});

test("a server that is busy is asked again after a pause once the others have nothing, and not for ever", async (context) => {
  const asked = { busy: 0, empty: 0 };
  let until = 3;
  const busy = await hostile(context, (_, response) => {
    response.writeHead(++asked.busy < until ? 503 : 200).end(asked.busy < until ? "" : bytes);
  });
  const empty = await hostile(context, (_, response) => {
    asked.empty++;
    response.writeHead(404).end();
  });
  const receive = async (busyPausesMs: readonly number[], signal?: AbortSignal) => {
    Object.assign(asked, { busy: 0, empty: 0 });
    const incoming = incomingBytes(hash);
    const request = { locations: [busy, empty], hash, maxBytes, ...(signal && { signal }) };
    await client({ busyPausesMs }).receive(request, incoming);
    return Buffer.from(incoming.bytes());
  };
  assert.deepEqual(await receive([1, 1]), bytes);
  assert.deepEqual(asked, { busy: 3, empty: 1 });
  for (const pauses of [0, 2]) {
    until = pauses + 2;
    const told = new RegExp(`could not be had: ${busy} answered 503; ${empty} does not have it$`);
    await assert.rejects(receive(Array(pauses).fill(1)), { code: "FETCH_BUSY", message: told });
    assert.deepEqual(asked, { busy: pauses + 1, empty: 1 });
  }
  const controller = new AbortController();
  const waiting = receive([2 ** 31 - 1], controller.signal);
  while (asked.empty === 0) await pause(1);
  controller.abort(new Error("the time is over"));
  await assert.rejects(waiting, /the time is over/);
});

test("redirects are not followed, compression is not undone, broken answers are faults", async (context) => {
  let asked = 0;
  const target = await hostile(context, (_, response) => {
    asked += 1;
    response.end(bytes);
  });
  const redirect = await hostile(context, (_, response) =>
    response.writeHead(302, { location: `${target}/blob/${hash}` }).end(),
  );
  await assert.rejects(client().fetchBlob({ location: redirect, hash, maxBytes }), { code: "FETCH_FAILED" });
  assert.equal(asked, 0);
  const zipped = await hostile(context, (_, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(bytes));
  });
  await assert.rejects(client().fetchBlob({ location: zipped, hash, maxBytes }), { code: "FETCH_HASH_MISMATCH" });
  for (const reply of [
    "garbage\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
    `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(5000)}\r\n`,
    "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
    "",
  ]) {
    const location = await hostileSocket(context, (socket) => socket.once("data", () => socket.end(reply)));
    await assert.rejects(
      client().fetchBlob({ location, hash, maxBytes }),
      { code: "FETCH_FAILED" },
      reply.slice(0, 40),
    );
  }
});

test("addresses of the validator's own network are refused, however they are written", async (context) => {
  let connections = 0;
  const location = await hostileSocket(context, () => {
    connections += 1;
  });
  const port = new URL(location).port;
  const strict = client({ allowPrivateAddresses: false });
  const refused = { code: "FETCH_REFUSED_ADDRESS" };
  for (const host of [
    "127.0.0.1",
    "localhost",
    "2130706433",
    "0x7f.1",
    "0.0.0.0",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
  ]) {
    await assert.rejects(strict.fetchBlob({ location: `http://${host}:${port}`, hash, maxBytes }), refused, host);
  }
  for (const other of [
    "http://10.0.0.1",
    "http://169.254.169.254",
    "http://[fd00::1]",
    "http://[fe80::1]",
    "http://[64:ff9b::7f00:1]",
  ]) {
    await assert.rejects(strict.fetchBlob({ location: other, hash, maxBytes }), refused, other);
  }
  assert.equal(connections, 0);
});

test("a name is resolved once, and refused if any of its addresses is private", async (context) => {
  const { store, shown, server } = await serve(context);
  shown.add(await store.put(bytes));
  const location = `http://blobs.invalid:${server.port}`;
  let looked = 0;
  const resolve = async () => {
    looked += 1;
    // a rebinding name: harmless the first time, elsewhere from then on
    return [{ address: looked === 1 ? "127.0.0.1" : "192.0.2.1", family: 4 }];
  };
  assert.deepEqual(Buffer.from(await client({ resolve }).fetchBlob({ location, hash, maxBytes })), bytes);
  assert.equal(looked, 1);

  const both = [
    { address: "8.8.8.8", family: 4 },
    { address: "127.0.0.1", family: 4 },
  ];
  const refused = { code: "FETCH_REFUSED_ADDRESS" };
  for (const addresses of [both, both.slice(1), []]) {
    const strict = client({ allowPrivateAddresses: false, resolve: async () => addresses });
    await assert.rejects(strict.fetchBlob({ location, hash, maxBytes }), refused);
  }
  const unknown = client({ resolve: () => Promise.reject(new Error("ENOTFOUND")) });
  await assert.rejects(unknown.fetchBlob({ location, hash, maxBytes }), { code: "FETCH_FAILED" });
});

test("what is fetched counts for the address that it comes from, not for others that the name has", async (context) => {
  const { store, shown, server } = await serve(context);
  shown.add(await store.put(bytes));
  const location = `http://blobs.invalid:${server.port}`;
  const held = new Set<string>();
  const asked: string[] = [];
  const turns: FetchTurns = {
    take: async ({ network }) => {
      held.add(network);
      asked.push(network);
      return { over: new AbortController().signal, release: () => void held.delete(network) };
    },
  };
  /** Networks that hold a place while bytes come. */
  const whileBytesCome: string[] = [];
  const incoming = incomingBytes(hash);
  const watched = {
    ...incoming,
    append: (chunk: Uint8Array) => {
      whileBytesCome.push(...held);
      return incoming.append(chunk);
    },
  };
  const addresses = ["127.0.0.2", "127.0.0.1", "127.0.0.3"].map((address) => ({ address, family: 4 }));
  const fetching = client({ turns, resolve: async () => addresses });
  await fetching.receive({ locations: [location], hash, maxBytes }, watched);
  assert.deepEqual(asked, ["127.0.0.2", "127.0.0.1"]);
  assert.deepEqual(new Set(whileBytesCome), new Set(["127.0.0.1"]));

  const nowhere = client({ turns, resolve: async () => [addresses[0]!, addresses[2]!] });
  await assert.rejects(nowhere.fetchBlob({ location, hash, maxBytes }), { code: "FETCH_FAILED" });
});

test("an answer of one address is the name's, good or bad: the next is not asked", async (context) => {
  const { server } = await serve(context);
  const location = `http://blobs.invalid:${server.port}`;
  const asked: string[] = [];
  const turns = openFetchTurns();
  const counting: FetchTurns = {
    take: (wanted) => {
      asked.push(wanted.network);
      return turns.take(wanted);
    },
  };
  const addresses = ["127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));
  const missing = client({ turns: counting, resolve: async () => addresses });
  await assert.rejects(missing.fetchBlob({ location, hash, maxBytes }), { code: "FETCH_NOT_FOUND" });
  assert.deepEqual(asked, ["127.0.0.1"]);
});

test("only plain origins are contacted", async () => {
  for (const location of [
    "ftp://a",
    "file:///etc/passwd",
    "http://user@a",
    "http://u:p@a",
    "http://a/b",
    "http://a/?q",
    "a",
    "",
  ]) {
    await assert.rejects(client().fetchBlob({ location, hash, maxBytes }), { code: "FETCH_REFUSED_ADDRESS" }, location);
  }
});

test("public addresses are told from all others", () => {
  for (const address of [
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "192.169.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00::1",
  ]) {
    assert.ok(isPublicAddress(address), address);
  }
  for (const address of [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.255.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.2.1",
    "192.168.1.1",
    "198.19.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:8.8.8.8",
    "::8.8.8.8",
    "64:ff9b::808:808",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fe80::1%eth0",
    "localhost",
    "",
  ]) {
    assert.ok(!isPublicAddress(address), address);
  }
});

/** A store elsewhere, as its operator pays for it. */
const paidStore = async (...contents: readonly Uint8Array[]) => {
  const store = memoryStore();
  const hashes = await Promise.all(contents.map((content) => store.put(content)));
  let asked = 0;
  let lists = 0;
  const far = {
    ...store,
    size: (wanted: string) => {
      asked++;
      return store.size(wanted);
    },
    list: async function* () {
      lists++;
      yield* hashes;
    },
  };
  return {
    far,
    counts: () => ({ asked, lists }),
    copied: async (content: Uint8Array) => hashes.push(await store.put(content)),
  };
};

const serveSource = async (
  context: TestContext,
  store: BlobSource,
  options: { maxAnswersEach?: number; turnMs?: number } = {},
) => {
  const server = await startBlobServer({
    ...{ host: "127.0.0.1", port: 0, store, visible: () => true, log: quiet },
    ...options,
  });
  context.after(() => server.close());
  return server.url;
};

test("a store elsewhere is asked for nothing that it did not list, whoever asks", async (context) => {
  const { far, counts } = await paidStore(bytes);
  const near = directoryStore(temporaryFolder(context));
  const location = await serveSource(context, layeredSource(near, listedSource(far)));
  for (let i = 0; i < 20; i++)
    assert.equal((await fetch(`${location}/blob/${sha256(Buffer.from(`${i}`))}`)).status, 404);
  assert.deepEqual(counts(), { asked: 0, lists: 1 });
  assert.deepEqual(Buffer.from(await client().fetchBlob({ location, hash, maxBytes })), bytes);
  assert.deepEqual(counts(), { asked: 1, lists: 1 });
});

test("a store elsewhere is listed again where something else is asked for, in a hundredth of the time at most", async () => {
  const { far, counts, copied } = await paidStore(bytes);
  let now = 0;
  let takes = 0;
  let fails = false;
  const list = async function* () {
    now += takes;
    yield* far.list();
    if (fails) throw new Error("too many requests");
  };
  const source = listedSource({ ...far, list }, () => now);
  const sizeOf = async (content: Uint8Array, after: number) => {
    now += after;
    const size = await source.size(sha256(content));
    // A list that this began comes to its end.
    await pause(0);
    return [size, counts().lists];
  };
  await pause(0);
  assert.deepEqual(await sizeOf(bytes, 0), [bytes.length, 1]);
  const copy = Buffer.from("copied later");
  await copied(copy);
  takes = 1000;
  assert.deepEqual(await sizeOf(copy, 59_999), [null, 1]);
  assert.deepEqual(await sizeOf(copy, 1), [null, 2], "nobody waits for a list");
  assert.deepEqual(await sizeOf(copy, 0), [copy.length, 2]);
  const nobodys = Buffer.from("nobody's");
  assert.deepEqual(await sizeOf(nobodys, 99_999), [null, 2]);
  fails = true;
  assert.deepEqual(await sizeOf(nobodys, 1), [null, 3]);
  assert.deepEqual(await sizeOf(nobodys, 59_999), [null, 3]);
  assert.deepEqual(await sizeOf(nobodys, 1), [null, 4], "one that failed is no long one");
});

test("a request whose connection ends holds no place while a store elsewhere does not answer", async (context) => {
  const asked: string[] = [];
  const never = new Promise<never>(() => {});
  const slow: BlobSource = {
    ...memoryStore(),
    size: (wanted) => {
      asked.push(wanted);
      return asked.length === 1 ? never : Promise.resolve(null);
    },
  };
  const url = await serveSource(context, slow, { maxAnswersEach: 1 });
  const first = connect(Number(new URL(url).port), "127.0.0.1");
  first.write(`GET /blob/${hash} HTTP/1.1\r\nhost: a\r\n\r\n`);
  while (asked.length === 0) await pause(1);
  assert.equal((await fetch(`${url}/blob/${hash}`)).status, 503);
  first.destroy();
  // What the server says once it has seen the end.
  let status = 503;
  while (status === 503) status = (await fetch(`${url}/blob/${hash}`)).status;
  assert.equal(status, 404);
});
