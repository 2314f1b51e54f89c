import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { rewriteFile, writeFloatsFile } from "#bench/artifacts/material.js";
import { compiled } from "#tests/support/compiled.js";

const main = compiled("bench/main.js");

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "blockzero-bench-test-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

describe("npm run bench -- artifacts", () => {
  test("writes again what it has read", () =>
    inFolder(async (folder) => {
      const [from, to] = [join(folder, "from"), join(folder, "to")];
      await writeFloatsFile(from, 2, "rewrite");
      await rewriteFile(from, to);
      assert.equal(Buffer.compare(await readFile(from), await readFile(to)), 0);
    }));

  test("prints ours where there is no openssl, and says so", () =>
    inFolder(async (folder) => {
      const json = join(folder, "figures.json");
      const flags = ["--tensors", "8", "--rounds", "1", "--openssl", "/nonexistent/openssl", "--json", json];
      // A machine that does other things as well may miss a target, which the status says.
      const stdout = await new Promise<string>((resolve) =>
        execFile(process.execPath, [main, "artifacts", ...flags], (_error, output) => resolve(output)),
      );
      assert.match(stdout, /^ +hash +\d+\.\d\d GB\/s +openssl dgst -sha256 +not installed$/m);
      const { rates, merge } = JSON.parse(await readFile(json, "utf8"));
      assert.equal(rates.openssl, null);
      assert.ok(
        rates.hash > 0 &&
          rates.read > 0 &&
          rates.write > 0 &&
          merge.rate > 0 &&
          merge.robust > 0 &&
          merge.gates > 0 &&
          merge.growth > 0,
      );
    }));
});
