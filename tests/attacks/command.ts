import { writeFile } from "node:fs/promises";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { BlockZeroError } from "#shared/errors.js";
import { SEED } from "./arena/ground.js";
import { isHarmless, LUCK, type Result } from "./arena/result.js";
import { openTrial } from "./arena/run.js";
import { attacks } from "./library/index.js";

interface Flags {
  readonly attack?: readonly string[];
  readonly cycles: string;
  readonly seed: string;
  readonly json?: string;
}

export const attacksCommand: CommandSpec = {
  name: "npm run attacks --",
  description:
    "Lives through every attack that we know of with real validators; fails where one pays more than honest work or harms the model.",
  examples: ["npm run attacks", "npm run attacks -- --attack scaling noise --cycles 6 --json attacks.json"],
  define: (command) =>
    command
      .option("--attack <name...>", "these only")
      .option("--cycles <n>", "cycles each attack goes on for", "3")
      .option("--seed <text>", "draws everything anew: text, noise, whose batches", SEED)
      .option("--json <file>", "write the results there")
      .action(run),
};

const run = async ({ attack: names, cycles, seed, json }: Flags): Promise<void> => {
  const count = Number(cycles);
  if (!Number.isInteger(count) || count < 1)
    throw new BlockZeroError("ATTACK_OPTION", `--cycles ${cycles}`, "give a whole number of at least 1");
  for (const name of names ?? [])
    if (!attacks.some((attack) => attack.name === name))
      throw new BlockZeroError(
        "ATTACK_OPTION",
        `there is no attack ${name}`,
        `name ${attacks.map(({ name }) => name).join(", ")}`,
      );

  const results: Result[] = [];
  const trial = await openTrial(count, seed);
  const luck = trial.isRecorded ? 0 : LUCK;
  if (luck > 0)
    process.stderr.write("this seed or processor draws otherwise than recorded: half as much again may be luck\n");
  try {
    for (const attack of attacks.filter(({ name }) => names?.includes(name) ?? true)) {
      process.stderr.write(`${attack.name}: ${attack.description}\n`);
      results.push(await trial.run(attack));
    }
  } finally {
    await trial.close();
  }
  console.log(tableOf(results, luck));
  if (json !== undefined) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`);
  const harmful = results.filter((result) => !isHarmless(result, luck));
  if (harmful.length === 0) return;
  console.error(`✖ ${harmful.map(({ attack }) => attack).join(", ")}: it pays, or harms the model`);
  process.exitCode = 1;
};

const tableOf = (results: readonly Result[], luck: number): string =>
  table([
    ["attack", "payoff", "honest", "model", "without", "", "accused", "stopped by"],
    ...results.map((result) => [
      result.attack,
      result.payoff.toFixed(3),
      result.honestPayoff.toFixed(3),
      result.modelLossWithAttack.toFixed(4),
      result.modelLossWithout.toFixed(4),
      isHarmless(result, luck) ? "ok" : "HARM",
      `${Math.round(100 * result.accused)} %`,
      result.caughtBy.join(", "),
    ]),
  ]);
