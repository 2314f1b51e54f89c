import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { DEFAULT_CONFIDENCE } from "#shared/protocol/network-file/default-confidence.js";
import { concavityOf, exponentAgainst } from "#shared/rewards/curves/splitting.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, pretrainingOption, writeFigures } from "../options.js";
import { measureParts, type PartGain } from "./measure.js";

/** Batches of an evaluation: few, as on the localnet; as Bittensor's subnets of this kind have; and so many that chance plays no part. */
const EVALUATIONS = [16, 51, Number.POSITIVE_INFINITY];
const PARTS = [1, 2, 4, 8];

/** Unless the command line says others. */
const PRETRAINING: readonly number[] = [250, 800];

interface Flags {
  readonly pretraining: readonly number[];
  readonly group: readonly string[];
  readonly miners: number;
  readonly json?: string;
}

export const splittingBench: CommandSpec = {
  name: "splitting",
  description: "what a part of a miner's work scores, and how steep pay must be so that dividing it never pays",
  examples: ["npm run bench -- splitting", "npm run bench -- splitting --miners 6 --json splitting.json"],
  define: (command) =>
    command
      .addOption(pretrainingOption(PRETRAINING))
      .option("--group <name...>", "expert groups", ["prose", "math"])
      .option("--miners <n>", "miners that each figure is the mean of", wholeNumber(1), 3)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ pretraining, group: groups, miners, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(`${describeMachine(here)}\nthe localnet's training; ${miners} miners a figure, 48 batches`);
  const gains: PartGain[] = [];
  for (const steps of pretraining)
    gains.push(...(await measureParts({ groups, pretraining: steps, parts: PARTS, miners, batches: 48 })));

  const aloneOf = ({ group, pretraining: steps }: PartGain) =>
    gains.find((other) => other.parts === 1 && other.group === group && other.pretraining === steps)!;
  const rows = gains
    .filter(({ parts }) => parts > 1)
    .map((gain) => ({
      gain,
      shares: EVALUATIONS.map((batches) => scoreWith(batches, gain) / scoreWith(batches, aloneOf(gain))),
    }));
  const exponentOf = ({ parts }: PartGain, share: number) => exponentAgainst(concavityOf(share, parts));
  console.log("\nwhat a part scores, the whole being 1, and the exponent of pay from which dividing gains nothing");
  console.log(
    table([
      ["", "base", "parts", ...EVALUATIONS.flatMap((batches) => [named(batches), "exponent"])],
      ...rows
        .filter(({ gain }) => gain.way === "steps")
        .map(({ gain, shares }) => [
          gain.group,
          String(gain.pretraining),
          String(gain.parts),
          ...shares.flatMap((share) => [share.toFixed(3), exponentOf(gain, share).toFixed(2)]),
        ]),
    ]),
  );
  const divided = rows.filter(({ gain }) => gain.way === "steps");
  const exponents = divided.flatMap(({ gain, shares }) => shares.map((share) => exponentOf(gain, share)));
  console.log(`no division gains from exponent ${Math.max(...exponents).toFixed(2)} on`);

  console.log("\none training under noise of its own norm: no division of work, and no matter of the curve");
  console.log(
    table([
      ["", "base", ...EVALUATIONS.map(named)],
      ...rows
        .filter(({ gain }) => gain.way === "noise")
        .map(({ gain, shares }) => [gain.group, String(gain.pretraining), ...shares.map((share) => share.toFixed(3))]),
    ]),
  );
  await writeFigures(json, { machine: here, confidence: DEFAULT_CONFIDENCE, gains });
};

const named = (batches: number): string => (Number.isFinite(batches) ? `${batches} batches` : "any number");

/** A score at the mean and spread that were measured. */
const scoreWith = (batches: number, { mean, deviation }: PartGain): number =>
  Number.isFinite(batches)
    ? Math.max(0, mean - (studentQuantile(DEFAULT_CONFIDENCE, batches - 1) * deviation) / Math.sqrt(batches))
    : mean;
