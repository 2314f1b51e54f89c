import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonOf } from "#shared/cli/json.js";

describe("JSON for a terminal", () => {
  it("escapes what a terminal obeys, whoever wrote it, and is the same JSON", () => {
    const value = { detail: "\u009b2J\u007f \u202egnirts\u2066 \u2028 é … \u001b[2J" };
    const text = jsonOf(value);
    assert.match(text, /^[^\p{Cc}\u2028-\u202e\u2066-\u2069]*$/u);
    assert.ok(text.includes("é …"));
    assert.deepEqual(JSON.parse(text), value);
  });

  it("has big integers as texts", () => {
    assert.equal(jsonOf({ stake: 10n ** 20n }), '{"stake":"100000000000000000000"}');
  });
});
