import assert from "node:assert/strict";
import { test } from "node:test";
import { openArithmetic } from "#datasets/arithmetic.js";

const source = openArithmetic();
const documents = Array.from({ length: 600 }, (_, index) => source.document(index));

/** The value of products, quotients, sums and differences, read from left to right within their rank. */
const evaluate = (expression: string): number => {
  const terms = expression.split(/ (?=[+-] )/).map((term) => {
    const sign = term.startsWith("- ") ? -1 : 1;
    const [first = "", ...rest] = term.replace(/^[+-] /, "").split(/ (?=[*/] )/);
    return rest.reduce((value, factor) => {
      const operand = Number(factor.slice(2));
      return factor.startsWith("*") ? value * operand : value / operand;
    }, sign * quotient(first));
  });
  return terms.reduce((sum, term) => sum + term, 0);
};

const quotient = (text: string): number => {
  const [top = "", bottom] = text.split("/");
  return bottom === undefined ? Number(top) : Number(top) / Number(bottom);
};

test("every equality in 600 documents holds", () => {
  let checked = 0;
  for (const document of documents) {
    for (const [, left = "", right = ""] of document.matchAll(
      /(?:^|: )([0-9][0-9 +*/-]*) = ([0-9][0-9 +*/-]*?)(?=$|,)/gm,
    )) {
      assert.ok(Math.abs(evaluate(left) - evaluate(right)) < 1e-9, `${left} = ${right}\n${document}`);
      checked++;
    }
  }
  assert.ok(checked > 8_000, `${checked}`);
});

test("every solution solves its equation", () => {
  let checked = 0;
  for (const document of documents) {
    for (const [, a, sign, b, c, x] of document.matchAll(/Solve (\d+)x ([+-]) (\d+) = (\d+)\.[\s\S]*?\nx = (\d+)/g)) {
      const left = Number(a) * Number(x) + (sign === "-" ? -Number(b) : Number(b));
      assert.equal(left, Number(c));
      checked++;
    }
    for (const [, a, b, c, x] of document.matchAll(/Solve (\d+)\(x \+ (\d+)\) = (\d+)\.[\s\S]*?\nx = (\d+)/g)) {
      assert.equal(Number(a) * (Number(x) + Number(b)), Number(c));
      checked++;
    }
  }
  assert.ok(checked > 200, `${checked}`);
});

test("documents have the length of a page, and are plain ASCII", () => {
  for (const document of documents) {
    assert.ok(document.length >= 300 && document.length <= 1_200, `${document.length}`);
    assert.match(document, /^[\n -~]+$/);
    assert.ok((document.match(/^\d+\. /gm) ?? []).length >= 2, "several problems");
  }
});

test("a document depends on its index alone, and documents differ", () => {
  const again = openArithmetic();
  for (const index of [0, 599, 2 ** 32 - 1]) assert.equal(again.document(index), source.document(index));
  assert.equal(new Set(documents).size, documents.length);
  assert.equal(new Set(documents.map((document) => document.split("\n")[0])).size, 9);
  for (const index of [-1, 0.5, 2 ** 32]) assert.throws(() => source.document(index), RangeError);
});

test("the written steps lead to the result, digit by digit", () => {
  let checked = 0;
  const digits = (steps: string, step: RegExp): number[] => [...steps.matchAll(step)].map((match) => Number(match[1]));
  const number = (written: readonly number[]): number => Number(written.join(""));
  for (const document of documents) {
    for (const [, b, a, steps = ""] of document.matchAll(
      /Subtract (\d+) from (\d+)\.\n([\s\S]*?)\n\d+ - \d+ = \d+\nCheck/g,
    )) {
      assert.equal(number(digits(steps, / = (\d)$/gm).reverse()), Number(a) - Number(b), document);
      checked++;
    }
    for (const [, a, b, steps = ""] of document.matchAll(/Add (\d+) and (\d+)\.\n([\s\S]*?)\n\d+ \+ \d+ = \d+\n/g)) {
      assert.equal(number(digits(steps, /write (?:the carry )?(\d)/g).reverse()), Number(a) + Number(b), document);
      checked++;
    }
    for (const [, a, b, steps = ""] of document.matchAll(/Divide (\d+) by (\d)\.\n([\s\S]*?)\n\d+ \/ /g)) {
      assert.equal(number(digits(steps, / \* (\d) \+/g)), Math.floor(Number(a) / Number(b)), document);
      checked++;
    }
  }
  assert.ok(checked > 1_000, `${checked}`);
});
