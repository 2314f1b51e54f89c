import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { RECEIPT_VERSION, receiptVersion } from "#shared/protocol/receipt.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { compiled } from "#tests/support/compiled.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const PROGRAM = compiled("miner/main.js");

test("a receipt of another version is told as such, and not called forged", { timeout: HANG_GUARD }, (t) => {
  const file = join(temporaryFolder(t), "cycle-7.json");
  const check = (receipt: object) => {
    writeFileSync(file, canonicalBytes(receipt));
    return spawnSync(process.execPath, [PROGRAM, "receipt", "verify", file], { encoding: "utf8", timeout: HANG_GUARD });
  };
  const { status, stderr } = check({ kind: "receipt", version: 1 });
  assert.equal(status, 2);
  assert.equal(
    stderr,
    `✖ RECEIPT_VERSION ${file} is a receipt of version 1, and this program checks version 2 → check it with the version of BlockZero that wrote it\n`,
  );
  assert.match(check({ kind: "receipt", version: RECEIPT_VERSION }).stderr, /^✖ RECEIPT_INVALID /);
});

test("what is no receipt has no version", () => {
  for (const text of [
    "",
    "{}",
    "null",
    "[1]",
    '{"kind":"report","version":1}',
    '{"kind":"receipt","version":0.5}',
    "\ud800",
  ])
    assert.equal(receiptVersion(Buffer.from(text)), null, text);
});
