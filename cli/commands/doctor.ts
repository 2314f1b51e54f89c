import { InvalidArgumentError, Option } from "commander";
import { minerSettings } from "#miner/config.js";
import { requirementsOf as trainingRequirements } from "#miner/plan/requirements.js";
import type { Flags } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { loadConfig } from "#shared/config/load.js";
import { type Config, type Definition, defineConfig, setting, spellingOf } from "#shared/config/settings.js";
import { CHECKS } from "#shared/doctor/checks/index.js";
import { examine, type Outcome, worstOf } from "#shared/doctor/examine.js";
import type { Examined } from "#shared/doctor/examined.js";
import { openExamined } from "#shared/doctor/open-examined.js";
import { outcomeLines, summaryOf } from "#shared/doctor/text.js";
import type { Network } from "#shared/protocol/network.js";
import { beaconOf, validatorSettings } from "#validator/config.js";
import { requirementsOf as evaluationRequirements } from "#validator/plan/requirements.js";

const roles = ["miner", "validator"] as const;

interface Options {
  readonly config?: string;
  readonly role?: (typeof roles)[number];
  readonly only?: readonly string[];
  readonly json?: boolean;
}

const allSettings = { ...validatorSettings, ...minerSettings };
const groupSetting = defineConfig({
  expert_group: setting({ ...minerSettings.expert_group, schema: minerSettings.expert_group.schema.optional() }),
});

export const doctor: CommandSpec = {
  name: "doctor",
  description:
    "check a miner's or a validator's configuration on this machine: each line is ok (✔), a warning (▲) or a failure (✖) with what to do; exit status 1 where one fails",
  examples: [
    "blockzero doctor --config miner.yaml",
    "blockzero doctor --config validator.yaml --role validator --json",
    "blockzero doctor --config miner.yaml --only endpoint,wallet,registration",
  ],
  define: (command) => {
    addFlags(
      command
        .option("--config <file>", "the program's YAML file")
        .addOption(
          new Option(
            "--role <role>",
            "the program; unset: a miner where expert_group is set, else a validator",
          ).choices(roles),
        )
        .option("--only <checks>", `some of: ${CHECKS.map(({ name }) => name).join(", ")}; commas between`, checkNames)
        .option(...JSON_FLAG),
      allSettings,
    ).action(async ({ config: file, role, only, json = false, ...flags }: Options & Flags) => {
      const signal = shutdownSignal();
      const opened = openExamined(subject({ file, role, flags }), signal);
      const chosen = CHECKS.filter(({ name }) => only?.includes(name) ?? true);
      const outcomes: Outcome[] = [];
      for await (const outcome of examine(chosen, opened.about)) {
        signal.throwIfAborted();
        outcomes.push(outcome);
        if (!json) console.log(outcomeLines(outcome));
      }
      const verdict = worstOf(outcomes.map((outcome) => outcome.verdict));
      if (json) printJson({ role: opened.about.role, verdict, checks: outcomes });
      else console.log(summaryOf(outcomes));
      process.exitCode = verdict === "failure" ? 1 : 0;
      if (outcomes.some(({ overdue }) => overdue)) return endNow();
      await opened.close();
    });
  },
};

interface Given {
  readonly file: string | undefined;
  readonly role: (typeof roles)[number] | undefined;
  readonly flags: Flags;
}

const subject = (given: Given): Pick<Examined, "role" | "config" | "env" | "beacon" | "requirements"> => {
  const env = process.env;
  const role = given.role ?? (load(groupSetting, given).expert_group === undefined ? "validator" : "miner");
  if (role === "validator") {
    const config = load(validatorSettings, given);
    const requirements = (network: Network) => evaluationRequirements(config, network);
    return { role, config, env, beacon: beaconOf(config), requirements };
  }
  const config = load(minerSettings, given);
  // Nobody knows what an operator's own program takes.
  const isBuiltIn = config.trainer.command === undefined;
  return { role, config, env, ...(isBuiltIn && { requirements: (network) => trainingRequirements(config, network) }) };
};

/** The file may be either program's, and so may the flags. */
const load = <D extends Definition>(definition: D, { file, flags }: Given): Config<D> => {
  const known = new Set(Object.keys(definition).map(spellingOf));
  const own = Object.fromEntries(Object.entries(flags).filter(([name]) => known.has(spellingOf(name))));
  return loadConfig(definition, { file, others: allSettings, env: process.env, flags: own });
};

const checkNames = (text: string): readonly string[] => {
  const names = text.split(",").map((name) => name.trim());
  const known = CHECKS.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(`There is no check ${JSON.stringify(unknown)}; there are ${known.join(", ")}.`);
};

/** What an overdue check still waits for must not hold the program; what was printed goes out first. */
const endNow = (): Promise<void> => new Promise(() => process.stdout.write("", () => process.exit(process.exitCode)));
