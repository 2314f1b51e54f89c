import assert from "node:assert/strict";
import { test } from "node:test";
import { isHeldOut } from "#shared/data/split.js";

test("the share is kept, and a greater share holds out a superset", () => {
  const texts = Array.from({ length: 20_000 }, (_, i) => `document ${i}`);
  const tenth = texts.filter((text) => isHeldOut(text, 0.1));
  // Binomial, 20,000 draws of 0.1: four standard deviations are 170.
  assert.ok(Math.abs(tenth.length - 2_000) < 170, `${tenth.length}`);
  assert.ok(tenth.every((text) => isHeldOut(text, 0.2)));
});

test("the side of a document is pinned: it is part of what a network agrees on", () => {
  // SHA-256("abc") begins ba7816bf8f01, 0.72839 of 2^48.
  assert.equal(isHeldOut("abc", 0.7283), false);
  assert.equal(isHeldOut("abc", 0.7284), true);
  assert.equal(isHeldOut("abc", 0), false);
  assert.equal(isHeldOut("abc", 1), true);
});
