#!/usr/bin/env node
import { type Flags, loadProgramConfig, programFlags } from "#shared/cli/config-flags.js";
import { createProgram, describeExamples, runProgram, shutdownSignal } from "#shared/cli/program.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { validatorSettings } from "./config.js";
import { runValidator } from "./validator.js";

const program = createProgram("blockzero-validator", "Scores the miners' updates, merges the best, sets weights.");
programFlags(program, validatorSettings);
describeExamples(program, ["blockzero-validator --config validator.yaml"]);
program.action(async (flags: Flags) => {
  const config = loadProgramConfig(validatorSettings, flags);
  await runValidator(config, createLogger({ name: "validator", ...config.log }), shutdownSignal());
});
await runProgram(program);
