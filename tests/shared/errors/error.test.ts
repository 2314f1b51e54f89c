import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockZeroError, formatError, oneLine, reasonOf } from "#shared/errors/error.js";

describe("a text on one line", () => {
  it("has a space in place of what is unprintable and the white space around it", () => {
    for (const [text, line] of [
      ["a\nb", "a b"],
      ["  a \r\n\t b\x1b[2J  c ", "a b [2J  c"],
      ["a\u2028\u202eb \x1b \x1b c", "a b c"],
      ["\n \n", ""],
      ["a  b", "a  b"],
    ] as const)
      assert.equal(oneLine(text), line);
  });

  it("is no longer than a reader can use where it says what was thrown", () => {
    const long = "word ".repeat(1 << 18);
    for (const line of [reasonOf(new Error(long)), reasonOf(long)]) {
      assert.ok(line.length < 8300, `${line.length} characters`);
      assert.match(line, /word… \(1310720 characters\)$/);
    }
    assert.ok(formatError(new BlockZeroError("USAGE", long, long)).length < 16_700);
  });

  it("is cut between two words, so that no half of a URL is left without what makes it secret", () => {
    for (let before = 8100; before <= 8200; before++)
      assert.doesNotMatch(reasonOf(`${"x".repeat(before)} wss://user:${"secret".repeat(20)}@node.example`), /user/);
  });
});
