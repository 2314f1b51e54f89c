import { type Flags, loadProgramConfig, programFlags } from "#shared/cli/config-flags.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { minerSettings } from "./config.js";

export const minerCommand: CommandSpec = {
  name: "blockzero-miner",
  description: "trains one expert group of the subnet's model, cycle after cycle",
  examples: [
    "blockzero-miner --config miner.yaml",
    "blockzero-miner --config miner.yaml --expert_group math --max_steps 200",
  ],
  define: (command) => {
    programFlags(command, minerSettings).action(async (flags: Flags) => {
      const config = loadProgramConfig(minerSettings, flags);
      // Loaded only now, so that a wrong setting is told at once.
      const { runMiner } = await import("./miner.js");
      await runMiner(config, createLogger({ name: "miner", ...config.log }), shutdownSignal());
    });
  },
};
