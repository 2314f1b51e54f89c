import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import type { AdmissionOptions } from "#shared/blobs/admission.js";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { type BlobServerOptions, startBlobServer } from "#shared/blobs/blob-server.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { openNonceMark } from "#shared/blobs/nonce-mark.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { requestNonces, signRequest } from "#shared/protocol/request.js";
import { signerFromUri, verify } from "#shared/wallet/index.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { quiet } from "./support.js";

const [vera, ann] = await Promise.all(["//vera", "//ann"].map((uri) => signerFromUri(uri)));
assert.ok(vera && ann);
const bytes = Buffer.from("an artifact");
const hash = sha256(bytes);
const path = `/blob/${hash}`;

const serve = async (
  t: TestContext,
  admission: Partial<AdmissionOptions> = {},
  options: Partial<BlobServerOptions> = {},
) => {
  const store = directoryStore(temporaryFolder(t));
  await store.put(bytes);
  const server = await startBlobServer({
    host: "127.0.0.1",
    port: 0,
    store,
    visible: () => true,
    admission: {
      verify,
      roleOf: (hotkey) => (hotkey === vera.address ? "validator" : null),
      serveStrangers: false,
      perHotkey: 600,
      perAddress: 600,
      ...admission,
    },
    log: quiet,
    ...options,
  });
  t.after(() => server.close());
  return server;
};

const clientOf = (signer?: typeof vera) =>
  createBlobClient({ allowPrivateAddresses: true, log: quiet, ...(signer && { signer }), busyPausesMs: [] });
const request = { hash, maxBytes: 100 };

/** A store with the blob that is asked for and one that nobody reads to its end, by its hash. */
const withLarge = async (t: TestContext) => {
  const store = directoryStore(temporaryFolder(t));
  await store.put(bytes);
  return { store, large: await store.put(Buffer.alloc(64 << 20, 7)) };
};

const nonces = requestNonces();

/** Asks for a large blob, and reads nothing of it. */
const hoarding = async (
  t: TestContext,
  { port, url }: { readonly port: number; readonly url: string },
  signer: typeof vera,
  large: string,
): Promise<Socket> => {
  const at = `/blob/${large}`;
  const authorization = await signRequest({ method: "GET", origin: url, path: at, nonce: nonces() }, signer);
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  socket.write(`GET ${at} HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\n\r\n`);
  return socket;
};

/** The same with each of these, and again whenever it is over, until the test is. @returns their first connections */
const hoardingOn = (
  t: TestContext,
  server: Parameters<typeof hoarding>[1],
  signers: readonly (typeof vera)[],
  large: string,
): Promise<readonly Socket[]> => {
  let isOver = false;
  t.after(() => {
    isOver = true;
  });
  const hoard = async (signer: typeof vera): Promise<Socket> => {
    const socket = await hoarding(t, server, signer, large);
    socket.once("close", () => {
      if (!isOver) void hoard(signer);
    });
    return socket;
  };
  return Promise.all(signers.map(hoard));
};

const signersOf = (name: string, count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => signerFromUri(`//${name}${i + 1}`)));

describe("a blob server", { timeout: HANG_GUARD }, () => {
  it("answers whom the subnet knows, by signature", async (t) => {
    const { url: location } = await serve(t);
    for (let i = 0; i < 3; i++)
      assert.deepEqual(Buffer.from(await clientOf(vera).fetchBlob({ ...request, location })), bytes);
    const refused = { code: "FETCH_UNAUTHORIZED" };
    await assert.rejects(clientOf(ann).fetchBlob({ ...request, location }), refused);
    await assert.rejects(clientOf().fetchBlob({ ...request, location }), refused);
  });

  it("serves whose signer is away as a stranger", async (t) => {
    const { url: location } = await serve(t, { serveStrangers: true });
    const away = new BlockZeroError("SIGNER_UNREACHABLE", "the signer is away", "start it");
    const signer = { ...vera, sign: () => Promise.reject(away) };
    assert.deepEqual(Buffer.from(await clientOf(signer).fetchBlob({ ...request, location })), bytes);
    const broken = { ...vera, sign: () => Promise.reject(new TypeError("a bug")) };
    await assert.rejects(clientOf(broken).fetchBlob({ ...request, location }), /a bug/);
  });

  it("takes no request twice, nor one that was meant for another server", async (t) => {
    const [one, other] = [await serve(t), await serve(t)];
    const authorization = await signRequest({ method: "GET", origin: one.url, path, nonce: Date.now() }, vera);
    const ask = (url: string) => fetch(url + path, { headers: { authorization } }).then(({ status }) => status);
    assert.deepEqual([await ask(other.url), await ask(one.url), await ask(one.url)], [401, 200, 401]);
  });

  it("takes whoever repeats a request that the server before it took for a stranger", async (t) => {
    const mark = join(temporaryFolder(t), "nonce");
    const start = (port: number) =>
      serve(t, { serveStrangers: true, perAddress: 1, nonceMark: openNonceMark(mark, quiet) }, { port });
    const first = await start(0);
    const authorization = await signRequest({ method: "GET", origin: first.url, path, nonce: Date.now() }, vera);
    const ask = (url: string) => fetch(url + path, { headers: { authorization } }).then(({ status }) => status);
    assert.equal(await ask(first.url), 200);
    await first.close();
    const second = await start(first.port);
    assert.equal(second.url, first.url);
    assert.deepEqual([await ask(second.url), await ask(second.url)], [200, 429]);
  });

  it("knows itself by the origin that its records name", async (t) => {
    const origin = "https://miner.example.org";
    const { url } = await serve(t, {}, { origin });
    const authorization = await signRequest({ method: "GET", origin, path, nonce: Date.now() }, vera);
    assert.equal((await fetch(url + path, { headers: { authorization } })).status, 200);
  });

  it("says when to come again to whom asks too often, and serves validators on", async (t) => {
    const { url: location } = await serve(t, { serveStrangers: true, perAddress: 2 });
    const ask = () => fetch(location + path);
    assert.deepEqual([(await ask()).status, (await ask()).status], [200, 200]);
    const refused = await ask();
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    assert.deepEqual(Buffer.from(await clientOf(vera).fetchBlob({ ...request, location })), bytes);
    await assert.rejects(clientOf().fetchBlob({ ...request, location }), { code: "FETCH_BUSY", message: /429/ });
  });

  it("gives strangers unsigned what a wrong clock would have refused", async (t) => {
    const { url: location } = await serve(t, { serveStrangers: true, now: () => Date.now() + 3_600_000 });
    assert.deepEqual(Buffer.from(await clientOf(vera).fetchBlob({ ...request, location })), bytes);
  });

  it("does not let strangers who read slowly keep validators waiting", async (t) => {
    const model = Buffer.from("a model");
    const blobs = new Map([bytes, model].map((blob) => [sha256(blob), blob]));
    let isOpen = false;
    const events = new EventEmitter();
    const store = {
      size: async (wanted: string) => blobs.get(wanted)?.length ?? null,
      stream: (wanted: string) =>
        Readable.from(
          (async function* () {
            events.emit("stream", wanted);
            if (!isOpen) await once(events, "open");
            yield blobs.get(wanted);
          })(),
        ),
    };
    const { url: location } = await serve(t, { serveStrangers: true }, { store, maxAnswers: 2, maxAnswersEach: 2 });
    const ask = (signer?: typeof vera) =>
      clientOf(signer).fetchBlob({ hash: sha256(signer ? model : bytes), maxBytes: 100, location });
    const streaming = once(events, "stream");
    const first = ask();
    await streaming;
    const second = ask();
    const next = once(events, "stream");
    const validator = ask(vera);
    assert.deepEqual(await next, [sha256(model)]);
    isOpen = true;
    events.emit("open");
    assert.deepEqual(Buffer.from(await validator), model);
    assert.deepEqual(Buffer.from(await first), bytes);
    assert.deepEqual(Buffer.from(await second), bytes);
  });

  it("lets nobody take more than its share of the places, and ends what takes long where somebody waits", async (t) => {
    const { store, large } = await withLarge(t);
    const roleOf = () => "miner" as const;
    const { port, url } = await serve(t, { roleOf }, { store, maxAnswers: 4, maxAnswersEach: 3, turnMs: 1 });
    const hoard = async () => {
      const socket = await hoarding(t, { port, url }, vera, large);
      await once(socket, "readable");
      return String(socket.read()).slice(0, 400);
    };
    for (let i = 0; i < 3; i++) assert.match(await hoard(), /^HTTP\/1\.1 200/);
    // As long as our own client pauses.
    assert.match(await hoard(), /^HTTP\/1\.1 503.*\r\nretry-after: 1\r\n/is);
    assert.deepEqual(Buffer.from(await clientOf(ann).fetchBlob({ ...request, location: url })), bytes);
  });

  it("has a place in time for whoever has none, however many of its class ask for much and read nothing", async (t) => {
    const { store, large } = await withLarge(t);
    const roleOf = () => "validator" as const;
    const server = await serve(t, { roleOf }, { store, maxAnswers: 4 });
    const sockets = await hoardingOn(t, server, await signersOf("hoarder", 6), large);
    // One place is left to all others.
    for (let served = 0; served < 3; served = sockets.filter(({ readableLength }) => readableLength > 0).length)
      await Promise.race(
        sockets.filter(({ readableLength }) => readableLength === 0).map((one) => once(one, "readable")),
      );
    assert.deepEqual(Buffer.from(await clientOf(ann).fetchBlob({ ...request, location: server.url })), bytes);
  });

  it("has a place for miners though a few validators ask for as much as they may", async (t) => {
    const { store, large } = await withLarge(t);
    const roleOf = (hotkey: string) => (hotkey === ann.address ? "miner" : "validator");
    const limits = { maxAnswers: 4, maxAnswersEach: 2, turnMs: 20 };
    const server = await serve(t, { roleOf }, { store, ...limits });
    const validators = await signersOf("hoarder", 2);
    await hoardingOn(t, server, [...validators, ...validators], large);
    assert.deepEqual(Buffer.from(await clientOf(ann).fetchBlob({ ...request, location: server.url })), bytes);
  });

  it("has a place for miners though as many validators as it has places read nothing", async (t) => {
    const { store, large } = await withLarge(t);
    const roleOf = (hotkey: string) => (hotkey === ann.address ? "miner" : "validator");
    const server = await serve(t, { roleOf }, { store, maxAnswers: 4 });
    const validators = await signersOf("hoarder", 4);
    const sockets = await Promise.all(validators.map((signer) => hoarding(t, server, signer, large)));
    await Promise.race(
      validators.map((_, i) =>
        Promise.all(sockets.filter((__, other) => other !== i).map((socket) => once(socket, "readable"))),
      ),
    );
    assert.deepEqual(Buffer.from(await clientOf(ann).fetchBlob({ ...request, location: server.url })), bytes);
  });

  it("has a place for a validator's next request though others of it wait", async (t) => {
    const { store, large } = await withLarge(t);
    const roleOf = (hotkey: string) => (hotkey === vera.address ? "validator" : "miner");
    const limits = { maxAnswers: 4, maxAnswersEach: 4, turnMs: 60_000 };
    const server = await serve(t, { roleOf }, { store, ...limits });
    const miners = await signersOf("miner", 3);
    for (const miner of miners) await once(await hoarding(t, server, miner, large), "readable");
    const first = await hoarding(t, server, vera, large);
    await once(first, "readable");
    const others = await Promise.all([hoarding(t, server, vera, hash), hoarding(t, server, vera, hash)]);
    const answers = others.map((socket) => once(socket, "readable"));
    first.destroy();
    await Promise.all(answers);
    for (const socket of others) assert.match(String(socket.read()), /^HTTP\/1\.1 200/);
  });

  it("drops one connection too many from an address", async (t) => {
    const { port } = await serve(t, {}, { maxConnectionsPerAddress: 1 });
    const first = connect(port, "127.0.0.1");
    first.write("GET /health HTTP/1.1\r\nhost: a\r\n\r\n");
    await once(first, "data");
    const second = connect(port, "127.0.0.1");
    second.on("error", () => {});
    assert.equal(await text(second).catch(() => ""), "");
    first.destroy();
  });

  it("has a place for the subnet's own where strangers hold all of them", async (t) => {
    const { url: location, port } = await serve(t, { serveStrangers: true }, { maxConnections: 4 });
    const strangers = Array.from({ length: 4 }, () => connect(port, "127.0.0.1"));
    for (const stranger of strangers) stranger.on("error", () => {});
    await Promise.all(strangers.map((stranger) => once(stranger, "connect")));
    const dropped = once(strangers[0]!, "close");
    assert.deepEqual(Buffer.from(await clientOf(vera).fetchBlob({ ...request, location })), bytes);
    strangers[0]!.resume();
    await dropped;
    for (const stranger of strangers) stranger.destroy();
  });

  it("has a place for the others where one hotkey of the subnet holds all of them and asks for nothing more", async (t) => {
    const roleOf = (hotkey: string) =>
      hotkey === vera.address ? "validator" : hotkey === ann.address ? "miner" : null;
    const { url: location, port } = await serve(t, { roleOf }, { maxConnections: 4 });
    const nonces = requestNonces();
    const idle = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const signed = { method: "HEAD", origin: location, path, nonce: nonces() };
        const authorization = await signRequest(signed, ann);
        const socket = connect(port, "127.0.0.1").on("error", () => {});
        socket.write(`HEAD ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`);
        const [answer] = await once(socket, "data");
        assert.match(String(answer), /^HTTP\/1.1 200 /);
        return socket;
      }),
    );
    assert.deepEqual(Buffer.from(await clientOf(vera).fetchBlob({ ...request, location })), bytes);
    for (const socket of idle) socket.destroy();
  });

  it("does not close a connection over which it answers a hotkey of the subnet for one that asks nothing", async (t) => {
    const file = new Readable({ read: () => {} });
    const begun = new EventEmitter();
    const stream = () => {
      begun.emit("sending");
      return file;
    };
    const store = { size: async () => bytes.length, stream };
    const { url: location, port } = await serve(t, {}, { store, maxConnections: 2 });
    const sending = once(begun, "sending");
    const fetched = clientOf(vera).fetchBlob({ ...request, location });
    await sending;
    file.push(bytes.subarray(0, 3));
    const strangers: Socket[] = [];
    for (let i = 0; i < 4; i++) {
      const stranger = connect(port, "127.0.0.1").on("error", () => {});
      strangers.push(stranger);
      await once(stranger, "connect");
    }
    file.push(bytes.subarray(3));
    file.push(null);
    assert.deepEqual(Buffer.from(await fetched), bytes);
    for (const stranger of strangers) stranger.destroy();
  });

  it("sends parts, and says what they are", async (t) => {
    const { url } = await serve(t, { serveStrangers: true });
    const ask = async (range: string, method = "GET") => {
      const response = await fetch(url + path, { method, headers: { range } });
      return [response.status, response.headers.get("content-range"), await response.text()];
    };
    assert.deepEqual(await ask("bytes=3-6"), [206, "bytes 3-6/11", "arti"]);
    assert.deepEqual(await ask("bytes=-4"), [206, "bytes 7-10/11", "fact"]);
    assert.deepEqual(await ask("bytes=3-6", "HEAD"), [206, "bytes 3-6/11", ""]);
    assert.deepEqual(await ask("bytes=0-1,3-4"), [200, null, "an artifact"]);
    assert.deepEqual((await ask("bytes=11-")).slice(0, 2), [416, "bytes */11"]);
  });
});
