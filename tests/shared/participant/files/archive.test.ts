import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { type BlobStore, directoryStore } from "#shared/blobs/blob-store.js";
import { listedSource } from "#shared/blobs/listed-source.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { followModels } from "#shared/participant/agreement/agreed-model.js";
import { loadModel } from "#shared/participant/agreement/base-model.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { openArchive } from "#shared/participant/files/archive.js";
import { createBlobs } from "#shared/participant/files/blobs.js";
import { markOf } from "#shared/participant/files/marked-folder.js";
import { agreeOnNetwork } from "#shared/participant/join/agree-on-network.js";
import { sha256 } from "#shared/protocol/hash.js";
import { blobsOfModel } from "#shared/protocol/model-manifest.js";
import { silentLog } from "#shared/telemetry/log.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { NETUID } from "#tests/support/micro-network.js";
import { openSubnet } from "#tests/support/subnet.js";
import { temporaryFolder } from "../../artifact/temporary.js";
import { collectingLog } from "../../chain/support.js";

const PROCESS = fileURLToPath(new URL("archive-process.js", import.meta.url));
const TEXTS = ["report", "weights", "model"] as const;
const hashOf = (text: string) => sha256(Buffer.from(text));

describe("an archive's queue", { timeout: HANG_GUARD }, () => {
  it("outlives kill -9: the next run copies what was not copied, and keeps it here until then", async (t) => {
    const home = temporaryFolder(t);
    const elsewhere = join(home, "elsewhere");
    // A file where the archive's folder should be: nothing can be put.
    writeFileSync(elsewhere, "");
    const child = spawn(process.execPath, [PROCESS, home, elsewhere, ...TEXTS], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");

    const local = directoryStore(join(home, "blobs"));
    const remote = directoryStore(elsewhere);
    const queue = join(home, "archive.json");
    const again = () => openArchive({ local, remote, queue, log: silentLog });
    const down = again();
    const client = createBlobClient({ allowPrivateAddresses: true, log: silentLog });
    const blobs = await createBlobs(local, client, 1, { archive: down });
    for (const cycle of [1, 5]) await blobs.turn(cycle);
    for (const text of TEXTS) assert.ok(await local.has(hashOf(text)), `${text} is nowhere else`);
    await down.idle();

    rmSync(elsewhere);
    const up = again();
    await up.idle();
    for (const text of TEXTS) {
      assert.deepEqual(Buffer.from((await remote.get(hashOf(text)))!), Buffer.from(text));
      assert.ok(!up.isPending(hashOf(text)));
    }
    assert.deepEqual(JSON.parse(readFileSync(queue, "utf8")), { pending: [] });
    const after = await createBlobs(local, client, 1, { archive: up });
    for (const cycle of [6, 7]) await after.turn(cycle);
    for (const text of TEXTS) assert.ok(!(await local.has(hashOf(text))), `${text} may go`);
  });

  it("puts nothing into a folder that stands where another was, such as a mount point without its disk", async (t) => {
    const home = temporaryFolder(t);
    const folder = join(home, "share");
    const local = directoryStore(join(home, "blobs"));
    const queue = join(home, "archive.json");
    const copied = async (text: string) => {
      const archive = openArchive({ local, remote: directoryStore(folder), folder, queue, log: silentLog });
      archive.add(await local.put(Buffer.from(text)));
      await archive.idle();
      return !archive.isPending(hashOf(text));
    };
    assert.ok(await copied("report"), "a new folder is marked");
    renameSync(folder, `${folder}-unmounted`);
    mkdirSync(folder);
    assert.ok(!(await copied("weights")));
    assert.deepEqual(readdirSync(folder), []);
    rmdirSync(folder);
    renameSync(`${folder}-unmounted`, folder);
    assert.ok(await copied("model"));
    assert.ok(await directoryStore(folder).has(hashOf("weights")), "what waited is there as well");
  });

  it("takes a folder by the mark that another participant put there, also at the same time, and by one that was cut anew", (t) => {
    const folder = join(temporaryFolder(t), "share");
    const first = markOf(folder, undefined);
    assert.equal(markOf(folder, undefined), first);
    assert.throws(() => markOf(folder, "other"), coded("STORE_FAILED"));
    writeFileSync(join(folder, "blockzero-store"), "");
    assert.throws(() => markOf(folder, undefined), coded("STORE_FAILED"));
    assert.notEqual(markOf(folder, undefined), "");
  });

  it("copies also while the queue cannot be written, and says so to who adds", async (t) => {
    const home = temporaryFolder(t);
    const [local, remote] = [directoryStore(join(home, "own")), directoryStore(join(home, "elsewhere"))];
    const queue = join(home, "archive.json");
    const archive = openArchive({ local, remote, queue, log: silentLog });
    await local.put(Buffer.from("report"));
    mkdirSync(`${queue}.tmp`);
    assert.throws(() => archive.add(hashOf("report")), { code: "EISDIR" });
    await archive.idle();
    assert.ok(await remote.has(hashOf("report")));
    rmdirSync(`${queue}.tmp`);
    archive.retry();
    await archive.idle();
    assert.ok(!archive.isPending(hashOf("report")));
    assert.deepEqual(JSON.parse(readFileSync(queue, "utf8")), { pending: [] });
  });

  it("gives a blob up also while the disk is full: to delete the file is what frees it", async (t) => {
    const home = temporaryFolder(t);
    const [local, remote] = [directoryStore(join(home, "own")), directoryStore(join(home, "elsewhere"))];
    const queue = join(home, "archive.json");
    const { log, lines } = collectingLog();
    const down = { ...remote, has: () => Promise.reject(new Error("down")) };
    const archive = openArchive({ local, remote: down, queue, log });
    await local.put(Buffer.from("report"));
    archive.add(hashOf("report"));
    await archive.idle();
    mkdirSync(`${queue}.tmp`);
    archive.abandon(hashOf("report"));
    assert.ok(!archive.isPending(hashOf("report")));
    assert.ok(lines.some(({ message }) => message === "not archived, and no longer kept for it"));
  });

  it("is asked for what it lists or was copied there, and for nothing that strangers name", async (t) => {
    const home = temporaryFolder(t);
    const local = directoryStore(join(home, "own"));
    const remote = directoryStore(join(home, "elsewhere"));
    await remote.put(Buffer.from("report"));
    const asked: string[] = [];
    let lists = 0;
    let isListed = () => {};
    const first = new Promise<void>((resolve) => {
      isListed = resolve;
    });
    const far: BlobStore = {
      ...remote,
      size: (hash) => {
        asked.push(hash);
        return remote.size(hash);
      },
      list: async function* () {
        lists++;
        yield* remote.list();
        isListed();
      },
    };
    const queue = join(home, "archive.json");
    const archive = openArchive({ local, remote: far, listed: listedSource(far, () => 0), queue, log: silentLog });
    const client = createBlobClient({ allowPrivateAddresses: true, log: silentLog });
    const blobs = await createBlobs(local, client, 1, { archive });
    const get = (text: string) =>
      blobs.get({ hash: hashOf(text), maxBytes: 100, locations: [], signal: new AbortController().signal });
    await first;
    for (let i = 0; i < 20; i++) await assert.rejects(get(`${i}`), { code: "FETCH_NOT_FOUND" });
    assert.deepEqual([asked, lists], [[], 1]);
    assert.deepEqual(Buffer.from(await get("report")), Buffer.from("report"));
    await blobs.put(Buffer.from("model"));
    await archive.idle();
    await local.delete(hashOf("model"));
    assert.deepEqual(Buffer.from(await get("model")), Buffer.from("model"), "before the next list");
    assert.equal(lists, 1);
  });

  it("is asked for what everybody works with before it is listed: who has lost the disk begins with these", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const home = temporaryFolder(t);
    const local = directoryStore(join(home, "own"));
    const listed = { size: async () => null, stream: subnet.store.stream, add: () => {} };
    const archive = openArchive({
      ...{ local, remote: subnet.store, listed },
      ...{ queue: join(home, "archive.json"), log: silentLog },
    });
    const nobody = new BlockZeroError("FETCH_NOT_FOUND", "no server has it", "ask others");
    const client = { fetchBlob: () => Promise.reject(nobody), receive: () => Promise.reject(nobody) };
    const blobs = await createBlobs(local, client, 1, { archive });
    const { networkHash } = await agreeOnNetwork({ netuid: NETUID, network: undefined }, home, { ...vera, blobs });
    assert.equal(networkHash, subnet.networkHash);
    const models = followModels({ ...vera, blobs });
    const { manifest } = await loadModel({ ...vera, models }, await models.baseOf(1));
    const { hash, bytes: maxBytes } = blobsOfModel(manifest)[0]!;
    await local.delete(hash);
    const source = cycleSource({ ...vera, blobs, models });
    const announced = source.open({ hash, maxBytes, location: subnet.location });
    await assert.rejects(announced, { code: "FETCH_NOT_FOUND" }, "a stranger may have named it");
    await (await source.open({ hash, maxBytes })).close();
  });

  it("stands when the program stops: what is being copied is given up, and copied by the next run", async (t) => {
    const home = temporaryFolder(t);
    const [local, elsewhere] = [directoryStore(join(home, "own")), directoryStore(join(home, "elsewhere"))];
    const queue = join(home, "archive.json");
    for (const text of TEXTS) await local.put(Buffer.from(text));
    const { log, lines } = collectingLog();
    const puts: string[] = [];
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let isGivenUp = false;
    const remote: BlobStore = {
      ...elsewhere,
      putFile: async (path, hash, over) => {
        puts.push(hash);
        if (puts.length === 1) return elsewhere.putFile(path, hash);
        begin();
        await new Promise((resolve) => over?.addEventListener("abort", resolve));
        // What ends an upload takes a moment.
        await new Promise(setImmediate);
        isGivenUp = true;
        over?.throwIfAborted();
      },
    };
    const archive = openArchive({ local, remote, queue, log });
    for (const text of TEXTS) archive.add(hashOf(text));
    await begun;
    await archive.close();
    assert.ok(isGivenUp);
    assert.deepEqual(puts, TEXTS.slice(0, 2).map(hashOf));
    const pending = TEXTS.slice(1).map(hashOf);
    assert.deepEqual(JSON.parse(readFileSync(queue, "utf8")), { pending });
    assert.deepEqual(
      lines.filter(({ level }) => level === "warn"),
      [],
    );
    const again = openArchive({ local, remote: elsewhere, queue, log });
    await again.idle();
    for (const text of TEXTS) assert.ok(await elsewhere.has(hashOf(text)));
  });

  it("forgets a blob that is gone with a warning where it was not copied, and refuses a file that is no queue", async (t) => {
    const home = temporaryFolder(t);
    const [local, remote] = [directoryStore(join(home, "own")), directoryStore(join(home, "elsewhere"))];
    const queue = join(home, "archive.json");
    await remote.put(Buffer.from("copied"));
    writeFileSync(queue, JSON.stringify({ pending: [hashOf("gone"), hashOf("copied")] }));
    const { log, lines } = collectingLog();
    const archive = openArchive({ local, remote, queue, log });
    assert.ok(archive.isPending(hashOf("gone")));
    await archive.idle();
    assert.ok(!archive.isPending(hashOf("gone")) && !archive.isPending(hashOf("copied")));
    assert.deepEqual(
      lines.filter(({ level }) => level === "warn").map(({ fields }) => fields.hash),
      [hashOf("gone")],
    );
    assert.ok(!(await remote.has(hashOf("gone"))));
    writeFileSync(queue, JSON.stringify({ pending: ["../gone"] }));
    assert.throws(() => openArchive({ local, remote, queue, log: silentLog }), { code: "JOURNAL_MALFORMED" });
  });
});
