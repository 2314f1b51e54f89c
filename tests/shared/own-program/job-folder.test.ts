import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { makeFolder, removeWhole, writeDocument } from "#shared/own-program/job-folder.js";
import { coded } from "../../support/coded.js";
import { temporaryFolder } from "../artifact/temporary.js";

describe("a program's folder", () => {
  it("is its owner's alone, holds its document, and goes whole", async (t) => {
    const dir = join(temporaryFolder(t), "job");
    await makeFolder(dir);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    await writeDocument(join(dir, "job.json"), { contract: 1 });
    assert.deepEqual(JSON.parse(readFileSync(join(dir, "job.json"), "utf8")), { contract: 1 });
    await removeWhole(dir);
    await removeWhole(dir);
    assert.ok(!existsSync(dir));
  });

  it("that cannot be written is one coded error", async (t) => {
    const file = join(temporaryFolder(t), "file");
    writeFileSync(file, "");
    await assert.rejects(makeFolder(join(file, "job")), coded("FILE_UNWRITABLE"));
    await assert.rejects(writeDocument(join(file, "job.json"), {}), coded("FILE_UNWRITABLE"));
  });
});
