import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { compiled } from "#tests/support/compiled.js";

const main = compiled("bench/main.js");
const bench = (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args]);

describe("npm run bench", () => {
  test("lists its benches", async () => {
    const { stdout } = await bench("--help");
    for (const name of ["step", "compile", "memory"]) assert.match(stdout, new RegExp(`^ +${name} `, "m"));
  });

  test("refuses a number that is none, on one line", async () => {
    await assert.rejects(bench("step", "--steps", "3"), {
      code: 2,
      stderr: /^✖ USAGE option '--steps <n>' argument '3' is invalid\. .* → .*\n$/,
    });
  });

  test("refuses fewer steps of a micro model than show whether memory grows", async () => {
    await assert.rejects(bench("memory", "--steps", "10"), {
      code: 2,
      stderr: /^✖ USAGE option '--steps <n>' argument '10' is invalid\. It must be 0 or at least 300\. → .*\n$/,
    });
  });

  test("says before measuring that figures cannot be written, on one line", async () => {
    await assert.rejects(bench("compile", "--json", "/nonexistent/figures.json"), {
      code: 2,
      stdout: "",
      stderr: /^✖ FILE_UNWRITABLE cannot write \/nonexistent\/figures\.json: ENOENT.* → .*\n$/,
    });
  });

  test("step prints and writes our figures where there is no PyTorch, and says how to get one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "blockzero-bench-test-"));
    const json = join(folder, "step.json");
    try {
      const { stdout } = await bench(
        ...["step", "--case", "forward", "--steps", "20", "--threads", "1"],
        ...["--python", "/nonexistent/python", "--json", json],
      );
      assert.match(stdout, /no PyTorch from \/nonexistent\/python: there is no such program/);
      assert.match(stdout, /pip install torch/);
      assert.match(stdout, /^ +blockzero +\d+\.\d ms/m);
      const figures = JSON.parse(await readFile(json, "utf8"));
      assert.deepEqual(figures.peers, []);
      assert.equal(figures.threads, 1);
      assert.equal(figures.cases[0].name, "forward");
      assert.ok(figures.cases[0].ours.median > 0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
