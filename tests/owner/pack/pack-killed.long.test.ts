import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { corpus, writeCorpus } from "./material.js";

const PROCESS = fileURLToPath(new URL("./pack-process.js", import.meta.url));

describe("a pack", { timeout: HANG_GUARD }, () => {
  it("killed at any moment goes on where it was, and comes out the same", (t) => {
    const folder = temporaryFolder(t);
    const source = writeCorpus(folder, corpus(150));
    const run = (out: string, ...when: readonly string[]) =>
      spawnSync(process.execPath, [PROCESS, source, join(folder, out), ...when], { encoding: "utf8" });
    assert.equal(run("whole", "0").status, 0);
    const hashOf = (out: string) => readFileSync(join(folder, out, "manifest.json"), "utf8");
    for (const [stage, at] of [
      ["read", 1],
      ["duplicates", 3],
      ["overlap", 2],
      ["encode", 1],
      ["encode", 4],
    ] as const)
      assert.equal(run("cut", String(at), stage).signal, "SIGKILL", `${stage} ${at}`);
    assert.ok(readdirSync(join(folder, "cut/work/pieces")).length > 3);
    const { status, stderr } = run("cut", "0");
    assert.equal(status, 0, stderr);
    assert.equal(hashOf("cut"), hashOf("whole"));
    assert.ok(!existsSync(join(folder, "cut/work")));
  });
});
