import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Graph } from "#shared/engine/graph.js";
import { ADAMW_DEFAULTS, adamw, scalarsAt } from "#shared/engine/optim/adamw.js";
import { adamwInPlace } from "#shared/engine/optim/adamw-in-place.js";
import { floatTensor, type Tensor } from "#shared/engine/tensor.js";
import { device, randomFrom } from "./finite-differences.js";

const graphStep = async (decay: boolean) => {
  const optimiser = adamw(ADAMW_DEFAULTS);
  const graph = new Graph();
  const [p, g, m, v] = ["p", "g", "m", "v"].map((name) => graph.input(name, ["n"]));
  const factor = graph.input("factor", []);
  const next = optimiser.update(optimiser.declare(graph), p!, g!, { m: m!, v: v! }, { factor, decay });
  const program = await device.compile(graph, { p: next.parameter, m: next.m, v: next.v });
  return { optimiser, program };
};

const close = (actual: Float32Array, expected: Tensor | undefined, what: string) => {
  actual.forEach((x, i) => {
    const y = Number(expected?.data[i]);
    assert.ok(Math.abs(x - y) <= 4 * 2 ** -24 * Math.max(1e-6, Math.abs(y)), `${what}[${i}]: ${x} for ${y}`);
  });
};

describe("AdamW in place", () => {
  it("does what AdamW in a graph does, whatever the length", async () => {
    for (const decay of [true, false]) {
      const { optimiser, program } = await graphStep(decay);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 1000 }), async (length, seed) => {
          const random = randomFrom(seed);
          const noise = () => Float32Array.from({ length }, () => random() - 0.5);
          const [mine] = adamwInPlace(ADAMW_DEFAULTS, [length], { accumulates: false });
          mine!.parameter.set(noise());
          for (let step = 1; step <= 3; step++) {
            const rate = 0.01 * step;
            const factor = 1 / step;
            const gradient = noise();
            mine!.gradient.set(gradient);
            const expected = await program.run({
              p: floatTensor(mine!.parameter.slice()),
              m: floatTensor(mine!.m.slice()),
              v: floatTensor(mine!.v.slice()),
              g: floatTensor(gradient),
              factor: floatTensor([factor], []),
              ...Object.fromEntries(
                Object.entries(optimiser.scalars(step, rate)).filter(([name]) => decay || !name.endsWith("keep")),
              ),
            });
            mine!.update(scalarsAt(ADAMW_DEFAULTS, step, rate), { factor, decay });
            close(mine!.parameter, expected.p, "parameter");
            close(mine!.m, expected.m, "m");
            close(mine!.v, expected.v, "v");
            assert.deepEqual(mine!.gradient, gradient);
          }
        }),
        { seed: 3, numRuns: 30 },
      );
      await program.dispose();
    }
  });

  it("keeps parameters apart, and adds a second gradient to the first", () => {
    const trained = adamwInPlace(ADAMW_DEFAULTS, [3, 5], { accumulates: true });
    const [a, b] = trained;
    a!.parameter.fill(1);
    b!.gradient.fill(2);
    b!.addend!.fill(1);
    b!.addGradients();
    assert.deepEqual([...b!.gradient], [3, 3, 3, 3, 3]);
    assert.deepEqual([a!.sumOfSquares(), b!.sumOfSquares()], [0, 45]);
    b!.update(scalarsAt(ADAMW_DEFAULTS, 1, 0.5), { factor: 1, decay: true });
    assert.deepEqual([...a!.parameter], [1, 1, 1]);
    // The first step of Adam has the length of its rate.
    for (const x of b!.parameter) assert.ok(Math.abs(x + 0.5) < 1e-6);
    assert.deepEqual([...a!.m, ...a!.v], [0, 0, 0, 0, 0, 0]);
  });
});
