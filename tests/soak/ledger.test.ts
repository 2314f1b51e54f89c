import assert from "node:assert/strict";
import { it } from "node:test";
import { doubledWrites, lostWrites, missedWrites, type Written } from "./ledger.js";

const write = (kind: Written["kind"], cycle: number, block: number, text = "a", hotkey = "ann"): Written => ({
  ...{ kind, cycle, block, text, hotkey },
});
const name = (hotkey: string) => hotkey;

it("what stands twice on chain is found, also where it is the same", () => {
  const written = [
    write("commit", 1, 5),
    write("reveal", 1, 6),
    write("commit", 2, 9),
    write("commit", 1, 5, "a", "bob"),
  ];
  assert.deepEqual(doubledWrites(written, name), []);
  assert.deepEqual(doubledWrites([...written, write("commit", 1, 7)], name), [
    "ann: commit of cycle 1 in blocks 5, 7, the same each time",
  ]);
  assert.match(doubledWrites([...written, write("reveal", 1, 7, "b")], name)[0]!, /6, 7, another each time$/);
});

it("what a journal has and the chain does not is found, and what was due in peace", () => {
  const written = [write("commit", 1, 5), write("reveal", 1, 6)];
  const note = (kind: Written["kind"], block: number) => ({ hotkey: "ann", cycle: 1, kind, block });
  assert.deepEqual(lostWrites([note("commit", 5), note("reveal", 6)], written, name), []);
  assert.deepEqual(lostWrites([note("commit", 6), note("report", 7)], written, name), [
    "ann: commit of cycle 1 noted in block 6, on chain in block 5",
    "ann: report of cycle 1 noted in block 7, on chain nowhere",
  ]);
  assert.deepEqual(missedWrites([{ hotkey: "ann", kinds: ["commit", "reveal"] }], [1, 2], written), [
    { hotkey: "ann", kind: "commit", cycle: 2 },
    { hotkey: "ann", kind: "reveal", cycle: 2 },
  ]);
});
