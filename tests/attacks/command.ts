import { availableParallelism } from "node:os";
import { Option } from "commander";
import { figuresOption, outputOption, writeFigures } from "#bench/options.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { nearest } from "#shared/util/nearest.js";
import { sumOfWork } from "./arena/honest-work.js";
import type { Interval } from "./arena/interval.js";
import { circumstancesOf, openKept } from "./arena/kept.js";
import { MODEL_NAMES, type ModelName } from "./arena/models/arena-model.js";
import { harmsOf, knownHarmsOf, type Result, resultOf } from "./arena/result.js";
import { runSeeds } from "./arena/run-seeds.js";
import { unscoredTable } from "./arena/unscored-table.js";
import { partsTable } from "./arena/validator-part.js";
import { computeTable } from "./compute/compute-table.js";
import { computeAttacks } from "./compute/library/index.js";
import { type ComputeResult, faultsOf, playAttacks } from "./compute/play-attacks.js";
import { honestTable, judgeHonest, worthByStage, worthTable } from "./honest/judge-honest.js";
import { attacks } from "./library/index.js";

interface Options {
  readonly only?: readonly string[];
  readonly seeds: number;
  readonly cycles: number;
  readonly model: ModelName;
  readonly processes: number;
  readonly honest?: boolean;
  readonly keep?: string;
  readonly json?: string;
}

export const attacksCommand: CommandSpec = {
  name: "npm run attacks --",
  description:
    "Lives through every attack that we know of, on the model with real validators and on proof of compute with its rules; fails where one pays more than honest work, harms the model, has an honest miner rejected or left out, keeps a model from being agreed on or honest miners from being paid, or pays a validator that does nothing, or where a computed error rate is not the measured one.",
  examples: [
    "npm run attacks",
    "npm run attacks -- --only scaling noise --seeds 2 --json attacks.json",
    "npm run attacks -- --only padding-5 rented-window",
    "npm run attacks -- --model localnet --keep localnet.jsonl",
    "npm run attacks -- --honest",
  ],
  define: (command) =>
    command
      .option("--only <names...>", "these attacks only")
      .option("--seeds <n>", "each draws everything anew: genesis model, text, noise, whose batches", wholeNumber(1), 5)
      .option("--cycles <n>", "cycles that each attack goes on for with each seed", wholeNumber(1), 3)
      .addOption(
        new Option("--model <name>", "a model of some thousand parameters, or the localnet's with its own training")
          .choices(MODEL_NAMES)
          .default("micro"),
      )
      .option("--processes <n>", "seeds at a time", wholeNumber(1), Math.min(2, availableParallelism()))
      .option("--honest", "judge 10,000 simulated and 540 real submissions of honest miners instead")
      .addOption(
        outputOption(
          "--keep <file>",
          "keep there what each attack on the model came to; the same command goes on from it",
        ),
      )
      .addOption(figuresOption())
      .action(run),
};

const run = (options: Options): Promise<void> => (options.honest ? runHonest(options) : runAttacks(options));

const runHonest = async ({ model, json }: Options): Promise<void> => {
  const results = await judgeHonest(model, seedOf(1));
  const worths = worthByStage(results);
  console.log(`${honestTable(results)}\n\n${worthTable(worths)}`);
  await writeFigures(json, { model, results, worths });
  for (const { stage } of worths.filter(({ worthwhile }) => worthwhile === 0)) {
    console.error(`✖ of no honest update of the model at ${stage} of the pretraining the score is above 0`);
    process.exitCode = 1;
  }
  const { submissions, rejected, abstained } = sumOfWork(results.map(({ work }) => work));
  if (rejected + abstained === 0) return;
  console.log(`\n${unscoredTable(results.map(({ submissions: where, work }) => ({ where, work })))}`);
  console.error(`✖ of ${submissions} honest submissions ${rejected} were rejected, ${abstained} abstained on`);
  process.exitCode = 1;
};

const seedOf = (number: number): string => `arena ${number}`;

const runAttacks = async ({ only, seeds: count, cycles, model, processes, keep, json }: Options): Promise<void> => {
  const names = [...attacks, ...computeAttacks].map(({ name }) => name);
  for (const name of only ?? []) if (!names.includes(name)) throw unknown(name, names);
  const isChosen = ({ name }: { readonly name: string }): boolean => only?.includes(name) ?? true;
  const chosen = attacks.filter(isChosen).map(({ name }) => name);
  const onCompute = computeAttacks.filter(isChosen);
  const seeds = Array.from({ length: count }, (_, i) => seedOf(i + 1));

  const kept = keep === undefined ? { known: [], add: () => {} } : openKept(keep, circumstancesOf({ model, cycles }));
  const isKept = kept.known.filter(({ attack, seed }) => chosen.includes(attack) && seeds.includes(seed));

  let done = isKept.length;
  const report = (attack: string, seed: string): void => {
    process.stderr.write(`${++done}/${(chosen.length + onCompute.length) * seeds.length} ${attack}, seed ${seed}\n`);
  };
  const compute = await playAttacks(onCompute, seeds, report);
  const bySeed =
    chosen.length === 0
      ? []
      : await runSeeds({
          model,
          seeds,
          cycles,
          attacks: chosen,
          processes,
          known: isKept,
          onObservation: (observation) => {
            kept.add(observation);
            report(observation.attack, observation.seed);
          },
        });
  const results = chosen.map((_, i) => resultOf(bySeed.map((observations) => observations[i]!)));
  if (results.length > 0) console.log(tableOf(results));
  const withOthers = results.filter(({ validators }) => validators.length > 2);
  if (withOthers.length > 0) console.log(`\n${partsTable(withOthers)}`);
  const unscored = unscoredTable(
    results.flatMap(({ observations }) =>
      observations.map(({ attack, seed, work }) => ({ where: `${attack}, seed ${seed}`, work })),
    ),
  );
  if (unscored !== "") console.log(`\n${unscored}`);
  if (compute.length > 0) console.log(`${results.length > 0 ? "\n" : ""}${computeTable(compute)}`);
  await writeFigures(json, { model, seeds, cycles, results, compute });
  judge(results, compute);
};

/** Names what did harm, and has the command fail where that is not known of the attack. */
const judge = (results: readonly Result[], compute: readonly ComputeResult[]): void => {
  for (const result of results) for (const harm of knownHarmsOf(result)) console.error(`• ${result.attack} ${harm}`);
  const harms = [
    ...results.map((result) => [result.attack, harmsOf(result)] as const),
    ...compute.map((result) => [result.attack, faultsOf(result)] as const),
  ].filter(([, faults]) => faults.length > 0);
  for (const [attack, faults] of harms) console.error(`✖ ${attack}: ${faults.join(", ")}`);
  if (harms.length > 0) process.exitCode = 1;
};

const unknown = (name: string, names: readonly string[]): BlockZeroError => {
  const near = nearest(name, names);
  const hint = near ? `did you mean ${near}?` : "docs/attacks.md lists them";
  return new BlockZeroError("ATTACK_UNKNOWN", `there is no attack ${name}`, hint);
};

const tableOf = (results: readonly Result[]): string =>
  table([
    [
      "attack",
      "payoff",
      "own honest work",
      "everybody's",
      "model",
      "without",
      "",
      "honest rejected",
      "abstained",
      "progress",
      "stopped by",
    ],
    ...results.map((result) => {
      const { work, progress } = result;
      return [
        result.attack,
        inWords(result.payoff),
        inWords(result.ownPayoff),
        inWords(result.honestPayoff),
        result.modelLossWithAttack.toFixed(4),
        result.modelLossWithout.toFixed(4),
        judgementOf(result),
        `${work.rejected}/${work.submissions}`,
        `${work.abstained}/${work.submissions}`,
        `${Math.min(progress.agreed, progress.scored, progress.paid)}/${progress.cycles}`,
        result.stoppedBy.join(", "),
      ];
    }),
  ]);

const judgementOf = (result: Result): string => {
  if (harmsOf(result).length > 0) return "HARM";
  return knownHarmsOf(result).length > 0 ? "known" : "ok";
};

const inWords = ({ mean, halfWidth }: Interval): string => `${mean.toFixed(3)} ± ${halfWidth.toFixed(3)}`;
