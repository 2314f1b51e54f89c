import assert from "node:assert/strict";
import { it } from "node:test";
import { normaliserOf } from "#shared/data/tokenizer-json/normalisers.js";

it("strips spaces at a text's ends as its rule says, however many stand in between", () => {
  const strip = (strip_left: boolean, strip_right: boolean) =>
    normaliserOf([{ type: "Strip", strip_left, strip_right }]);
  const text = "\u3000 \n a b\u2029\t";
  assert.equal(strip(true, true)(text), "a b");
  assert.equal(strip(true, false)(text), "a b\u2029\t");
  assert.equal(strip(false, true)(text), "\u3000 \n a b");
  assert.equal(strip(false, false)(text), text);
  assert.equal(strip(true, true)(" \n "), "");
  assert.equal(strip(true, true)(""), "");
  const long = `a${" ".repeat(2 ** 20)}b`;
  assert.equal(strip(true, true)(` ${long} `), long);
});
