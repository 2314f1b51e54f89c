import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hasCode } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { openSignedJournal } from "#signer/journal.js";
import { MAX_FAMILIES, MAX_PARTS } from "#signer/signed-slots.js";
import type { Slot } from "#signer/statement.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { coded } from "../support/coded.js";

const hotkey = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const hashOf = (text: string) => sha256(Buffer.from(text));
const slot = (cycle: number, content: string, more: Partial<Slot> = {}): Slot => ({
  family: "record/x/1/abababab/commit",
  cycle,
  part: "",
  content: hashOf(content),
  ...more,
});
const signature = (byte: number) => () => new Uint8Array(64).fill(byte);
const never = () => assert.fail("signed");

describe("the journal of a signer", () => {
  it("gives the same bytes the same signature, refuses others, and says the same after a restart", (t) => {
    const path = join(temporaryFolder(t), "a", "signed.jsonl");
    for (const run of [0, 1]) {
      const journal = openSignedJournal({ path, hotkey });
      const first = journal.signOnce(slot(7, "a"), hashOf("m"), run === 0 ? signature(1) : never);
      assert.equal(first[0], 1);
      assert.throws(() => journal.signOnce(slot(7, "b"), hashOf("n"), never), coded("SIGNER_CONFLICT", /cycle 7/));
      // The same record in another extrinsic, as with another nonce.
      assert.equal(journal.signOnce(slot(7, "a"), hashOf(`m${run}`), signature(2 + run))[0], 2 + run);
      assert.equal(journal.signOnce(slot(7, "a"), hashOf("m"), signature(1))[0], 1);
      assert.equal(journal.signOnce(slot(8 + run, "b"), hashOf("n"), signature(4))[0], 4);
      assert.equal(journal.signOnce(slot(7, "c", { part: "again" }), hashOf(`o${run}`), signature(5))[0], 5);
      assert.equal(journal.signOnce(slot(7, "c", { family: "other" }), hashOf("o"), signature(6))[0], 6);
      journal.close();
    }
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("forgets the oldest cycles, and refuses what it has forgotten, also when the file was written anew", (t) => {
    const path = join(temporaryFolder(t), "signed.jsonl");
    const keptCycles = 16;
    const options = { path, hotkey, sync: () => {}, spareLines: 20, keptCycles };
    const journal = openSignedJournal(options);
    for (let cycle = 0; cycle < 8 * keptCycles; cycle++)
      journal.signOnce(slot(cycle, "a"), hashOf(`${cycle}`), signature(1));
    assert.throws(() => journal.signOnce(slot(5, "a"), hashOf("5"), never), coded("SIGNER_REFUSED", /older/));
    const lines = readFileSync(path, "utf8").split("\n").length;
    assert.ok(lines < 2 * keptCycles + 30, `${lines} lines`);
    journal.close();
    const again = openSignedJournal(options);
    assert.throws(() => again.signOnce(slot(5, "b"), hashOf("5"), never), coded("SIGNER_REFUSED", /older/));
    const last = slot(8 * keptCycles - 1, "b");
    assert.throws(() => again.signOnce(last, hashOf("x"), never), coded("SIGNER_CONFLICT"));
    again.close();
  });

  it("keeps of network files of long ago up to which cycle they were signed, and signs for new ones", (t) => {
    const path = join(temporaryFolder(t), "signed.jsonl");
    for (const spareLines of [20, 20_000]) {
      rmSync(path, { force: true });
      const options = { path, hotkey, sync: () => {}, spareLines, knownFamilies: MAX_FAMILIES + 50 };
      const file = (n: number, cycle: number, content: string) => slot(cycle, content, { family: `f${n}` });
      let journal = openSignedJournal(options);
      const last = MAX_FAMILIES + 40;
      for (let n = 1; n <= last; n++) {
        assert.equal(journal.signOnce(file(n, n, "a"), hashOf("m"), signature(1))[0], 1);
        // One that is asked all the time.
        journal.signOnce(slot(n, "a"), hashOf("m"), signature(1));
      }
      for (const _ of ["before a restart", "after it"]) {
        for (const content of ["a", "b"])
          assert.throws(
            () => journal.signOnce(file(9, 9, content), hashOf("m"), never),
            coded("SIGNER_REFUSED", /cycle 9 is older than what the journal remembers/),
          );
        for (const other of [slot(1, "b"), slot(last, "b"), file(last, last, "b"), file(last - 200, last - 200, "b")])
          assert.throws(() => journal.signOnce(other, hashOf("m"), never), coded("SIGNER_CONFLICT"));
        journal.close();
        journal = openSignedJournal(options);
      }
      // It may come back, and then another one goes.
      assert.equal(journal.signOnce(file(9, 1000, "a"), hashOf("m"), signature(2))[0], 2);
      assert.throws(() => journal.signOnce(file(9, 1000, "b"), hashOf("m"), never), coded("SIGNER_CONFLICT"));
      assert.throws(() => journal.signOnce(file(9, 9, "b"), hashOf("m"), never), coded("SIGNER_REFUSED", /older/));
      for (let n = last + 1; n < MAX_FAMILIES + 50; n++) journal.signOnce(file(n, n, "a"), hashOf("m"), signature(1));
      assert.throws(
        () => journal.signOnce(file(last + 10, 1, "a"), hashOf("m"), never),
        coded("SIGNER_REFUSED", /more than 306 kinds/),
      );
      assert.equal(journal.signOnce(file(10, 2000, "a"), hashOf("m"), signature(3))[0], 3);
      journal.close();
    }
  });

  it("holds so many writes of a cycle, and counts them all before it writes the file anew", (t) => {
    const path = join(temporaryFolder(t), "signed.jsonl");
    const journal = openSignedJournal({ path, hotkey, sync: () => {}, spareLines: 4 });
    const write = (n: number) => slot(1, "a", { part: `weights ${n}` });
    for (let n = 0; n < MAX_PARTS; n++) journal.signOnce(write(n), hashOf(`${n}`), signature(1));
    assert.throws(() => journal.signOnce(write(MAX_PARTS), hashOf("m"), never), coded("SIGNER_REFUSED", /writes/));
    assert.equal(journal.signOnce(write(0), hashOf("0"), never)[0], 1);
    const { ino } = statSync(path);
    for (const again of ["n", "o"]) journal.signOnce(write(0), hashOf(again), signature(2));
    assert.equal(statSync(path).ino, ino, "nothing in it is out of date");
    journal.close();
  });

  it("signs nothing that it cannot write down, and goes on when it can again", (t) => {
    const path = join(temporaryFolder(t), "signed.jsonl");
    let isFull = false;
    const sync = (file: number) => {
      if (isFull) throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
      fsyncSync(file);
    };
    const journal = openSignedJournal({ path, hotkey, sync });
    journal.signOnce(slot(1, "a"), hashOf("m"), signature(1));
    const { size } = statSync(path);
    isFull = true;
    for (let time = 0; time < 2; time++)
      assert.throws(
        () => journal.signOnce(slot(2, "a"), hashOf("m"), signature(1)),
        coded("SIGNER_JOURNAL_FAILED", /ENOSPC/),
      );
    isFull = false;
    assert.equal(journal.signOnce(slot(2, "b"), hashOf("n"), signature(2))[0], 2);
    journal.close();
    assert.ok(statSync(path).size < 3 * size, "what failed is not in it");
    const again = openSignedJournal({ path, hotkey });
    assert.throws(() => again.signOnce(slot(2, "a"), hashOf("m"), never), coded("SIGNER_CONFLICT"));
    again.close();
    assert.throws(() => openSignedJournal({ path: join(path, "x.jsonl"), hotkey }), coded("SIGNER_JOURNAL_FAILED"));
  });

  it("goes on with its file while a new one cannot be written, and writes it anew later", (t) => {
    const path = join(temporaryFolder(t), "signed.jsonl");
    const journal = openSignedJournal({ path, hotkey, spareLines: 1 });
    const lines = () => readFileSync(path, "utf8").trimEnd().split("\n").length;
    const before = lines();
    const sign = (from: number, to: number) => {
      for (let n = from; n < to; n++) assert.equal(journal.signOnce(slot(1, "a"), hashOf(`${n}`), signature(n))[0], n);
    };
    // In the way of the new file, as no space would be.
    mkdirSync(`${path}.tmp`);
    sign(0, 8);
    assert.equal(lines(), before + 8);
    rmdirSync(`${path}.tmp`);
    sign(8, 16);
    assert.ok(lines() < before + 8);
    journal.close();
    const again = openSignedJournal({ path, hotkey });
    assert.equal(again.signOnce(slot(1, "a"), hashOf("15"), never)[0], 15);
    assert.throws(() => again.signOnce(slot(1, "b"), hashOf("m"), never), coded("SIGNER_CONFLICT"));
    again.close();
  });

  it("is refused where it is another key's, or damaged before its end", (t) => {
    const path = join(temporaryFolder(t), "signed.jsonl");
    const journal = openSignedJournal({ path, hotkey });
    for (const cycle of [1, 2]) journal.signOnce(slot(cycle, "a"), hashOf("m"), signature(1));
    journal.close();
    assert.throws(() => openSignedJournal({ path, hotkey: `${hotkey}x` }), coded("JOURNAL_MALFORMED", /not/));
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace('"cycle":1', '"cycle":x'));
    assert.throws(() => openSignedJournal({ path, hotkey }), coded("JOURNAL_MALFORMED", /line 2/));
    writeFileSync(path, text.replace('"cycle":1', '"cycle":-1'));
    assert.throws(() => openSignedJournal({ path, hotkey }), coded("JOURNAL_MALFORMED", /line 2/));
    writeFileSync(path, "");
    assert.throws(() => openSignedJournal({ path, hotkey }), coded("JOURNAL_MALFORMED", /first line/));
    writeFileSync(path, `${text}\0\0\0\0\n\0\0`);
    openSignedJournal({ path, hotkey }).close();
    assert.equal(readFileSync(path, "utf8"), text, "what a crash left at the end goes");
  });

  it("signs nothing new where its file was removed, replaced or changed meanwhile", (t) => {
    const path = join(temporaryFolder(t), "signed.jsonl");
    const journal = openSignedJournal({ path, hotkey });
    t.after(() => journal.close());
    journal.signOnce(slot(7, "a"), hashOf("m"), signature(1));
    const text = readFileSync(path);
    const isRefused = (reason: RegExp) => {
      assert.throws(
        () => journal.signOnce(slot(8, "a"), hashOf("n"), signature(2)),
        coded("SIGNER_JOURNAL_FAILED", reason),
      );
      assert.equal(journal.signOnce(slot(7, "a"), hashOf("m"), never)[0], 1);
    };
    truncateSync(path, text.length - 9);
    isRefused(/changed by another/);
    writeFileSync(path, text);
    appendFileSync(path, "{}\n");
    isRefused(/changed by another/);
    writeFileSync(path, text);
    renameSync(path, `${path}.kept`);
    isRefused(/moved or removed/);
    copyFileSync(`${path}.kept`, path);
    isRefused(/moved or removed/);
    rmSync(path);
    renameSync(`${path}.kept`, path);
    assert.equal(journal.signOnce(slot(8, "a"), hashOf("n"), signature(2))[0], 2);
  });

  it("never says two things for one slot, wherever it stops", (t) => {
    const folder = temporaryFolder(t);
    let number = 0;
    const ask = fc.record({
      cycle: fc.integer({ min: 0, max: 3 }),
      part: fc.constantFrom("", "p"),
      content: fc.constantFrom("a", "b", "c"),
      message: fc.constantFrom("m", "n"),
      // Where the process stops within the write; null: it does not.
      crash: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 2 }),
      garbage: fc.constantFrom("", "\0\0", "{\n", "\n"),
    });
    const property = fc.property(fc.array(ask, { maxLength: 24 }), (asks) => {
      const path = join(folder, `${number++}.jsonl`);
      let stops = false;
      const sync = () => {
        if (stops) throw new Error("the process ends here");
      };
      const open = () => openSignedJournal({ path, hotkey, sync, spareLines: 12 });
      let journal = open();
      let made = 0;
      /** What left the signer: for a slot its content, for a slot's message its signature. */
      const left = new Map<string, string>();
      for (const { cycle, part, content, message, crash, garbage } of asks) {
        const { size } = statSync(path);
        stops = crash !== null;
        const place = `${cycle}/${part}`;
        try {
          const given = journal.signOnce(slot(cycle, content, { part }), hashOf(content + message), () =>
            new Uint8Array(64).fill(made++ % 251),
          );
          assert.ok((left.get(place) ?? content) === content, "two contents");
          left.set(place, content);
          const text = Buffer.from(given).toString("hex");
          assert.equal(left.get(`${place}/newest/${message}`) ?? text, text, "two signatures of the same bytes");
          for (const key of [...left.keys()]) if (key.startsWith(`${place}/newest/`)) left.delete(key);
          left.set(`${place}/newest/${message}`, text);
        } catch (thrown) {
          if (hasCode(thrown, "SIGNER_CONFLICT")) assert.notEqual(left.get(place), content);
          else assert.ok(hasCode(thrown, "SIGNER_JOURNAL_FAILED"), String(thrown));
        }
        if (crash === null) continue;
        // Of what was not synced any part may be on disk, and something else after it.
        journal.close();
        const end = statSync(path).size;
        if (end > size) {
          truncateSync(path, size + Math.floor((end - size) * crash));
          appendFileSync(path, garbage);
        }
        stops = false;
        journal = open();
      }
      journal.close();
    });
    fc.assert(property, { seed: 16, numRuns: 40 });
  });
});
