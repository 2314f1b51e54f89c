import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTokens, tokens } from "#owner/tokens.js";
import { wholeNumber } from "#owner/whole-number.js";

test("amounts of tokens read back as they were written", () => {
  for (const [text, amount] of [
    ["1", 1_000_000_000n],
    ["0.000000001", 1n],
    ["12.5", 12_500_000_000n],
    ["10000", 10_000_000_000_000n],
  ] as const) {
    assert.equal(tokens(text), amount);
    assert.equal(formatTokens(amount), text);
  }
  for (const text of ["0", "-1", "1e3", "NaN", "", "1.0000000001", "0x10", "99999999999", " 1"])
    assert.throws(() => tokens(text), { code: "commander.invalidArgument" }, text);
});

test("whole numbers are digits within their bounds", () => {
  assert.equal(wholeNumber(0, 65535)("65535"), 65535);
  for (const text of ["65536", "-1", "1.5", "1e2", "0x10", "", " ", "NaN", "Infinity"])
    assert.throws(() => wholeNumber(0, 65535)(text), { code: "commander.invalidArgument" }, text);
  assert.throws(() => wholeNumber(1)("0"), /at least 1/);
});
