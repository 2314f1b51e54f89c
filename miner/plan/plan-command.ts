import { type Flags, flagsAmong, loadProgramConfig } from "#shared/cli/config-flags.js";
import { positiveNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { participantSettings } from "#shared/config/common.js";
import { type Config, defineConfig } from "#shared/config/settings.js";
import { roomIn } from "#shared/doctor/disk-room.js";
import { thisMachine } from "#shared/doctor/machine.js";
import type { Device } from "#shared/engine/device.js";
import { networkAhead } from "#shared/participant/agreement/network-ahead.js";
import {
  type AheadOptions,
  aheadOptions,
  BLOCK_TIME,
  networkOfModel,
  secondsOf,
  splitAhead,
} from "#shared/planning/ahead.js";
import { travels } from "#shared/planning/devices.js";
import { DRAWN_GROUP } from "#shared/planning/drawn-network.js";
import type { Network } from "#shared/protocol/network.js";
import { createLogger } from "#shared/telemetry/logger.js";
import type { FloatDType } from "#shared/tensor-files/float-dtype.js";
import { computeSettings, minerSettings, ownTrainerSettings, trainingSettings } from "../config.js";
import type { TrainingPlan } from "./plan.js";
import { planSprint } from "./plan-sprint.js";
import type { PlanFound } from "./plan-text.js";
import { verdictOf } from "./verdict.js";

const { chain_endpoint, netuid, network, allow_private_addresses, checkpoint_dir } = participantSettings;

/** Of the miner's own settings those that are read, so that its file serves. */
const planSettings = defineConfig({
  chain_endpoint,
  netuid,
  network,
  allow_private_addresses,
  checkpoint_dir,
  "log.level": participantSettings["log.level"],
  "log.format": participantSettings["log.format"],
  "compute.max_share": computeSettings["compute.max_share"],
  "compute.expected_nonces": computeSettings["compute.expected_nonces"],
  ...trainingSettings,
  "trainer.command": ownTrainerSettings["trainer.command"],
  "trainer.disk_gib": ownTrainerSettings["trainer.disk_gib"],
});

type PlanConfig = Config<typeof planSettings>;

interface Options extends AheadOptions {
  readonly blockTime?: number;
  readonly rate: boolean;
  readonly measure?: boolean;
  readonly json?: boolean;
}

export const planCommand: CommandSpec = {
  name: "plan",
  description:
    "says what training a group and Sprints take: memory, disk, transfer, time, and whether this machine should join",
  examples: [
    "blockzero-miner plan --config miner.yaml",
    "blockzero-miner plan --network network.yaml --expert_group math --batch_size 8 --measure",
    "blockzero-miner plan --model hf://Qwen/Qwen3-30B-A3B --groups 32 --sequence 2048 --batch_size 1",
    "blockzero-miner plan --config miner.yaml --json",
  ],
  define: (command) => {
    aheadOptions(command)
      .option("--block-time <seconds>", BLOCK_TIME, positiveNumber)
      .option("--no-rate", "measure neither programs nor matrix products, so that the time stays unknown")
      .option("--measure", "train a few steps of a shard of that size with random weights")
      .option("--json", "print JSON, in bytes and seconds");
    flagsAmong(command, planSettings, "a miner", minerSettings).action(
      async ({ blockTime, rate, measure = false, json, ...given }: Options) => {
        const { ahead, rest } = splitAhead(given);
        const { model } = ahead;
        const flags: Flags = { ...rest, ...(model !== undefined && { expert_group: DRAWN_GROUP }) };
        const config = loadProgramConfig(planSettings, flags, minerSettings);
        const signal = shutdownSignal();
        const log = createLogger({ name: "miner", ...config.log });
        const { network, hubDType, ...pace } =
          model === undefined
            ? { ...(await networkAhead(config, { log, signal })), hubDType: null }
            : await networkOfModel(model, ahead, {
                env: process.env,
                allowPrivateAddresses: config.allow_private_addresses,
                signal,
              });
        const blockSeconds = secondsOf(blockTime, pace);
        const isProcessor = ["auto", "cpu"].includes(config.device);
        const sprint = planSprint(config.compute, network, { blockSeconds, isProcessor });
        // Loaded only now, so that a wrong setting is told at once.
        if (config.trainer.command !== undefined) {
          const { planOwnTraining, describeOwnPlan, ownVerdict } = await import("./plan-own.js");
          const own = planOwnTraining(config, network, hubDType);
          const disk = await diskFor(config);
          const verdict = ownVerdict(own, disk);
          const said = { ...own, has: { disk }, verdict, ...(sprint && { sprint }) };
          console.log(json ? JSON.stringify(said) : describeOwnPlan(own, disk, sprint));
          return;
        }
        const [{ planTraining }, { describePlan }] = await Promise.all([import("./plan.js"), import("./plan-text.js")]);
        const opened = rate || measure ? await openHere(config) : undefined;
        const plan = await planTraining(config, network, { blockSeconds, opened, hubDType });
        const found = await lookHere(config, network, plan, { opened, hubDType, rate, measure, signal });
        console.log(
          json ? JSON.stringify({ ...plan, ...found, ...(sprint && { sprint }) }) : describePlan(plan, found, sprint),
        );
      },
    );
  },
};

const openHere = async (config: PlanConfig): Promise<Device> => {
  const { openDevice } = await import("#shared/engine/runtime/open-device.js");
  return openDevice({ ...config, log: createLogger({ name: "miner", ...config.log }) });
};

interface Look {
  readonly hubDType: FloatDType | null;
  readonly rate: boolean;
  readonly measure: boolean;
  readonly opened: Device | undefined;
  readonly signal: AbortSignal;
}

/** Bytes that are free, and those that the program's files take already. */
const diskFor = async ({ checkpoint_dir }: PlanConfig): Promise<number> => {
  const { free, used } = await roomIn(thisMachine(process.env), checkpoint_dir);
  return free + used;
};

/** What this machine has, and how fast it is. */
const lookHere = async (
  config: PlanConfig,
  network: Network,
  plan: TrainingPlan,
  { opened, hubDType, rate, measure, signal }: Look,
): Promise<PlanFound> => {
  const [{ measureTraining }, { measureTrainingTime }] = await Promise.all([
    import("./plan-measure.js"),
    import("./training-time.js"),
  ]);
  const measured = opened && measure ? await measureTraining(config, network, opened, signal) : undefined;
  const { total, available } = thisMachine(process.env).memory();
  const time =
    opened && rate && !travels(opened)
      ? await measureTrainingTime(config, network, plan, { device: opened, available, hubDType, signal })
      : undefined;
  const has = {
    memory: total,
    disk: await diskFor(config),
    stepSeconds: measured?.stepSeconds ?? time?.stepSeconds ?? null,
  };
  return { has, verdict: verdictOf(plan, has), ...(time && { time }), ...(measured && { measured }) };
};
