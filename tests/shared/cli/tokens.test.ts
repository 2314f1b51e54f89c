import assert from "node:assert/strict";
import { test } from "node:test";
import { amountText, formatTokens, tokens } from "#shared/cli/tokens.js";

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

test("an amount for people has its unit", () => {
  assert.deepEqual([0n, 1_000_000_000n, 2_500_000_000n].map(amountText), ["0 tokens", "1 token", "2.5 tokens"]);
});
