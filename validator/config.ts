import { z } from "zod";
import { deviceSetting, participantSettings } from "#shared/config/common.js";
import { type Config, defineConfig, setting } from "#shared/config/settings.js";

/** Everything that a validator can be told; how it scores and pays is the network file's matter. */
export const validatorSettings = defineConfig({
  ...participantSettings,
  // A graphics card may make a finite loss of an update that overflows: WGSL promises nothing about NaN.
  device: deviceSetting("cpu"),
  wandb_project: setting({
    schema: z.string().min(1),
    default: "blockzero-validator",
    describe: "The Weights & Biases project.",
  }),
});

export type ValidatorConfig = Config<typeof validatorSettings>;
