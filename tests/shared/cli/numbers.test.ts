import assert from "node:assert/strict";
import { test } from "node:test";
import {
  finiteNumber,
  nonNegativeNumber,
  positiveNumber,
  share,
  shareOrAll,
  wholeNumber,
} from "#shared/cli/numbers.js";

test("whole numbers are digits within their bounds", () => {
  assert.equal(wholeNumber(0, 65535)("65535"), 65535);
  for (const text of ["65536", "-1", "1.5", "1e2", "0x10", "", " ", "NaN", "Infinity"])
    assert.throws(() => wholeNumber(0, 65535)(text), { code: "commander.invalidArgument" }, text);
  assert.throws(() => wholeNumber(1)("0"), /at least 1/);
});

test("positive numbers are finite and above zero", () => {
  assert.equal(positiveNumber("0.5"), 0.5);
  assert.equal(positiveNumber("3e-3"), 0.003);
  for (const text of ["0", "-1", "", " ", "NaN", "Infinity", "1s"])
    assert.throws(() => positiveNumber(text), { code: "commander.invalidArgument" }, text);
});

test("shares are above zero and below one, or all", () => {
  assert.deepEqual(["0.5", "1"].map(shareOrAll), [0.5, 1]);
  assert.equal(share("0.99"), 0.99);
  for (const text of ["0", "1.01", "-1"])
    for (const parse of [share, shareOrAll]) assert.throws(() => parse(text), { code: "commander.invalidArgument" });
  assert.throws(() => share("1"), /below one/);
});

test("numbers are finite, and may be below zero", () => {
  assert.deepEqual(["-0.5", "0", "1e-3"].map(finiteNumber), [-0.5, 0, 0.001]);
  for (const text of ["abc", "", " ", "NaN", "-Infinity", "1,5"])
    assert.throws(() => finiteNumber(text), { code: "commander.invalidArgument" }, text);
});

test("decimal digits alone are a number", () => {
  assert.deepEqual(["0", "1e-3", ".5", "2.", "+1"].map(nonNegativeNumber), [0, 0.001, 0.5, 2, 1]);
  for (const text of ["", " ", " 1", "0x10", "0b1", "Infinity", "NaN", "1e999", "1_0", "-1", "-.5"])
    assert.throws(() => nonNegativeNumber(text), { code: "commander.invalidArgument" }, text);
  for (const parse of [finiteNumber, positiveNumber])
    for (const text of ["0x10", "Infinity", " 1"])
      assert.throws(() => parse(text), { code: "commander.invalidArgument" }, text);
});
