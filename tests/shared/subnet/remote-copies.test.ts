import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { createBlobClient } from "#shared/artifact/blob-client.js";
import { startBlobServer } from "#shared/artifact/blob-server.js";
import { directoryStore } from "#shared/artifact/blob-store.js";
import { bytesOfSource, withSource } from "#shared/artifact/byte-source.js";
import { sha256 } from "#shared/protocol/hash.js";
import { openSubnetFiles } from "#shared/subnet/files.js";
import { archivedCopies, serverCopies } from "#shared/subnet/remote-copies.js";
import { silentLog } from "#shared/telemetry/log.js";
import { temporaryFolder } from "../artifact/temporary.js";

const text = Buffer.from("what was agreed on");
const hash = sha256(text);
const file = { hash, maxBytes: 100 };

/** A server of that text, or of another one in its place; `requests` counts who asked for it. */
const serverOf = async (t: TestContext, { says, perAddress }: { says?: string; perAddress?: number } = {}) => {
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
        standing: () => null,
        serveStrangers: true,
        perHotkey: 1,
        perAddress,
      },
    }),
  });
  t.after(() => server.close());
  return { url: server.url, close: server.close, requests: () => requests };
};

const client = createBlobClient({ allowPrivateAddresses: true, log: silentLog });
const open = (
  t: TestContext,
  servers: readonly string[],
  options: Partial<Parameters<typeof openSubnetFiles>[0]> & { pauses?: number; pauseMs?: number } = {},
) => {
  const { pauses = 0, pauseMs = 1 } = options;
  const remote = serverCopies({ client, servers: async () => servers, signal: t.signal, pauses, pauseMs });
  const files = openSubnetFiles({ folders: [], remote, ...options });
  t.after(() => files.close());
  return files;
};

describe("the files of a subnet, from outside", { timeout: 20_000 }, () => {
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
    const [damaged, ...more] = files.takeDamaged();
    assert.deepEqual([damaged?.path, damaged?.hash, more], [`${liar.url}/blob/${hash}`, hash, []]);
    const said = await withSource(await damaged!.open(), bytesOfSource);
    assert.equal(Buffer.from(said).toString(), "what was never said");
    await liar.close();
    await assert.rejects(damaged!.open(), { code: "FETCH_FAILED" });
  });

  it("are asked of everybody where that is wanted, also when they are at hand", async (t) => {
    const [good, liar] = [await serverOf(t), await serverOf(t, { says: "another" })];
    const folder = temporaryFolder(t);
    await directoryStore(folder).put(text);
    const files = open(t, [good.url, liar.url], { folders: [folder], everyCopy: true });
    for (let round = 0; round < 2; round++) assert.deepEqual(Buffer.from(await files.fetch(file)), text);
    assert.deepEqual([good.requests(), liar.requests()], [1, 1]);
    assert.deepEqual(
      files.takeDamaged().map(({ path }) => path),
      [`${liar.url}/blob/${hash}`],
    );
  });

  it("are waited for where a server is busy, and not for ever", async (t) => {
    const busy = await serverOf(t, { perAddress: 60 });
    const fetch = (url = `${busy.url}/blob/${"0".repeat(64)}`) => globalThis.fetch(url);
    while ((await fetch()).status !== 429);
    await assert.rejects(open(t, [busy.url], { pauses: 2 }).fetch(file), { code: "FETCH_BUSY", message: /429/ });
    const patient = open(t, [busy.url], { pauses: 100, pauseMs: 50 });
    assert.deepEqual(Buffer.from(await patient.fetch(file)), text);
  });

  it("come from an archive when all servers are gone, and who was asked is told when it lacks them too", async (t) => {
    const gone = await serverOf(t);
    await gone.close();
    const folder = temporaryFolder(t);
    const archive = directoryStore(folder);
    const remote = async (request: Parameters<ReturnType<typeof archivedCopies>>[0]) => [
      ...(await serverCopies({ client, servers: async () => [gone.url], signal: t.signal })(request)),
      ...(await archivedCopies(archive, "directory:old")(request)),
    ];
    const files = open(t, [], { remote });
    await assert.rejects(files.fetch(file), {
      code: "FETCH_NOT_FOUND",
      message: new RegExp(`^nobody has ${hash}: .*ECONNREFUSED.*; directory:old does not have it$`),
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
    await assert.rejects(again.fetch(file), { code: "FETCH_HASH_MISMATCH" });
    assert.deepEqual(
      again.takeDamaged().map(({ path }) => path),
      [`directory:old/${hash}`],
    );
    assert.ok(existsSync(path) && readFileSync(path, "utf8") === "rotten", "an audit changes nothing");
  });
});
