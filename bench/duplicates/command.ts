import { Option } from "commander";
import { CODECS } from "#shared/artifact/codec/index.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { createRandom } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { mean } from "#shared/mean.js";
import type { CodecName } from "#shared/protocol/network.js";
import { findDuplicates, isNear, NEAR } from "#shared/scoring/duplicates.js";
import { type Kinship, kinshipOf } from "#shared/scoring/kinship.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { createSketcher, type Similarity, type Sketch, similarity } from "#shared/scoring/sketch.js";
import { describeMachine, machine } from "../machine.js";
import { openNursery } from "../nursery.js";
import { figuresOption, writeFigures } from "../options.js";
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
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ miners, seeds, cycles, group: groups, codec, json }: Flags): Promise<void> => {
  console.log(
    `${describeMachine(machine())}\n${miners} miners a group and seed, ${seeds} seeds, the localnet's training, ` +
      `${codec}, after ${cycles} cycles; sketches of 2 × 2,048`,
  );
  const figures: Record<string, Figures> = {};
  for (const group of groups)
    figures[group] = { honest: [], copies: new Map(), submissions: { judged: 0, accused: 0 }, errors: [] };
  for (let seed = 0; seed < seeds; seed++) {
    const nursery = await openNursery(onnxCpu({ threads: 2 }), { seed: `nursery${seed || ""}` });
    for (const group of groups) {
      const submitted = await liveThrough(nursery, { group, miners, cycles, codec });
      compareAll(submitted, `disguises ${group} ${seed}`, codec, figures[group]!);
    }
  }
  for (const group of groups) print(group, figures[group]!);
  const accused = Object.values(figures).reduce((sum, { submissions }) => sum + submissions.accused, 0);
  if (accused > 0) process.exitCode = 1;
  const plain = Object.entries(figures).map(([group, { copies, ...rest }]) => [
    group,
    { ...rest, copies: Object.fromEntries(copies) },
  ]);
  await writeFigures(json, { machine: machine(), codec, near: NEAR, figures: Object.fromEntries(plain) });
};

/** One pair: how alike they are, and whether that makes the later one a duplicate. */
interface Pair extends Similarity, Partial<Kinship> {
  readonly isNear: boolean;
}

interface Figures {
  readonly honest: Pair[];
  /** By disguise. */
  readonly copies: Map<string, Pair[]>;
  /** Honest submissions to groups of `GROUP` miners, what all submitted before being known, and how many of them were called duplicates. */
  readonly submissions: { judged: number; accused: number };
  /** How far sketches were off the exact cosines. */
  readonly errors: number[];
}

/** Few enough that only three can bear witness of a pair. */
const GROUP = 5;

/** Every pair of honest miners, and every miner with copies of its update. */
const compareAll = (
  { uncoded, revealed, earlier, coding }: Submitted,
  randomness: string,
  codec: CodecName,
  { honest, copies, submissions, errors }: Figures,
): void => {
  const sketch = createSketcher(0x5eed);
  const sketches = revealed.map((update) => sketch([update]));
  const likeness = (a: Sketch, b: Sketch): Pair => {
    const all = [a, b, ...sketches.filter((one) => one !== a && one !== b)];
    const alike = similarity(a, b);
    const kinship = kinshipOf(0, 1, {
      witnesses: all.map((_, i) => i).slice(2),
      related: 0,
      acquits: Number.POSITIVE_INFINITY,
      cosine: (i, j) => similarity(all[i]!, all[j]!).cosine,
    });
    return { ...alike, ...kinship, isNear: isNear({ ...alike, kinship }) };
  };
  for (const [i, a] of sketches.entries())
    for (const [j, b] of sketches.entries()) {
      if (j <= i) continue;
      const found = likeness(a, b);
      honest.push(found);
      errors.push(Math.abs(cosine(revealed[i]!, revealed[j]!) - found.cosine));
    }
  const lineage = earlier.flatMap((updates, cycle) =>
    updates.map((update, i) => ({ ...entryOf(`${cycle} ${i}`, sketch([update])), cycle })),
  );
  for (let first = 0; first + GROUP <= sketches.length; first++) {
    const group = sketches.slice(first, first + GROUP).map((one, i) => ({ ...entryOf(`${i}`, one), commitBlock: i }));
    submissions.judged += GROUP;
    submissions.accused += findDuplicates({ cycle: earlier.length, submissions: group, lineage }).size;
  }
  const random = createRandom(randomness);
  for (const { name, apply } of disguisesOf(codec)) {
    const found = revealed.map((stolen, i) => {
      const copy = apply(stolen, { random, other: revealed[(i + 1) % revealed.length]!, uncoded: uncoded[i]! });
      const sketched = sketch([coding(copy)]);
      const submissions = [...sketches, sketched].map((one, at) => ({ ...entryOf(`${at}`, one), commitBlock: at }));
      const duplicates = findDuplicates({ cycle: earlier.length, submissions, lineage: [] });
      return { ...likeness(sketches[i]!, sketched), isNear: duplicates.has(`${sketches.length}`) };
    });
    copies.set(name, [...(copies.get(name) ?? []), ...found]);
  }
};

const entryOf = (name: string, sketch: Sketch) => ({ hotkey: name, artifact: name, tensors: name, sketch });

type Figure = keyof Similarity | "residual" | "partial";

const print = (group: string, { honest, copies, submissions, errors }: Figures): void => {
  const shown = (["cosine", "residual", "partial", "signs", "overlap"] as const).filter(
    (key) => (honest[0]?.[key] ?? null) !== null,
  );
  const valuesOf = (all: readonly Pair[], key: Figure) => all.map((one) => one[key] ?? 0);
  /** The less is in common beyond the original, the more it looks like a copy; all else the other way round. */
  const row = (name: string, all: readonly Pair[], [least, most]: readonly ((...values: number[]) => number)[]) => {
    const cells = shown.flatMap((key) => {
      const values = valuesOf(all, key);
      return [mean(values), (key === "partial" ? least : most)!(...values)];
    });
    const near = all.filter((one) => one.isNear).length;
    return [name, ...cells.map((value) => value.toFixed(3)), `${near} of ${all.length}`];
  };
  console.log(`\n${group}: duplicates are at ${JSON.stringify(NEAR)}`);
  console.log(
    table([
      ["", ...shown.flatMap((key) => [key, "worst"]), "called duplicate"],
      row("honest pairs", honest, [Math.min, Math.max]),
      ...[...copies].map(([name, found]) => row(name, found, [Math.max, Math.min])),
    ]),
  );
  for (const key of shown) {
    const { mean: usual, deviation } = spreadOf(valuesOf(honest, key));
    const bound = key === "residual" || key === "partial" ? NEAR.kin[key] : NEAR[key];
    const distance = (bound - usual) / deviation;
    const where = `the bound ${Math.abs(distance).toFixed(1)} deviations ${distance < 0 ? "below" : "above"}`;
    console.log(`  ${key}: honest ${usual.toFixed(3)} ± ${deviation.toFixed(3)}, ${where}`);
  }
  console.log(
    `  honest submissions to groups of ${GROUP}, beside the cycles before: ${submissions.accused} of ${submissions.judged} called duplicates`,
  );
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
