import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { createRandom } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { isNear, type Likeness, NEAR } from "#shared/scoring/duplicates.js";
import { residualCosine } from "#shared/scoring/residual.js";
import { createSketcher, type Sketch, similarity } from "#shared/scoring/sketch.js";
import { describeMachine, machine } from "../machine.js";
import { openNursery } from "../nursery.js";
import { whole, writeFigures } from "../options.js";
import { disguises, type Elements } from "./disguises.js";

interface Flags {
  readonly miners: number;
  readonly group: readonly string[];
  readonly json?: string;
}

export const duplicatesBench: CommandSpec = {
  name: "duplicates",
  description: "How alike honest miners' updates are, and how alike a disguised copy is to its original.",
  examples: ["npm run bench -- duplicates --miners 16"],
  define: (command) =>
    command
      .option("--miners <n>", "honest miners a group, of which every pair is compared", whole("--miners", 2), 12)
      .option("--group <name...>", "expert groups", ["prose", "math"])
      .option("--json <file>", "write the figures there")
      .action(run),
};

const run = async ({ miners, group: groups, json }: Flags): Promise<void> => {
  console.log(
    `${describeMachine(machine())}\n${miners} miners a group, the localnet's training; sketches of 2 × 2,048`,
  );
  const sketch = createSketcher(0x5eed);
  const figures: Record<string, unknown> = {};
  const nursery = await openNursery(onnxCpu({ threads: 2 }));
  for (const group of groups) {
    const updates: Elements[] = [];
    for (let i = 0; i < miners; i++) updates.push(joined(await nursery.train(group, `miner ${i}`)));
    const started = performance.now();
    const sketches = updates.map((update) => sketch([update]));
    const sketchSeconds = (performance.now() - started) / 1000 / miners;
    const likeness = (a: Sketch, b: Sketch, others: readonly Sketch[]): Likeness => {
      const all = [a, b, ...others];
      const places = all.map((_, i) => i);
      return {
        ...similarity(a, b),
        residual: residualCosine(0, 1, places, (i, j) => similarity(all[i]!, all[j]!).cosine),
      };
    };
    const without = (...left: readonly Sketch[]) => sketches.filter((one) => !left.includes(one)).slice(0, 8);
    const honest = sketches.flatMap((a, i) => sketches.slice(i + 1).map((b) => likeness(a, b, without(a, b))));
    const exact = updates.flatMap((a, i) => updates.slice(i + 1).map((b) => cosine(a, b)));
    const error = Math.max(...exact.map((value, i) => Math.abs(value - honest[i]!.cosine)));
    const random = createRandom(`disguises ${group}`);
    const copies = disguises.map(({ name, apply }) => ({
      name,
      found: updates.map((stolen, i) =>
        likeness(
          sketches[i]!,
          sketch([apply(stolen, { random, other: updates[(i + 1) % miners]! })]),
          without(sketches[i]!),
        ),
      ),
    }));
    print(group, honest, copies);
    console.log(
      `  sketches against exact cosines: off by at most ${error.toFixed(3)}; ` +
        `${((sketchSeconds * 1e9) / updates[0]!.length).toFixed(1)} ns an element, one comparison ${comparisonMs(sketches).toFixed(4)} ms`,
    );
    figures[group] = { honest, copies: Object.fromEntries(copies.map(({ name, found }) => [name, found])), error };
  }
  await writeFigures(json, { machine: machine(), near: NEAR, figures });
};

const print = (
  group: string,
  honest: readonly Likeness[],
  copies: readonly { readonly name: string; readonly found: readonly Likeness[] }[],
): void => {
  const row = (name: string, all: readonly Likeness[], extreme: (...values: number[]) => number) => {
    const cells = (["cosine", "residual", "signs"] as const).flatMap((key) => {
      const values = all.map((one) => one[key] ?? 0);
      return [values.reduce((sum, value) => sum + value, 0) / values.length, extreme(...values)];
    });
    const near = all.filter((one) => isNear(one)).length;
    return [name, ...cells.map((value) => value.toFixed(3)), `${near} of ${all.length}`];
  };
  console.log(`\n${group}: duplicates are at ${JSON.stringify(NEAR)}`);
  console.log(
    table([
      ["", "cosine", "worst", "residual", "worst", "signs", "worst", "called duplicate"],
      row("honest pairs", honest, Math.max),
      ...copies.map(({ name, found }) => row(name, found, Math.min)),
    ]),
  );
  const residuals = honest.map(({ residual }) => residual ?? 0);
  const mean = residuals.reduce((sum, value) => sum + value, 0) / residuals.length;
  const deviation = Math.sqrt(residuals.reduce((sum, value) => sum + (value - mean) ** 2, 0) / residuals.length);
  const distance = (NEAR.residual - mean) / deviation;
  console.log(`  the bound is ${distance.toFixed(1)} standard deviations above honest residuals`);
};

const joined = (tensors: Readonly<Record<string, { readonly data: Float32Array }>>): Elements => {
  const all = Object.values(tensors).map(({ data }) => data);
  const elements = new Float32Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const data of all) {
    elements.set(data, at);
    at += data.length;
  }
  return elements;
};

const cosine = (a: Elements, b: Elements): number => {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return ab / Math.sqrt(aa * bb);
};

const comparisonMs = (sketches: readonly Sketch[]): number => {
  const started = performance.now();
  const times = 2000;
  for (let i = 0; i < times; i++) similarity(sketches[i % sketches.length]!, sketches[(i + 1) % sketches.length]!);
  return (performance.now() - started) / times;
};
