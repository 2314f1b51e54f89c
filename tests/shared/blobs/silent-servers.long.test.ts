import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type BlobClientOptions, createBlobClient } from "#shared/blobs/blob-client.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { sha256 } from "#shared/protocol/hash.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { collectingLog } from "../chain/support.js";
import { listen } from "./support.js";

const SILENT = 3;
const files = ["first", "second", "third"].map((text) => Buffer.from(text));

/** Servers that take a request and send no more than this of an answer, and how often they were asked. */
const stalling = async (t: TestContext, says: Uint8Array = Buffer.alloc(0)) => {
  let asked = 0;
  const answer = () =>
    listen(t, (_, response) => {
      asked++;
      if (says.length > 0) response.write(says);
    });
  return { locations: await Promise.all(Array.from({ length: SILENT }, answer)), asked: () => asked };
};

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
      await client.receive({ hash: sha256(file), maxBytes: 1000, locations }, incoming);
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
      const { locations, asked } = await stalling(t, Buffer.from(says));
      const last = await honest(t);
      const { receive } = open(t);
      for (const file of files) {
        await receive(file, [...locations, last]);
        assert.equal(asked(), SILENT);
      }
    });

  it("keep no file open", async (t) => {
    const { locations } = await stalling(t);
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
