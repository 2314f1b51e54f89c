#!/usr/bin/env node
import { type Flags, loadProgramConfig, programFlags } from "#shared/cli/config-flags.js";
import { createProgram, describeExamples, runProgram, shutdownSignal } from "#shared/cli/program.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { minerSettings } from "./config.js";
import { runMiner } from "./miner.js";

const program = createProgram("blockzero-miner", "Trains one expert group of the subnet's model, cycle after cycle.");
programFlags(program, minerSettings);
describeExamples(program, [
  "blockzero-miner --config miner.yaml",
  "blockzero-miner --config miner.yaml --expert_group math --max_steps 200",
]);
program.action(async (flags: Flags) => {
  const config = loadProgramConfig(minerSettings, flags);
  await runMiner(config, createLogger({ name: "miner", ...config.log }), shutdownSignal());
});
await runProgram(program);
