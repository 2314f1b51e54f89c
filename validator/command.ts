import { type Flags, loadProgramConfig, programFlags } from "#shared/cli/config-flags.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { validatorSettings } from "./config.js";

export const validatorCommand: CommandSpec = {
  name: "blockzero-validator",
  description: "scores the miners' updates, merges the best, sets weights",
  examples: ["blockzero-validator --config validator.yaml"],
  define: (command) => {
    programFlags(command, validatorSettings).action(async (flags: Flags) => {
      const config = loadProgramConfig(validatorSettings, flags);
      // Loaded only now, so that a wrong setting is reported at once.
      const { runValidator } = await import("./validator.js");
      await runValidator(config, createLogger({ name: "validator", ...config.log }), shutdownSignal());
    });
  },
};
