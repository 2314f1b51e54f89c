import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { boundedLines } from "#shared/own-program/bounded-lines.js";

const linesOf = (maxBytes: number, chunks: readonly string[]) => {
  const lines: (readonly [string, boolean])[] = [];
  const reader = boundedLines(maxBytes, (line, isCut) => lines.push([line, isCut]));
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  reader.end();
  return lines;
};

describe("a program's lines", () => {
  it("are whole whatever the pieces they come in", () => {
    const expected = [
      ["one", false],
      ["two", false],
      ["three", false],
    ];
    assert.deepEqual(linesOf(16, ["one\ntw", "o\n", "\nthr", "ee"]), expected);
    assert.deepEqual(linesOf(16, [..."one\r\ntwo\n\nthree\n"]), expected);
  });

  it("are kept up to their bound, and the next line is whole", () => {
    assert.deepEqual(linesOf(4, ["abcdef", "ghi\nxy\nlmno\n"]), [
      ["abcd", true],
      ["xy", false],
      ["lmno", false],
    ]);
  });

  it("move no cursor", () => {
    assert.deepEqual(linesOf(32, ["\u001b[2Jloss\u0007 1\n"]), [["[2Jloss  1", false]]);
  });
});
