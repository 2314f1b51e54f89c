import assert from "node:assert/strict";
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { forgetReceipts, receiptFile } from "#miner/receipts/keep-receipt.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";

const MIB = 1 << 20;

test("receipts of so many cycles are kept, of so many bytes, and the newest one in any case", (t) => {
  const home = temporaryFolder(t);
  const folder = dirname(receiptFile(home, 0));
  mkdirSync(folder, { recursive: true });
  const write = (cycle: number, bytes: number) => {
    const path = receiptFile(home, cycle);
    writeFileSync(path, "");
    truncateSync(path, bytes);
  };
  const left = () =>
    readdirSync(folder)
      .flatMap((name) => /^cycle-(\d+)\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  writeFileSync(join(folder, "notes.txt"), "mine");
  for (let cycle = 1; cycle <= 70; cycle++) write(cycle, MIB);
  forgetReceipts(home, 64);
  assert.deepEqual(
    left(),
    Array.from({ length: 64 }, (_, i) => 7 + i),
  );

  write(71, 30 * MIB);
  forgetReceipts(home, 10);
  assert.deepEqual(left(), [62, 63, 64, 65, 66, 67, 68, 69, 70, 71], "ten, of 40 MiB");
  write(72, 5 * MIB);
  forgetReceipts(home, 10);
  assert.deepEqual(left(), [66, 67, 68, 69, 70, 71, 72]);
  write(73, 64 * MIB);
  forgetReceipts(home, 1);
  assert.deepEqual(left(), [73]);
  assert.ok(readdirSync(folder).includes("notes.txt"));
});
