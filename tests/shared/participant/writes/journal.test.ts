import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { minerJournalSchema } from "#miner/journal.js";
import { openEmbargo } from "#shared/participant/files/embargo.js";
import { intentionsSchema, openJournal, recent } from "#shared/participant/writes/journal.js";
import { coded } from "#tests/support/coded.js";
import { temporaryFolder } from "../../artifact/temporary.js";

const malformed = coded("JOURNAL_MALFORMED");

const fresh = minerJournalSchema.parse({});

describe("journal", () => {
  it("begins with the schema's defaults and is there again after a crash", (t) => {
    const path = join(temporaryFolder(t), "home", "miner.json");
    const journal = openJournal(path, minerJournalSchema);
    assert.deepEqual(journal.value, fresh);
    journal.update((value) => ({ ...value, cycles: { 7: { artifact: "ab" } } }));
    journal.update((value) => ({ ...value, cycles: { ...value.cycles, 8: { committed: 12 } } }));
    assert.deepEqual(openJournal(path, minerJournalSchema).value, {
      ...fresh,
      cycles: { 7: { artifact: "ab" }, 8: { committed: 12 } },
    });
  });

  it("refuses a file that it did not write, and leaves it as it is", (t) => {
    const path = join(temporaryFolder(t), "miner.json");
    for (const text of ["", "{", '{"cycles":{"7":{"committed":"soon"}}}', "[]"]) {
      writeFileSync(path, text);
      assert.throws(() => openJournal(path, minerJournalSchema), malformed, text);
      assert.equal(readFileSync(path, "utf8"), text);
    }
  });

  it("keeps what stood before when a change throws", (t) => {
    const path = join(temporaryFolder(t), "miner.json");
    const journal = openJournal(path, minerJournalSchema);
    journal.update((value) => ({ ...value, cycles: { 7: { artifact: "ab" } } }));
    assert.throws(() =>
      journal.update(() => {
        throw new RangeError("no");
      }),
    );
    assert.deepEqual(journal.value, { ...fresh, cycles: { 7: { artifact: "ab" } } });
    assert.deepEqual(openJournal(path, minerJournalSchema).value, journal.value);
  });

  it("stays as it was where it cannot be written: what it has said before a write is sent is on disk", (t) => {
    const path = join(temporaryFolder(t), "intentions.json");
    const journal = openJournal(path, intentionsSchema);
    mkdirSync(`${path}.tmp`);
    assert.throws(() => journal.update(() => ({ "7/commit": "a" })), { code: "EISDIR" });
    assert.deepEqual(journal.value, {});
    rmdirSync(`${path}.tmp`);
    journal.update(() => ({ "7/commit": "b" }));
    assert.deepEqual(openJournal(path, intentionsSchema).value, journal.value);
  });

  it("keeps a note in memory where it cannot be written, warns, and writes it with the next change", (t) => {
    const path = join(temporaryFolder(t), "miner.json");
    const warnings: string[] = [];
    const journal = openJournal(path, intentionsSchema, { warn: (message) => void warnings.push(message) });
    mkdirSync(`${path}.tmp`);
    journal.note(() => ({ a: "1" }));
    assert.deepEqual([journal.value, warnings.length], [{ a: "1" }, 1]);
    rmdirSync(`${path}.tmp`);
    journal.update((value) => ({ ...value, b: "2" }));
    assert.deepEqual(openJournal(path, intentionsSchema).value, { a: "1", b: "2" });
  });

  it("remembers the newest cycles by number, not by spelling", () => {
    const records = Object.fromEntries(Array.from({ length: 200 }, (_, cycle) => [`${cycle}/commit`, cycle]));
    const kept = Object.values(recent(records));
    assert.equal(Math.max(...kept), 199);
    assert.deepEqual(
      [...kept].sort((a, b) => a - b),
      Array.from({ length: kept.length }, (_, i) => 200 - kept.length + i),
    );
    assert.ok(kept.length < 200);
  });
});

describe("embargo", () => {
  it("lifts at its block, and no earlier after a restart", (t) => {
    const path = join(temporaryFolder(t), "embargo.json");
    let head = 10;
    const embargo = openEmbargo(path, () => head);
    assert.ok(embargo.isLifted("a"), "what was never held is free");
    embargo.hold("a", 20);
    assert.ok(!embargo.isLifted("a"));
    head = 19;
    assert.ok(!openEmbargo(path, () => head).isLifted("a"), "one block too early, after a restart");
    head = 20;
    assert.ok(embargo.isLifted("a"));
    assert.ok(openEmbargo(path, () => head).isLifted("a"));
  });

  it("holds several at once and forgets those whose time is over", (t) => {
    const path = join(temporaryFolder(t), "embargo.json");
    let head = 10;
    const embargo = openEmbargo(path, () => head);
    embargo.hold("a", 20);
    embargo.hold("b", 30);
    assert.deepEqual(["a", "b"].map(embargo.isLifted), [false, false]);
    head = 25;
    embargo.hold("c", 40);
    assert.deepEqual(["a", "b", "c"].map(embargo.isLifted), [true, false, false]);
    assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), { b: 30, c: 40 });
  });
});

it("an intention is remembered whole or not at all, wherever a crash cut its recording", (t) => {
  const path = join(temporaryFolder(t), "intentions.json");
  const before = openJournal(path, intentionsSchema);
  before.update(() => ({ "1/commit": "first" }));
  const next = JSON.stringify({ "1/commit": "first", "2/commit": "second" });
  for (let torn = 0; torn <= next.length; torn++) {
    writeFileSync(`${path}.tmp`, next.slice(0, torn));
    assert.deepEqual(openJournal(path, intentionsSchema).value, { "1/commit": "first" });
  }
  const after = openJournal(path, intentionsSchema);
  after.update((intentions) => ({ ...intentions, "2/commit": "another" }));
  assert.deepEqual(openJournal(path, intentionsSchema).value, { "1/commit": "first", "2/commit": "another" });
});
