import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { BlockZeroError } from "#shared/errors/error.js";
import { makeFolders } from "#upkeep/service/make-folders.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { coded } from "../support/coded.js";

describe("the folders of a unit", () => {
  it("are made where they are missing, for the program's user alone", (t) => {
    const dir = temporaryFolder(t);
    const [uid, gid] = [process.getuid!(), process.getgid!()];
    // Only root may give a folder to somebody else.
    const owner = uid === 0 ? { uid: 12_345, gid: 12_346 } : { uid, gid };
    const there = join(dir, "there");
    mkdirSync(there);
    chmodSync(there, 0o775);
    makeFolders([there, join(dir, "new", "checkpoints")], owner);
    for (const made of ["new", join("new", "checkpoints")]) {
      const found = statSync(join(dir, made));
      assert.deepEqual([found.uid, found.gid, found.mode & 0o777], [owner.uid, owner.gid, 0o700], made);
    }
    for (const before of [dir, there]) assert.equal(statSync(before).uid, uid);
    assert.equal(statSync(there).mode & 0o777, 0o775);
  });

  it("are refused where one is another user's alone, before any is made", (t) => {
    const dir = temporaryFolder(t);
    const there = join(dir, "there");
    mkdirSync(there);
    chmodSync(there, 0o755);
    const owner = { uid: process.getuid!() + 12_345, gid: process.getgid!() };
    assert.throws(
      () => makeFolders([join(dir, "new"), there], owner),
      coded("SERVICE_FAILED", /there is another user's/),
    );
    assert.ok(!existsSync(join(dir, "new")));
  });

  it("are not asked for from another user who keeps his store there", (t) => {
    const store = join(temporaryFolder(t), "store");
    mkdirSync(store);
    chmodSync(store, 0o755);
    const owner = { uid: process.getuid!() + 12_345, gid: process.getgid!() };
    assert.throws(
      () => makeFolders([store], owner, store),
      (thrown) =>
        coded("SERVICE_FAILED", /store is another user's/)(thrown) &&
        /a folder of its own/.test((thrown as BlockZeroError).hint) &&
        !/chown/.test((thrown as BlockZeroError).hint),
    );
  });

  it("are refused where a file is in the way", (t) => {
    const file = join(temporaryFolder(t), "file");
    writeFileSync(file, "");
    assert.throws(() => makeFolders([join(file, "checkpoints")], undefined), coded("FILE_UNWRITABLE"));
  });
});
