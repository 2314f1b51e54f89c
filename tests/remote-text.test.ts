import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonRow } from "#shared/documents/lenient-json.js";
import { BlockZeroError, formatError, oneLine, reasonOf } from "#shared/errors/error.js";
import { asciiLine, quote } from "#shared/protocol/parsed.js";
import { createHealth } from "#shared/telemetry/health.js";
import { redact, redactText, redactUrls } from "#shared/telemetry/redact.js";
import { isLinear } from "#tests/support/growth.js";

/** What cleans or reads a text that anybody may have written, before a limit of its length. */
const TAKERS: Readonly<Record<string, (text: string) => unknown>> = {
  oneLine,
  reasonOf: (text) => reasonOf(new Error(text)),
  formatError: (text) => formatError(new BlockZeroError("USAGE", text, text)),
  redactUrls,
  redactText,
  redact: (text) => redact({ text: [text], fault: new Error(text) }),
  asciiLine,
  quote,
  jsonRow: (text) => jsonRow(Buffer.from(`{"text": NaN, "a": "${text}`)),
  health: (text) => {
    const health = createHealth();
    health.watch(() => text);
    return health.problem();
  },
};

/** What an expression with a loop may look at again and again: white space, what is unprintable, and the signs of URLs, of JSON and of markup. */
const REPEATED = [
  ...[" ", "\t", "\n", "\u2028", "\ufeff", "\0", "\x1b", "\u202e", " \n", "\x1b "],
  ...["a", "0", ".", "-", "/", ":", "?", "@", "#", "a.", "a:", "a/", "a@", "a?"],
  ...["://", "a://", "a://a", "ws://", "ws://a/", "ws://?", `/${"a".repeat(20)}`],
  ...['"', "\\", '\\"', '"\\', "<", "&", "é", "\ud800"],
];

/** What it may follow, where that matters. */
const AFTER: Readonly<Record<string, readonly string[]>> = {
  redactUrls: ["", "wss://"],
};

describe("a text of megabytes that a stranger wrote", () => {
  for (const [name, take] of Object.entries(TAKERS))
    it(`takes time in proportion: ${name}`, () => {
      for (const part of REPEATED)
        for (const first of AFTER[name] ?? [""]) {
          const textOf = (length: number) => `${first}${part.repeat(length / part.length)}x`;
          assert.ok(isLinear(take, textOf), `the square of its length: ${JSON.stringify(part)} after "${first}"`);
        }
    });
});
