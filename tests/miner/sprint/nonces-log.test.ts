import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openNoncesLog, removeNoncesLog } from "#miner/sprint/nonces-log.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";

const [key, other] = ["a".repeat(64), "b".repeat(64)];
const batch = (first: number) => ({
  wins: [first, first + 2],
  digests: Uint8Array.from({ length: 8 * 3 }, (_, i) => first + i),
});

/** What a log has when it is opened again. */
const reopened = (path: string, of = key) => {
  const log = openNoncesLog(path, of);
  log.close();
  return log.batches;
};

test("what was computed is there again, and more follows it", (t) => {
  const path = join(temporaryFolder(t), "nonces");
  const log = openNoncesLog(path, key);
  assert.deepEqual(log.batches, []);
  log.append(batch(0));
  log.append(batch(3));
  log.flush();
  log.close();
  const again = openNoncesLog(path, key);
  assert.deepEqual(again.batches, [batch(0), batch(3)]);
  again.append({ wins: [], digests: new Uint8Array(8) });
  again.close();
  assert.deepEqual(reopened(path).length, 3);
});

test("a batch that was cut off is left out, and what follows is whole", (t) => {
  const path = join(temporaryFolder(t), "nonces");
  const log = openNoncesLog(path, key);
  log.append(batch(0));
  log.append(batch(3));
  log.close();
  const bytes = readFileSync(path);
  for (const cut of [1, 20, 47]) {
    writeFileSync(path, bytes.subarray(0, bytes.length - cut));
    const again = openNoncesLog(path, key);
    assert.deepEqual(again.batches, [batch(0)], `${cut}`);
    again.append(batch(6));
    again.close();
    assert.deepEqual(reopened(path), [batch(0), batch(6)]);
  }
});

test("another Sprint's nonces are none of this one, and none are left when it is over", (t) => {
  const path = join(temporaryFolder(t), "nonces");
  const log = openNoncesLog(path, other);
  log.append(batch(0));
  log.close();
  assert.deepEqual(reopened(path), []);
  removeNoncesLog(path);
  removeNoncesLog(path);
  writeFileSync(path, "x");
  assert.deepEqual(reopened(path), []);
});
