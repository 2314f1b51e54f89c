import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { processorName } from "#bench/machine.js";
import { median } from "#bench/median.js";
import { wholeNumbers } from "#bench/options.js";
import { columns, table } from "#shared/cli/table.js";

describe("median", () => {
  test("is the middle value, or the mean of the two middle ones", () => {
    assert.equal(median([5]), 5);
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([10, 2, 9, 1]), 5.5);
  });

  test("sorts numbers as numbers, and leaves its argument alone", () => {
    const values = [100, 20, 3];
    assert.equal(median(values), 20);
    assert.deepEqual(values, [100, 20, 3]);
  });
});

describe("a processor's name", () => {
  test("tells family and model, since a virtual machine's name is that of all of a vendor's", () => {
    const told = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n";
    assert.match(processorName(told), /^.+ \(family 25, model 17\)$/);
    assert.doesNotMatch(processorName(""), /family/);
  });
});

describe("table", () => {
  test("puts numbers to the right, words to the left, and no space at a line's end", () => {
    const text = table([
      ["", "time", "by"],
      ["a", "9.5 ms", "Mul Add"],
      ["longer", "110.0 ms", "Mul"],
    ]);
    assert.deepEqual(text.split("\n"), [
      "              time  by",
      "  a         9.5 ms  Mul Add",
      "  longer  110.0 ms  Mul",
    ]);
  });

  test("keeps a column of numbers to the right where some cells are empty", () => {
    const [, first] = table([
      ["", "target"],
      ["a", ""],
      ["b", "1.5 ×"],
    ]).split("\n");
    assert.equal(first, "  a");
    assert.equal(
      table([
        ["", "t"],
        ["a", "1"],
        ["b", "−10"],
      ]).split("\n")[1],
      "  a    1",
    );
  });
});

describe("columns", () => {
  test("are the table's without its indent, and a cell without a number leaves its column one of numbers", () => {
    assert.deepEqual(
      columns([
        ["uid", "score", "group"],
        ["7", "–", "prose"],
        ["12", "0.25", "–"],
        ["3", "∞", "math"],
      ]),
      ["uid  score  group", "7        –  prose", "12    0.25  –", "3        ∞  math"],
    );
  });
});

describe("several whole numbers", () => {
  test("take the place of the standard ones", () => {
    const standard = [250, 800];
    const parse = wholeNumbers(1, standard);
    assert.deepEqual(parse("7", parse("3", standard)), [3, 7]);
    assert.throws(() => parse("0", standard), /at least 1/);
  });
});
