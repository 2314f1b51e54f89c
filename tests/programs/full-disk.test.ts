import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { silentLog } from "#shared/telemetry/log.js";
import { compiled } from "#tests/support/compiled.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { watch } from "./process.js";

const PROGRAM = compiled("cli/main.js");

/** A device whose every write fails for want of space, as a full disk's does. */
const FULL = "/dev/full";

describe("on a full disk", { skip: existsSync(FULL) ? false : `there is no ${FULL} here` }, () => {
  const startIn = (t: TestContext, cwd: string, args: readonly string[], full: "stdout" | "stderr") => {
    const file = openSync(FULL, "w");
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, NO_COLOR: "1" },
      stdio: ["ignore", full === "stdout" ? file : "pipe", full === "stderr" ? file : "pipe"],
    });
    closeSync(file);
    t.after(() => child.kill("SIGKILL"));
    return watch(child, args.join(" "));
  };

  it("an answer that could not be written is said, and is no success", async (t) => {
    const { status, stderr } = await startIn(t, temporaryFolder(t), ["wallet", "list", "--json"], "stdout").ended;
    assert.equal(status, 2);
    assert.match(stderr, /^✖ OUTPUT_UNWRITABLE the answer cannot be written to standard output: ENOSPC[^\n]+\n$/);
  });

  it("a program goes on without its log", async (t) => {
    const cwd = temporaryFolder(t);
    mkdirSync(join(cwd, "chain"));
    // Told in a warning.
    writeFileSync(join(cwd, "chain", "blocks.jsonl"), "half a block");
    const chain = startIn(t, cwd, ["devchain", "--home", "chain", "--port", "0", "--block-time", "0"], "stderr");
    const [, endpoint = ""] = await chain.said(/endpoint +(\S+)/);
    const client = await connectDevchain({ endpoint, log: silentLog, signal: t.signal });
    t.after(() => client.close());
    assert.equal((await client.newBlocks(2)).number, 2);
    assert.equal((await chain.stop()).status, 0);
  });
});
