import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { type FetchTurns, isTurnOver, openFetchTurns, type TurnRequest } from "#shared/blobs/fetch-turns.js";
import { incomingBytes } from "#shared/blobs/incoming-blob.js";
import { sha256 } from "#shared/protocol/hash.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { hostileServer } from "#tests/support/hostile-server.js";
import { listen, quiet } from "./support.js";

const CHECK_MS = 1;

describe("turns", { timeout: HANG_GUARD }, () => {
  const open = (limits: { places: number; perNetwork: number }) => {
    let now = 0;
    const turns = openFetchTurns({ ...limits, now: () => now, checkMs: CHECK_MS });
    const advance = (ms: number) => {
      now += ms;
    };
    return { turns, advance };
  };
  const taking = (
    turns: FetchTurns,
    network: string,
    milliseconds = 10,
    { signal, costMs = 0 }: Partial<Pick<TurnRequest, "signal">> & { readonly costMs?: number | (() => number) } = {},
  ) => {
    let isIn = false;
    const cost = typeof costMs === "number" ? () => costMs : costMs;
    const turn = turns.take({ network, milliseconds, signal, costMs: cost }).then((given) => {
      isIn = true;
      return given;
    });
    return { turn, isIn: () => isIn };
  };
  /** Whoever announces another's address, at a port where nothing answers, had its turn there. */
  const inVain = 1000;
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it("are few for the servers of one network, whatever they are called", async () => {
    const { turns } = open({ places: 4, perNetwork: 2 });
    const crowd = Array.from({ length: 5 }, () => taking(turns, "10.0.0.1"));
    const other = taking(turns, "10.0.0.2");
    await settled();
    assert.deepEqual(
      crowd.map(({ isIn }) => isIn()),
      [true, true, false, false, false],
    );
    assert.ok(other.isIn());
    (await crowd[0]!.turn).release();
    await settled();
    assert.deepEqual(
      crowd.map(({ isIn }) => isIn()),
      [true, true, true, false, false],
    );
    for (const { turn } of crowd) (await turn).release();
    (await other.turn).release();
  });

  it("end when somebody waits for one that is shorter than they have lasted, the longest first", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { turns, advance } = open({ places: 2, perNetwork: 2 });
    const first = await taking(turns, "a").turn;
    advance(5);
    const second = await taking(turns, "b").turn;
    const third = taking(turns, "c", 10);
    advance(4);
    t.mock.timers.tick(CHECK_MS);
    assert.deepEqual([first.over.aborted, second.over.aborted], [false, false]);
    advance(1);
    t.mock.timers.tick(CHECK_MS);
    assert.ok(isTurnOver(first.over.reason));
    assert.equal(second.over.aborted, false);
    first.release();
    (await third.turn).release();
    second.release();
  });

  it("of one network go first to who cost least in vain, however long they are", async () => {
    const { turns } = open({ places: 4, perNetwork: 2 });
    const crowd = Array.from({ length: 6 }, () => taking(turns, "a", 10, { costMs: inVain }));
    await settled();
    const own = taking(turns, "a", 80);
    const elsewhere = taking(turns, "b", 10, { costMs: inVain });
    await settled();
    assert.deepEqual([own.isIn(), elsewhere.isIn()], [false, true]);
    (await crowd[0]!.turn).release();
    await settled();
    assert.deepEqual(
      [own, ...crowd].map(({ isIn }) => isIn()),
      [true, true, true, false, false, false, false],
      "the place of the first goes to who had none",
    );
    (await own.turn).release();
    for (const { turn } of crowd) (await turn).release();
    (await elsewhere.turn).release();
  });

  it("of one network are not ended by who cost more in vain, and end those who did", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { turns, advance } = open({ places: 4, perNetwork: 2 });
    const vain = await taking(turns, "a", 10, { costMs: inVain }).turn;
    const own = await taking(turns, "a").turn;
    const more = taking(turns, "a", 10, { costMs: inVain });
    const late = taking(turns, "a", 8000);
    advance(1000);
    t.mock.timers.tick(CHECK_MS);
    assert.deepEqual([isTurnOver(vain.over.reason), own.over.aborted], [true, false]);
    vain.release();
    const second = await late.turn;
    advance(1000);
    t.mock.timers.tick(CHECK_MS);
    assert.deepEqual([own.over.aborted, second.over.aborted, more.isIn()], [false, false, false]);
    own.release();
    (await more.turn).release();
    second.release();
  });

  it("are kept by who costs nothing as long as it does", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { turns, advance } = open({ places: 2, perNetwork: 1 });
    let cost = 0;
    const held = await taking(turns, "a", 10, { costMs: () => cost }).turn;
    const waiting = taking(turns, "a", 10, { costMs: 100 });
    advance(1000);
    t.mock.timers.tick(CHECK_MS);
    assert.equal(held.over.aborted, false);
    cost = inVain;
    t.mock.timers.tick(CHECK_MS);
    assert.equal(isTurnOver(held.over.reason), true);
    held.release();
    (await waiting.turn).release();
  });

  it("go to who waits for the shortest, then to who came first; who leaves holds up nobody", async () => {
    const { turns } = open({ places: 1, perNetwork: 1 });
    const held = await taking(turns, "a").turn;
    const stop = new AbortController();
    const order: string[] = [];
    const wait = async (name: string, milliseconds: number, signal?: AbortSignal) => {
      const { turn } = taking(turns, name, milliseconds, { signal });
      (await turn).release();
      order.push(name);
    };
    const gone = assert.rejects(wait("gone", 1, stop.signal), /left/);
    const all = [wait("long", 40), wait("short", 10), wait("second short", 10)];
    stop.abort(new Error("left"));
    await gone;
    held.release();
    await Promise.all(all);
    assert.deepEqual(order, ["short", "second short", "long"]);
    await assert.rejects(wait("late", 1, stop.signal), /left/);
  });
});

describe("a blob client among servers that drip", { timeout: HANG_GUARD }, () => {
  const bytes = Buffer.alloc(200_000, "honest");
  const hash = sha256(bytes);
  const maxBytes = 1 << 20;

  /** Never quite too slow, and never done. */
  const dripFeeder = (t: TestContext): Promise<string> =>
    hostileServer(t, (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${maxBytes}\r\n\r\n`);
      const timer = setInterval(() => socket.write("x".repeat(100)), 5);
      socket.once("close", () => clearInterval(timer));
    });

  it("has the honest one's blob", async (t) => {
    const turns = openFetchTurns({ places: 2, perNetwork: 2, checkMs: 10 });
    const client = createBlobClient({ allowPrivateAddresses: true, log: quiet, turns, minBytesPerSecond: 1 });
    const stop = new AbortController();
    const locations = await Promise.all(Array.from({ length: 6 }, () => dripFeeder(t)));
    const drips = locations.map((location) =>
      client.fetchBlob({ location, hash, maxBytes, signal: stop.signal }).catch(() => "never"),
    );
    const honest = await listen(t, (_, response) => response.end(bytes));
    assert.deepEqual(Buffer.from(await client.fetchBlob({ location: honest, hash, maxBytes })), bytes);
    stop.abort();
    assert.deepEqual(new Set(await Promise.all(drips)), new Set(["never"]));
  });

  it("has the honest one's blob, though it took some time to say that it has no other", async (t) => {
    const turns = openFetchTurns({ places: 2, perNetwork: 2, checkMs: 10 });
    const client = createBlobClient({ allowPrivateAddresses: true, log: quiet, turns, minBytesPerSecond: 1 });
    const honest = await listen(t, async ({ url }, response) => {
      if (url?.includes(hash)) {
        response.end(bytes);
        return;
      }
      await delay(200);
      response.writeHead(404).end();
    });
    const other = client.fetchBlob({ location: honest, hash: sha256(Buffer.from("other")), maxBytes });
    await assert.rejects(other, { code: "FETCH_NOT_FOUND" });
    const stop = new AbortController();
    const locations = await Promise.all(Array.from({ length: 6 }, () => dripFeeder(t)));
    const drips = locations.map((location) =>
      client.fetchBlob({ location, hash, maxBytes, signal: stop.signal }).catch(() => "never"),
    );
    assert.deepEqual(Buffer.from(await client.fetchBlob({ location: honest, hash, maxBytes })), bytes);
    stop.abort();
    assert.deepEqual(new Set(await Promise.all(drips)), new Set(["never"]));
  });

  it("has of another what the first one only drips", async (t) => {
    const client = createBlobClient({ allowPrivateAddresses: true, log: quiet, minBytesPerSecond: 1 });
    const honest = await listen(t, (_, response) => response.end(bytes));
    const incoming = incomingBytes(hash);
    await client.receive({ hash, maxBytes, locations: [await dripFeeder(t), await dripFeeder(t), honest] }, incoming);
    assert.deepEqual(Buffer.from(incoming.bytes()), bytes);
  });
});
