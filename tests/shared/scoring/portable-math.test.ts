import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { atan, exp, ln, power } from "#shared/scoring/portable-math.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import { loadVectors } from "../protocol/vectors.js";

/** Arguments, what everybody computes, and the true value rounded to float64. */
const of1 = z.array(z.tuple([z.number(), z.number(), z.number()]));
const of2 = z.array(z.tuple([z.number(), z.number(), z.number(), z.number()]));
const vectors = loadVectors("portable-math", z.object({ quantiles: of2, powers: of2, atan: of1, ln: of1, exp: of1 }));

const isNear = (value: number, exact: number, relative: number): boolean =>
  Math.abs(value - exact) <= relative * Math.abs(exact);

test("this machine gives the bits of the vectors, which are near the true values", () => {
  for (const [name, compute] of Object.entries({ atan, ln, exp }))
    for (const [x, recorded, exact] of vectors[name as "atan" | "ln" | "exp"]) {
      assert.equal(compute(x), recorded, `${name}(${x})`);
      assert.ok(isNear(recorded, exact, 1e-15), `${name}(${x}) is ${exact}`);
    }
  for (const [base, exponent, recorded, exact] of vectors.powers) {
    assert.equal(power(base, exponent), recorded, `${base} ^ ${exponent}`);
    assert.ok(isNear(recorded, exact, 2e-15), `${base} ^ ${exponent} is ${exact}`);
  }
  for (const [probability, freedom, recorded, exact] of vectors.quantiles) {
    assert.equal(studentQuantile(probability, freedom), recorded, `t(${probability}, ${freedom})`);
    // Where the distribution is flat its last bit is a larger part of the quantile.
    assert.ok(isNear(recorded, exact, 2e-12), `t(${probability}, ${freedom}) is ${exact}`);
  }
});

test("the functions are those of JavaScript but for the last digits", () => {
  const positive = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
  fc.assert(
    fc.property(
      positive,
      fc.double({ min: -700, max: 700, noNaN: true }),
      fc.double({ min: 1e-12, max: 1e3, noNaN: true }),
      fc.double({ min: 0.01, max: 16, noNaN: true }),
      (any, small, base, exponent) => {
        assert.ok(isNear(atan(Math.min(any, 1e150)), Math.atan(any), 1e-15));
        assert.equal(atan(-Math.min(any, 1e150)), -atan(Math.min(any, 1e150)));
        assert.ok(isNear(ln(any), Math.log(any), 1e-15));
        assert.ok(isNear(exp(small), Math.exp(small), 1e-15));
        assert.ok(isNear(power(base, exponent), base ** exponent, 1e-14));
      },
    ),
    { seed: 3, numRuns: 2000 },
  );
  assert.deepEqual([exp(-800), exp(800), power(0, 0.5), power(0, 2), power(7, 0)], [0, Infinity, 0, 0, 1]);
});

/** The file and all that it imports by a relative path. */
const withImports = (file: URL, found = new Map<string, string>()): ReadonlyMap<string, string> => {
  if (found.has(file.href)) return found;
  const text = readFileSync(file, "utf8");
  found.set(file.href, text);
  for (const [, path = ""] of text.matchAll(/^import (?!type )[^;]*? from "(\.[^"]+)";/gms))
    withImports(new URL(path.replace(/\.js$/, ".ts"), file), found);
  return found;
};

test("whether a report counts hangs on no function of JavaScript's that machines do not share", () => {
  const sources = withImports(new URL("../../../../shared/scoring/report-problem.ts", import.meta.url));
  assert.ok(sources.size >= 6, [...sources.keys()].join(" "));
  for (const [file, text] of sources) {
    const code = text.replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, "");
    const used = [...code.matchAll(/\*\*|Math\.(\w+)/g)].map(([, name = "**"]) => name);
    assert.deepEqual(
      used.filter((name) => !["sqrt", "floor", "ceil", "max", "min", "abs", "LN2", "SQRT2"].includes(name)),
      [],
      file,
    );
  }
});
