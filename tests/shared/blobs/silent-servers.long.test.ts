import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type BlobClientOptions, createBlobClient } from "#shared/blobs/blob-client.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { sha256 } from "#shared/protocol/hash.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { collectingLog } from "../chain/support.js";
import { listen, stream } from "./support.js";

const SILENT = 3;
const files = ["first", "second", "third"].map((text) => Buffer.from(text));

/** Servers that answer so, and how often they were asked. */
const servers = async (t: TestContext, answer: (response: ServerResponse) => void) => {
  let asked = 0;
  const start = () =>
    listen(t, (_, response) => {
      asked++;
      answer(response);
    });
  return { locations: await Promise.all(Array.from({ length: SILENT }, start)), asked: () => asked };
};

/** They take a request and send no more than this of an answer. */
const stalling = (t: TestContext, says: string) =>
  servers(t, (response) => {
    if (says !== "") response.write(says);
  });

/** They say after a while that they have nothing. */
const late = (t: TestContext) => servers(t, (response) => void setTimeout(() => response.writeHead(404).end(), 400));

/** Has all files. */
const honest = (t: TestContext) =>
  listen(t, ({ url }, response) => {
    const file = files.find((one) => url === `/blob/${sha256(one)}`);
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });

const open = (t: TestContext, options: Partial<BlobClientOptions> = {}) => {
  const { log, lines } = collectingLog();
  const client = createBlobClient({ allowPrivateAddresses: true, log, ...options });
  const folder = temporaryFolder(t);
  const store = directoryStore(folder);
  const receive = async (file: Uint8Array, locations: readonly string[]) => {
    const incoming = await store.receive(sha256(file));
    try {
      await client.receive({ hash: sha256(file), maxBytes: 80_000, locations }, incoming);
    } finally {
      await incoming.close();
    }
    assert.deepEqual(Buffer.from((await store.get(sha256(file)))!), file);
  };
  return { receive, lines, parts: () => readdirSync(join(folder, "incoming")).length };
};

describe("servers that send nothing of use", { timeout: HANG_GUARD }, () => {
  for (const [what, says] of Object.entries({ "are silent": "", "send a byte": "x" }))
    it(`cost a client one turn each, not each file one, where they ${what}`, async (t) => {
      const { locations, asked } = await stalling(t, says);
      const last = await honest(t);
      const { receive } = open(t);
      for (const file of files) {
        await receive(file, [...locations, last]);
        assert.equal(asked(), SILENT);
      }
    });

  it("cost a client that once, not for each file, where they say late that they have nothing", async (t) => {
    const { locations, asked } = await late(t);
    const last = await honest(t);
    const { receive } = open(t);
    for (const file of files) {
      await receive(file, [...locations, last]);
      assert.equal(asked(), SILENT);
    }
  });

  it("but rubbish, fast enough, are not before an honest one that another was faster than", async (t) => {
    const [first, second] = [Buffer.alloc(80_000, "1"), Buffer.alloc(40_000, "2")];
    const ofFirst = `/blob/${sha256(first)}`;
    const slower = await listen(t, (request, response) =>
      stream(request, response, { bytes: request.url === ofFirst ? first : second, rate: 20_000 }),
    );
    const quick = await listen(
      t,
      ({ url }, response) => void response.writeHead(url === ofFirst ? 200 : 404).end(first),
    );
    let asked = 0;
    const rubbish = await listen(t, (request, response) => {
      if (request.url === ofFirst) return void response.writeHead(404).end();
      asked++;
      stream(request, response, { bytes: Buffer.alloc(second.length), rate: 2000 });
    });
    const { receive } = open(t, { leastBytesPerSecond: 1000, minBytesPerSecond: 1 });
    await receive(first, [rubbish, slower, quick]);
    await receive(second, [rubbish, slower]);
    assert.equal(asked, 2);
  });

  it("keep no file open", async (t) => {
    const { locations } = await stalling(t, "");
    const { receive, parts } = open(t);
    const last = await listen(t, (_, response) => {
      assert.ok(parts() <= 1);
      response.end(files[0]);
    });
    await receive(files[0]!, [...locations, last]);
  });

  it("and have names that nobody resolves have no longer than others", async (t) => {
    const { port } = new URL(await honest(t));
    const resolve = (name: string) =>
      name === "honest.invalid" ? Promise.resolve([{ address: "127.0.0.1", family: 4 }]) : new Promise<never>(() => {});
    const { receive, lines } = open(t, { resolve });
    const names = ["one", "two", "honest"].map((name) => `http://${name}.invalid:${port}`);
    await receive(files[0]!, names);
    assert.deepEqual(
      lines.filter(({ message }) => message === "blob not fetched"),
      [],
      "none was waited for until it failed",
    );
  });
});
