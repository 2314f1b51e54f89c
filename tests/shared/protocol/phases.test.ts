import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  cycleLength,
  dueBlock,
  isBlockLeft,
  isInPhase,
  PHASES,
  phaseAt,
  phaseWindow,
} from "#shared/protocol/phases.js";

const defaults = { distribute: 4, train: 29, commit: 3, reveal: 3, evaluate: 3, exchange: 2, choose: 2, merge: 3 };

test("a cycle has the blocks of its eight phases", () => {
  assert.equal(cycleLength(defaults), 49);
  assert.deepEqual(phaseAt(0, defaults), {
    cycle: 0,
    phase: "distribute",
    cycleStart: 0,
    start: 0,
    end: 4,
    blocksLeft: 4,
  });
  assert.deepEqual(phaseAt(49 + 35, defaults), {
    cycle: 1,
    phase: "commit",
    cycleStart: 49,
    start: 82,
    end: 85,
    blocksLeft: 1,
  });
  assert.deepEqual(phaseWindow(2, "merge", defaults), { start: 144, end: 147 });
});

test("what is no block has no phase", () => {
  for (const block of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => phaseAt(block, defaults), RangeError);
});

test("every block lies in exactly the window its phase has, and windows tile the blocks", () => {
  const side = fc.integer({ min: 1, max: 500 });
  const lengths = fc.record({
    distribute: side,
    train: side,
    commit: side,
    reveal: side,
    evaluate: side,
    exchange: side,
    choose: side,
    merge: side,
  });
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), lengths, (block, phases) => {
      const at = phaseAt(block, phases);
      assert.deepEqual({ start: at.start, end: at.end }, phaseWindow(at.cycle, at.phase, phases));
      assert.equal(at.blocksLeft, at.end - block);
      for (const phase of PHASES) assert.equal(isInPhase(block, at.cycle, phase, phases), phase === at.phase);
      const next = phaseAt(at.end, phases);
      assert.equal(next.phase, PHASES[(PHASES.indexOf(at.phase) + 1) % PHASES.length]);
      assert.equal(next.start, at.end);
      assert.equal(next.cycle, at.phase === "merge" ? at.cycle + 1 : at.cycle);
    }),
    { seed: 1 },
  );
});

test("what takes as long as there is time leaves a block for its record, and a second in a window of ten or more", () => {
  const blocksFor = (length: number) => {
    const window = { start: 100, end: 100 + length };
    let blocks = 0;
    for (let head = dueBlock(window); isBlockLeft(window, head); head++) blocks++;
    return blocks;
  };
  assert.deepEqual([2, 9, 10, 100].map(blocksFor), [1, 1, 2, 2]);
});
