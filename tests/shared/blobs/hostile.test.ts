import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { BlobStore } from "#shared/blobs/blob-store.js";
import { openStore } from "#shared/blobs/open-store.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { heldSockets } from "#tests/support/held-sockets.js";
import { HTTP_BEHAVIOURS, hostileServer } from "#tests/support/hostile-server.js";
import { startHub } from "./hub-server.js";

const bytes = Buffer.from("a blob");
const hash = sha256(bytes);
const ANSWER_MS = 150;

const folder = mkdtempSync(join(tmpdir(), "blockzero-hostile-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "a-blob");
writeFileSync(file, bytes);

/** Everything that a store can be asked. */
const asks: Readonly<Record<string, (store: BlobStore) => Promise<unknown>>> = {
  size: (store) => store.size(hash),
  get: (store) => store.get(hash),
  stream: (store) => store.stream(hash).toArray(),
  put: (store) => store.put(bytes),
  putFile: (store) => store.putFile(file, hash),
  delete: (store) => store.delete(hash),
  list: async (store) => {
    for await (const one of store.list()) assert.notEqual(one, hash);
  },
};

/** Ends, whatever it is told; a fault has its code, and nothing that it gives is taken for the blob. */
const ends = async (store: BlobStore): Promise<void> => {
  for (const [name, ask] of Object.entries(asks))
    try {
      const given = await ask(store);
      assert.ok(name !== "get" || given === null);
    } catch (thrown) {
      assert.ok(thrown instanceof BlockZeroError && thrown.code === "STORE_FAILED", `${name}: ${thrown}`);
    }
};

describe("a bucket at a server that", { timeout: HANG_GUARD, concurrency: 16 }, () => {
  for (const [name, behave] of Object.entries(HTTP_BEHAVIOURS))
    it(name, async (t) => {
      const env = {
        AWS_ENDPOINT_URL_S3: await hostileServer(t, behave),
        AWS_ACCESS_KEY_ID: "key",
        AWS_SECRET_ACCESS_KEY: "secret",
      };
      const store = await openStore({ kind: "s3", bucket: "blobs", prefix: "" }, env, { answerMs: ANSWER_MS });
      await ends(store!);
    });
});

describe("a hub at a server that", { timeout: HANG_GUARD, concurrency: 16 }, () => {
  for (const [name, behave] of Object.entries(HTTP_BEHAVIOURS))
    it(name, async (t) => {
      const repo = "somebody/blobs";
      const HF_TOKEN = "hf_secret";
      const at = (HF_ENDPOINT: string, answerMs?: number) =>
        openStore({ kind: "hf", repo }, { HF_ENDPOINT, HF_TOKEN }, { answerMs });
      const hostile = await hostileServer(t, behave);
      await assert.rejects(at(hostile, ANSWER_MS), { code: "STORE_FAILED" });
      const hub = await startHub(t, repo, HF_TOKEN);
      await at(hub.url);
    });

  it("is silent is waited for until it is not wanted any more", async (t) => {
    const stop = new AbortController();
    const HF_ENDPOINT = await hostileServer(t, (socket) => socket.once("data", () => stop.abort(new Error("stopped"))));
    const onDown = () => assert.fail("nobody waits for it any more");
    const env = { HF_ENDPOINT, HF_TOKEN: "hf_secret" };
    const open = openStore({ kind: "hf", repo: "somebody/blobs" }, env, { signal: stop.signal, onDown });
    await assert.rejects(open, /^Error: stopped$/);
    assert.equal(heldSockets(new URL(HF_ENDPOINT).port), 0);
  });

  it("wants a proxy, which `fetch` itself refuses, is left", async (t) => {
    const HF_ENDPOINT = await hostileServer(t, HTTP_BEHAVIOURS["wants a proxy"]!);
    const open = openStore({ kind: "hf", repo: "somebody/blobs" }, { HF_ENDPOINT, HF_TOKEN: "hf_secret" });
    await assert.rejects(open, coded("STORE_FAILED"));
    assert.equal(heldSockets(new URL(HF_ENDPOINT).port), 0);
  });

  it("answers without an end is left", async (t) => {
    let leave = () => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const HF_ENDPOINT = await hostileServer(t, (socket) => {
      socket.once("close", leave);
      const spaces = `10000\r\n${" ".repeat(0x10000)}\r\n`;
      const more = () => {
        while (socket.writable && socket.write(spaces));
        socket.once("drain", more);
      };
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
        more();
      });
    });
    const open = openStore({ kind: "hf", repo: "somebody/blobs" }, { HF_ENDPOINT, HF_TOKEN: "hf_secret" });
    await assert.rejects(open, coded("STORE_FAILED", /its answer is larger than/));
    await left;
  });

  it("sends who asks for a blob into a private network is not followed", async (t) => {
    let connections = 0;
    const elsewhere = await hostileServer(t, () => void connections++);
    const [repo, HF_TOKEN] = ["somebody/blobs", "hf_secret"];
    const hub = await startHub(t, repo, HF_TOKEN);
    hub.commitElsewhere(`blob/${hash.slice(0, 2)}/${hash}`, bytes);
    hub.sendElsewhere(elsewhere);
    const store = await openStore({ kind: "hf", repo }, { HF_ENDPOINT: hub.url, HF_TOKEN });
    for (const ask of [asks.size, asks.get, asks.stream])
      await assert.rejects(ask!(store!), coded("STORE_FAILED", /no public address/));
    assert.equal(connections, 0);
  });
});
