import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Command } from "commander";
import { benches } from "#bench/benches.js";
import { stepsToWatch } from "#bench/memory/command.js";
import { figuresOption, writeFigures } from "#bench/options.js";
import { singleCommand } from "#shared/cli/program.js";

describe("benches", () => {
  for (const bench of benches)
    test(`${bench.name} refuses figures that cannot be written, before it measures`, async () => {
      const refusal = singleCommand(bench).parseAsync(["--json", "/nonexistent/figures.json"], { from: "user" });
      await assert.rejects(refusal, { code: "FILE_UNWRITABLE" });
    });
});

describe("figuresOption", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "blockzero-bench-test-"));
    await writeFile(join(folder, "there"), "{}");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const parse = (file: string) =>
    new Command().addOption(figuresOption()).parse(["--json", file], { from: "user" }).opts();

  test("takes a file that is there or not, and makes none", async () => {
    const fresh = join(folder, "fresh");
    for (const file of [join(folder, "there"), fresh]) assert.equal(parse(file).json, file);
    assert.equal(await readFile(join(folder, "there"), "utf8"), "{}");
    await assert.rejects(readFile(fresh), { code: "ENOENT" });
  });

  test("refuses a folder, a file under a file, and one in a folder that is not there", () => {
    for (const file of [folder, join(folder, "there", "x"), join(folder, "none", "x"), ""])
      assert.throws(() => parse(file), { code: "FILE_UNWRITABLE" }, file);
  });
});

describe("writeFigures", () => {
  test("says what was wrong where the disk refuses after all", async () => {
    const file = join(tmpdir(), "blockzero-no-such-folder", "figures.json");
    await assert.rejects(writeFigures(file, {}), { code: "FILE_UNWRITABLE", message: /figures\.json: ENOENT/ });
  });
});

describe("stepsToWatch", () => {
  test("is none, or enough for a look in every window", () => {
    assert.deepEqual(["0", "300", "4000"].map(stepsToWatch), [0, 300, 4000]);
    for (const text of ["1", "299", "-1", "x"]) assert.throws(() => stepsToWatch(text), /It must be/);
  });
});
