import { type Flags, loadProgramConfig, programFlags } from "#shared/cli/config-flags.js";
import { positiveNumber, wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { participantSettings } from "#shared/config/common.js";
import { defineConfig } from "#shared/config/settings.js";
import { thisMachine } from "#shared/doctor/machine.js";
import { networkAhead } from "#shared/participant/agreement/network-ahead.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { validatorSettings } from "../config.js";
import { describePlan, verdictOf } from "./plan-text.js";
import { BLOCK_SECONDS, MINERS } from "./requirements.js";

const { chain_endpoint, netuid, network, allow_private_addresses, checkpoint_dir, checkpoint_keep_top_k, threads } =
  participantSettings;

/** Of the validator's own settings those that are read, so that its file serves. */
const planSettings = defineConfig({
  chain_endpoint,
  netuid,
  network,
  allow_private_addresses,
  checkpoint_dir,
  checkpoint_keep_top_k,
  threads,
  device: validatorSettings.device,
  "evaluation.memory_gib": validatorSettings["evaluation.memory_gib"],
  "log.level": participantSettings["log.level"],
  "log.format": participantSettings["log.format"],
});

interface Options {
  readonly blockTime: number;
  readonly miners: number;
  readonly measure?: boolean;
  readonly json?: boolean;
}

export const validatorPlanCommand: CommandSpec = {
  name: "plan",
  description: "says what judging takes: memory, disk, transfer, time, and whether this machine should join",
  examples: [
    "blockzero-validator plan --config validator.yaml",
    "blockzero-validator plan --network network.yaml --miners 64 --measure",
    "blockzero-validator plan --config validator.yaml --json",
  ],
  define: (command) => {
    command
      .option("--block-time <seconds>", "seconds between the chain's blocks", positiveNumber, BLOCK_SECONDS)
      .option("--miners <n>", "updates of a cycle, over all groups", wholeNumber(1), MINERS)
      .option("--measure", "measure a matrix product of the model's width, for the time")
      .option("--json", "print JSON, in bytes and seconds");
    programFlags(command, planSettings, "a validator's YAML file, of which the settings below are read").action(
      async ({ blockTime: blockSeconds, miners: updates, measure, json, ...flags }: Options & Flags) => {
        const config = loadProgramConfig(planSettings, flags, validatorSettings);
        const log = createLogger({ name: "validator", ...config.log });
        const network = await networkAhead(config, { log, signal: shutdownSignal() });
        // Loaded only now, so that a wrong setting is told at once.
        const [{ planEvaluation }, { evaluationMemory }] = await Promise.all([
          import("./plan.js"),
          import("../open-meter.js"),
        ]);
        const memory = evaluationMemory(config);
        const keep = config.checkpoint_keep_top_k;
        const plan = planEvaluation(network, { blockSeconds, updates, memory, keep });
        let rate: number | null = null;
        if (measure) {
          const { openDevice } = await import("#shared/engine/runtime/open-device.js");
          const { measureRate } = await import("./plan-measure.js");
          rate = await measureRate(await openDevice({ ...config, log }), network.model);
        }
        const machine = thisMachine(process.env);
        const has = { memory: machine.memory().total, disk: await machine.freeSpace(config.checkpoint_dir), rate };
        const verdict = verdictOf(plan, has);
        console.log(json ? JSON.stringify({ ...plan, has, verdict }) : describePlan(plan, has, verdict));
      },
    );
  },
};
