import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { folderBytes } from "#miner/own-trainer/folder-bytes.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";

describe("the bytes that a program wrote", () => {
  it("are those of files by themselves and below folders, and of links none but their own", async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, "a", "b"), { recursive: true });
    writeFileSync(join(folder, "windows"), Buffer.alloc(300));
    writeFileSync(join(folder, "a", "b", "weights"), Buffer.alloc(5000));
    symlinkSync(join(folder, "a", "b", "weights"), join(folder, "a", "link"));
    assert.equal(await folderBytes([join(folder, "windows")]), 300);
    const link = join(folder, "a", "b", "weights").length;
    assert.equal(await folderBytes([join(folder, "a")]), 5000 + link);
    assert.equal(await folderBytes([folder, join(folder, "windows")]), 5600 + link);
    assert.equal(await folderBytes([join(folder, "nowhere")]), 0);
  });
});
