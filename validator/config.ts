import { z } from "zod";
import { type Beacon, beaconKeySchema, QUICKNET } from "#shared/chain/timelock/beacon.js";
import {
  COMMAND_FORM,
  commandSchema,
  deviceSetting,
  metricsSetting,
  NAMES_FORM,
  namesSchema,
  participantSettings,
} from "#shared/config/common.js";
import { type Config, defineConfig, setting } from "#shared/config/settings.js";

/** All settings of a validator. Scoring and pay are defined by the network file. */
export const validatorSettings = defineConfig({
  ...participantSettings,
  // A GPU may compute a finite loss for an update that overflows: WGSL guarantees nothing about NaN.
  device: deviceSetting("cpu"),
  "evaluation.memory_gib": setting({
    schema: z.number().min(0),
    default: 0,
    describe:
      "GiB of memory for evaluation. A model whose weights would take more, in float32 and twice, is judged layer by layer from its files. 0 takes half of the machine's memory.",
  }),
  "evaluator.command": setting({
    schema: commandSchema.optional(),
    allowed: COMMAND_FORM,
    describe:
      "A program of your own that measures updates' losses, as docs/own-evaluator.md says. Unset, the validator measures. It runs as your user, and counts as long as it agrees with the validator's own measurements.",
  }),
  "evaluator.environment": setting({
    schema: namesSchema.optional(),
    allowed: NAMES_FORM,
    describe: "Variables that the program gets beside those that docs/own-evaluator.md lists.",
  }),
  "evaluator.timeout_seconds": setting({
    schema: z.number().positive().max(86_400),
    default: 300,
    describe: "Seconds for an answer of the program; without one the validator measures by itself.",
  }),
  "metrics.listen": metricsSetting("127.0.0.1:9702"),
  wandb_project: setting({
    schema: z.string().min(1).optional(),
    allowed: "text",
    describe: "The Weights & Biases project. Unset, WANDB_PROJECT of the environment, else blockzero-validator.",
  }),
  "drand.public_key": setting({
    schema: beaconKeySchema,
    default: QUICKNET.publicKey,
    allowed: "192 hex digits",
    describe:
      "The beacon that opens timelocked weights: its public key. The default is drand's quicknet, which subtensor follows.",
  }),
  "drand.genesis_time": setting({
    schema: z.number().min(0),
    default: QUICKNET.genesisTime,
    describe: "When the beacon's first round was published, seconds since the epoch.",
  }),
  "drand.period": setting({
    schema: z.number().positive(),
    default: QUICKNET.period,
    describe: "Seconds between two rounds of the beacon.",
  }),
});

export type ValidatorConfig = Config<typeof validatorSettings>;

export const beaconOf = ({ drand }: ValidatorConfig): Beacon => ({
  publicKey: drand.public_key,
  genesisTime: drand.genesis_time,
  period: drand.period,
});
