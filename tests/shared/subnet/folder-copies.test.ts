import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { sha256 } from "#shared/protocol/hash.js";
import { openSubnetFiles } from "#shared/subnet/files.js";
import { openLocalCopy } from "#shared/subnet/folder-copies.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";

const text = Buffer.from("what was agreed on");
const hash = sha256(text);
const file = { hash, maxBytes: 100 };
const pathIn = (folder: string) => join(folder, hash.slice(0, 2), hash);

const sound = async (t: TestContext) => {
  const folder = temporaryFolder(t);
  await directoryStore(folder).put(text);
  return folder;
};

/** What cannot be read: no system lets anybody read a folder as a file. */
const unreadable = (t: TestContext) => {
  const folder = temporaryFolder(t);
  mkdirSync(pathIn(folder), { recursive: true });
  return folder;
};

const open = (t: TestContext, folders: readonly string[]) => {
  const files = openSubnetFiles({ folders });
  t.after(() => files.close());
  return files;
};

describe("copies in folders", { timeout: HANG_GUARD }, () => {
  it("that cannot be read are named, and another one serves", async (t) => {
    const folders = [unreadable(t), await sound(t), unreadable(t)];
    const files = open(t, folders);
    assert.deepEqual(Buffer.from(await files.fetch(file)), text);
    const faulty = files.takeFaulty();
    assert.deepEqual(
      faulty.map(({ path }) => path),
      [pathIn(folders[0]!), pathIn(folders[2]!)].sort(),
    );
    for (const { path, unreadable, open } of faulty) {
      assert.equal(unreadable, `cannot read ${path}: not a regular file`);
      await assert.rejects(open(), { code: "FETCH_FAILED" });
    }
    await assert.rejects(open(t, [unreadable(t)]).fetch(file), {
      code: "FETCH_FAILED",
      message: /^nobody has .+: cannot read /,
    });
  });

  it("are all damaged only if no other fault was found", async (t) => {
    const damaged = await sound(t);
    writeFileSync(pathIn(damaged), "rotten");
    await assert.rejects(open(t, [damaged, temporaryFolder(t)]).fetch(file), {
      code: "FETCH_HASH_MISMATCH",
      message: `every copy of ${hash} is damaged: ${pathIn(damaged)} has other bytes`,
    });
    await assert.rejects(open(t, [unreadable(t), damaged]).fetch(file), { code: "FETCH_NOT_FOUND" });
    const [copy] = await (async () => {
      const files = open(t, [damaged, await sound(t)]);
      await files.fetch(file);
      return files.takeFaulty();
    })();
    assert.deepEqual([copy?.path, copy?.unreadable, copy?.isAskedAbout], [pathIn(damaged), null, true]);
  });

  it("may be deleted at any moment by the program whose folder it is", async (t) => {
    assert.equal(await openLocalCopy(pathIn(temporaryFolder(t))), null);
  });

  it("are closed, whatever the others are like", { skip: process.platform !== "linux" }, async (t) => {
    const folders = [await sound(t), unreadable(t), await sound(t)];
    await open(t, folders).fetch(file);
    const held = readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        // That of the listing itself is closed by now.
        return [];
      }
    });
    assert.deepEqual(
      held.filter((path) => folders.some((folder) => path.startsWith(folder))),
      [],
    );
  });
});
