import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeEnvironment, parseEnvironment } from "#shared/config/environment-text.js";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { coded } from "#tests/support/coded.js";

const parsed = (text: string) => Object.fromEntries(parseEnvironment(text, ".env"));
const decoded = (bytes: Uint8Array) => Object.fromEntries(parseEnvironment(decodeEnvironment(bytes, ".env"), ".env"));

const TEXT = "BLOCKZERO_WALLET_NAME=Zoë\r\n";
const WANTED = { BLOCKZERO_WALLET_NAME: "Zoë" };

test("UTF-8, with a byte order mark or without", () => {
  assert.deepEqual(decoded(Buffer.from(TEXT)), WANTED);
  assert.deepEqual(decoded(Buffer.from(`\ufeff${TEXT}`)), WANTED);
});

test("UTF-16 with a byte order mark, either order of bytes", () => {
  const little = Buffer.from(`\ufeff${TEXT}`, "utf16le");
  assert.deepEqual(decoded(little), WANTED);
  assert.deepEqual(decoded(Buffer.from(little).swap16()), WANTED);
});

test("other encodings are refused", () => {
  for (const bytes of [
    Buffer.from(TEXT, "latin1"),
    Buffer.from(TEXT, "utf16le"),
    Buffer.from(`\ufeff${TEXT}`, "utf16le").subarray(0, -1),
  ])
    assert.throws(() => decoded(bytes), coded("ENV_FILE_MALFORMED", /^\.env is neither UTF-8 nor UTF-16/));
});

test("a line of spaces takes nothing with it, whatever ends the lines", () => {
  for (const end of ["\n", "\r\n", "\r"])
    assert.deepEqual(parsed(["# the subnet that I pay for", "   ", "\t", "A=1", " ", "B=2", ""].join(end)), {
      A: "1",
      B: "2",
    });
});

test("what a value may be", () => {
  assert.deepEqual(
    parsed(
      [
        "export A=1",
        "  B = two words  # and a comment",
        "C=",
        "D=#all of it",
        'E="a # b\\nc" # comment',
        "F='a \"b\" \\n'",
        "G=`it's`",
        'H="first',
        "",
        'last"',
        "I=a=b",
        "J=it's",
      ].join("\n"),
    ),
    {
      A: "1",
      B: "two words",
      C: "",
      D: "",
      E: "a # b\nc",
      F: 'a "b" \\n',
      G: "it's",
      H: "first\n\nlast",
      I: "a=b",
      J: "it's",
    },
  );
});

test("what could be lost in silence is refused with its line, and no value is quoted", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["# one\nwallet to mine with s3cret\nA=1", /^\.env:2: not NAME=value$/],
    ["BLOCKZERO_WALLET_NAME: s3cret", /^\.env:1: not NAME=value$/],
    ["=s3cret", /^\.env:1: not NAME=value$/],
    ["A-B C=s3cret", /^\.env:1: not NAME=value$/],
    ["A=1\n\nA=s3cret", /^\.env:3: A is given twice$/],
    ["PASSWORD=s3cret#s3cret", /^\.env:1: PASSWORD holds a # without a space before it$/],
    ['A="s3cret\nB=2', /^\.env:1: the value of A begins with a quote that is not closed$/],
    ['A="x" s3cret', /^\.env:1: text follows the closing quote of A$/],
  ];
  for (const [text, message] of cases)
    assert.throws(
      () => parsed(text),
      (thrown) =>
        coded("ENV_FILE_MALFORMED", message)(thrown) &&
        thrown instanceof BlockZeroError &&
        !formatError(thrown).includes("s3cret"),
      text,
    );
});
