import { readFileSync } from "node:fs";
import { startDevchain } from "#shared/chain/index.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { wholeNumber } from "../whole-number.js";

interface Options {
  readonly home: string;
  readonly port: number;
  readonly blockTime: number;
  readonly genesis: string;
}

export const devchain: CommandSpec = {
  name: "devchain",
  description: "run the embedded development chain",
  examples: ["blockzero devchain --genesis chain.json", "blockzero devchain --genesis chain.json --block-time 12000"],
  define: (command) => {
    command
      .option("--home <dir>", "directory of the chain", ".blockzero/devchain")
      .requiredOption("--genesis <file>", "genesis as JSON; it is fixed for the life of a home")
      .option("--port <n>", "loopback port; 0 takes a free one", wholeNumber(0), 9944)
      .option("--block-time <ms>", "milliseconds between blocks; 0 waits to be asked", wholeNumber(0), 1000)
      .action(async ({ home, port, blockTime, genesis }: Options) => {
        const log = createLogger({ name: "devchain", level: "info", format: "pretty" });
        const signal = shutdownSignal();
        const chain = await startDevchain({ home, genesis: readGenesis(genesis), port, blockTimeMs: blockTime, log });
        log.info("devchain listens", {
          endpoint: chain.endpoint,
          genesis: chain.genesisHash,
          block: chain.head.number,
        });
        if (!signal.aborted) await new Promise((done) => signal.addEventListener("abort", done, { once: true }));
        await chain.close();
      });
  },
};

const readGenesis = (path: string): never => {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as never;
  } catch (cause) {
    throw new BlockZeroError(
      "GENESIS_INVALID",
      `${path}: ${reasonOf(cause)}`,
      "make one with `blockzero devchain init`",
      { cause },
    );
  }
};
