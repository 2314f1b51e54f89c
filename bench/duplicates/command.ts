import { Option } from "commander";
import { CODECS } from "#shared/artifact/codec/index.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { createRandom } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { mean } from "#shared/mean.js";
import type { CodecName } from "#shared/protocol/network.js";
import { isNear, type Likeness, NEAR } from "#shared/scoring/duplicates.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { residualCosine } from "#shared/scoring/residual.js";
import { createSketcher, type Sketch, similarity } from "#shared/scoring/sketch.js";
import { describeMachine, machine } from "../machine.js";
import { openNursery } from "../nursery.js";
import { writeFigures } from "../options.js";
import { disguisesOf, type Elements } from "./disguises.js";
import { liveThrough, type Submitted } from "./population.js";

interface Flags {
  readonly miners: number;
  readonly seeds: number;
  readonly cycles: number;
  readonly group: readonly string[];
  readonly codec: CodecName;
  readonly json?: string;
}

export const duplicatesBench: CommandSpec = {
  name: "duplicates",
  description: "How alike honest miners' updates are, and how alike a disguised copy is to its original.",
  examples: ["npm run bench -- duplicates --miners 16", "npm run bench -- duplicates --codec topk-2bit --cycles 4"],
  define: (command) =>
    command
      .option("--miners <n>", "honest miners a group, of which every pair is compared", wholeNumber(2), 12)
      .option("--seeds <n>", "genesis models, each with miners of its own", wholeNumber(1), 1)
      .option("--cycles <n>", "cycles lived through; the last one is compared", wholeNumber(1), 1)
      .option("--group <name...>", "expert groups", ["prose", "math"])
      .addOption(
        new Option("--codec <name>", "codec of every update, copies coded again after their disguise")
          .choices(Object.keys(CODECS))
          .default("float32"),
      )
      .option("--json <file>", "write the figures there")
      .action(run),
};

const run = async ({ miners, seeds, cycles, group: groups, codec, json }: Flags): Promise<void> => {
  console.log(
    `${describeMachine(machine())}\n${miners} miners a group and seed, ${seeds} seeds, the localnet's training, ` +
      `${codec}, after ${cycles} cycles; sketches of 2 × 2,048`,
  );
  const figures: Record<string, Figures> = {};
  for (const group of groups) figures[group] = { honest: [], copies: new Map(), errors: [] };
  for (let seed = 0; seed < seeds; seed++) {
    const nursery = await openNursery(onnxCpu({ threads: 2 }), { seed: `nursery${seed || ""}` });
    for (const group of groups) {
      const submitted = await liveThrough(nursery, { group, miners, cycles, codec });
      compareAll(submitted, `disguises ${group} ${seed}`, codec, figures[group]!);
    }
  }
  for (const group of groups) print(group, figures[group]!);
  const plain = Object.entries(figures).map(([group, { copies, ...rest }]) => [
    group,
    { ...rest, copies: Object.fromEntries(copies) },
  ]);
  await writeFigures(json, { machine: machine(), codec, near: NEAR, figures: Object.fromEntries(plain) });
};

interface Figures {
  readonly honest: Likeness[];
  /** By disguise. */
  readonly copies: Map<string, Likeness[]>;
  /** How far sketches were off the exact cosines. */
  readonly errors: number[];
}

/** Every pair of honest miners, and every miner with copies of its update. */
const compareAll = (
  { uncoded, revealed, coding }: Submitted,
  randomness: string,
  codec: CodecName,
  { honest, copies, errors }: Figures,
): void => {
  const sketch = createSketcher(0x5eed);
  const sketches = revealed.map((update) => sketch([update]));
  const likeness = (a: Sketch, b: Sketch): Likeness => {
    const all = [a, b, ...sketches.filter((one) => one !== a && one !== b).slice(0, 8)];
    const places = all.map((_, i) => i);
    return {
      ...similarity(a, b),
      residual: residualCosine(0, 1, places, (i, j) => similarity(all[i]!, all[j]!).cosine),
    };
  };
  for (const [i, a] of sketches.entries())
    for (const [j, b] of sketches.entries()) {
      if (j <= i) continue;
      const found = likeness(a, b);
      honest.push(found);
      errors.push(Math.abs(cosine(revealed[i]!, revealed[j]!) - found.cosine));
    }
  const random = createRandom(randomness);
  for (const { name, apply } of disguisesOf(codec)) {
    const found = revealed.map((stolen, i) => {
      const copy = apply(stolen, { random, other: revealed[(i + 1) % revealed.length]!, uncoded: uncoded[i]! });
      return likeness(sketches[i]!, sketch([coding(copy)]));
    });
    copies.set(name, [...(copies.get(name) ?? []), ...found]);
  }
};

const print = (group: string, { honest, copies, errors }: Figures): void => {
  const shown = (["cosine", "residual", "signs", "overlap"] as const).filter((key) => honest[0]?.[key] !== null);
  const valuesOf = (all: readonly Likeness[], key: keyof Likeness) => all.map((one) => one[key] ?? 0);
  const row = (name: string, all: readonly Likeness[], extreme: (...values: number[]) => number) => {
    const cells = shown.flatMap((key) => [mean(valuesOf(all, key)), extreme(...valuesOf(all, key))]);
    const near = all.filter((one) => isNear(one)).length;
    return [name, ...cells.map((value) => value.toFixed(3)), `${near} of ${all.length}`];
  };
  console.log(`\n${group}: duplicates are at ${JSON.stringify(NEAR)}`);
  console.log(
    table([
      ["", ...shown.flatMap((key) => [key, "worst"]), "called duplicate"],
      row("honest pairs", honest, Math.max),
      ...[...copies].map(([name, found]) => row(name, found, Math.min)),
    ]),
  );
  for (const key of shown) {
    const { mean: usual, deviation } = spreadOf(valuesOf(honest, key));
    const distance = (NEAR[key] - usual) / deviation;
    console.log(
      `  ${key}: honest ${usual.toFixed(3)} ± ${deviation.toFixed(3)}, the bound ${distance.toFixed(1)} deviations above`,
    );
  }
  console.log(`  sketches against exact cosines: off by at most ${Math.max(...errors).toFixed(3)}`);
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
