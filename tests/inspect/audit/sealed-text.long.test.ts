import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import type { CycleAudit } from "#inspect/audit/findings.js";
import { compiled } from "#tests/support/compiled.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { livedHome } from "#tests/support/localnet-home.js";
import { sealedPages } from "#tests/support/sealed-pages.js";

const PROGRAM = compiled("cli/main.js");

describe("an audit of cycles that were evaluated on sealed text", { timeout: HANG_GUARD }, () => {
  it("opens it again from the chain and the files, and says where it cannot", async (t) => {
    const { home, subnet } = await livedHome(t, { sealed: sealedPages(24) });
    const audit = () => {
      const args = [PROGRAM, "audit", "--home", home, "--all", "--evaluate", "--json"];
      const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      assert.ok(stdout, stderr);
      return JSON.parse(stdout).cycles.map(({ result, missing }: CycleAudit) => [result, ...missing]);
    };
    assert.deepEqual(audit(), [["agrees"], ["agrees"]]);

    const { index } = subnet.network.groups.math!.sealed!;
    for (const name of readdirSync(home, { recursive: true, encoding: "utf8" }))
      if (basename(name) === index) rmSync(join(home, name));
    for (const [result, missing] of audit()) {
      assert.equal(result, "not auditable");
      assert.match(missing, /^the text of "math": /);
    }
  });
});
