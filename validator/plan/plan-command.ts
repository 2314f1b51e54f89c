import { flagsAmong, loadProgramConfig } from "#shared/cli/config-flags.js";
import { positiveNumber, wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { participantSettings } from "#shared/config/common.js";
import { defineConfig } from "#shared/config/settings.js";
import { roomIn } from "#shared/doctor/disk-room.js";
import { thisMachine } from "#shared/doctor/machine.js";
import { networkAhead } from "#shared/participant/agreement/network-ahead.js";
import { keptCycles } from "#shared/participant/files/kept-cycles.js";
import {
  type AheadOptions,
  aheadOptions,
  BLOCK_TIME,
  networkOfModel,
  secondsOf,
  splitAhead,
} from "#shared/planning/ahead.js";
import { isInHostMemory, travels } from "#shared/planning/devices.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { validatorSettings } from "../config.js";
import { describePlan } from "./plan-text.js";
import { MINERS } from "./requirements.js";
import { verdictOf } from "./verdict.js";

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
  "evaluator.command": validatorSettings["evaluator.command"],
  "log.level": participantSettings["log.level"],
  "log.format": participantSettings["log.format"],
});

interface Options extends AheadOptions {
  readonly blockTime?: number;
  readonly miners: number;
  readonly rate: boolean;
  readonly json?: boolean;
}

export const validatorPlanCommand: CommandSpec = {
  name: "plan",
  description: "says what judging takes: memory, disk, transfer, time, and whether this machine should join",
  examples: [
    "blockzero-validator plan --config validator.yaml",
    "blockzero-validator plan --network network.yaml --miners 64",
    "blockzero-validator plan --model hf://Qwen/Qwen3-30B-A3B --groups 32 --sequence 2048",
    "blockzero-validator plan --config validator.yaml --json",
  ],
  define: (command) => {
    aheadOptions(command)
      .option("--block-time <seconds>", BLOCK_TIME, positiveNumber)
      .option("--miners <n>", "updates of a cycle, over all groups", wholeNumber(1), MINERS)
      .option("--no-rate", "measure neither programs nor matrix products, so that the time stays unknown")
      .option("--json", "print JSON, in bytes and seconds");
    flagsAmong(command, planSettings, "a validator", validatorSettings).action(
      async ({ blockTime, miners: updates, rate, json, ...given }: Options) => {
        const { ahead, rest } = splitAhead(given);
        const { model } = ahead;
        const config = loadProgramConfig(planSettings, rest, validatorSettings);
        const signal = shutdownSignal();
        const log = createLogger({ name: "validator", ...config.log });
        const { network, hubDType, ...pace } =
          model === undefined
            ? { ...(await networkAhead(config, { log, signal })), hubDType: null }
            : await networkOfModel(model, ahead, {
                env: process.env,
                allowPrivateAddresses: config.allow_private_addresses,
                signal,
              });
        const blockSeconds = secondsOf(blockTime, pace);
        // Loaded only now, so that a wrong setting is told at once.
        const [
          { planEvaluation },
          { evaluationMemory },
          { measureEvaluationTime },
          { openDevice },
          { planWitness, witnessMemory },
        ] = await Promise.all([
          import("./plan.js"),
          import("#shared/evaluation/evaluation-memory.js"),
          import("./evaluation-time.js"),
          import("#shared/engine/runtime/open-device.js"),
          import("../witness/plan-witness.js"),
        ]);
        const memory = evaluationMemory(config.evaluation.memory_gib);
        const keep = keptCycles(config);
        const device = rate ? await openDevice({ ...config, log }) : undefined;
        const planned = device ?? { name: config.device, hostMemory: isInHostMemory(config.device) };
        const plan = planEvaluation(network, {
          blockSeconds,
          updates,
          memory,
          keep,
          hubDType,
          device: planned,
          hasEvaluator: config.evaluator.command !== undefined,
          witness: await planWitness(network, { hostMemory: planned.hostMemory, memory: witnessMemory(memory) }),
        });
        const machine = thisMachine(process.env);
        const { total, available } = machine.memory();
        const time =
          device && !travels(device)
            ? await measureEvaluationTime(network, plan, { device, available, signal })
            : undefined;
        const room = await roomIn(machine, config.checkpoint_dir);
        const has = {
          memory: total,
          disk: room.free + room.used,
          tokensPerSecond: time?.tokensPerSecond ?? null,
        };
        const verdict = verdictOf(plan, has);
        console.log(
          json
            ? JSON.stringify({ ...plan, has, ...(time && { time }), verdict })
            : describePlan(plan, has, verdict, time),
        );
      },
    );
  },
};
