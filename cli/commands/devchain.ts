import { readFileSync } from "node:fs";
import { z } from "zod";
import { developmentGenesis, SUDO } from "#owner/chain/development.js";
import { type GenesisSpec, genesisSchema } from "#shared/chain/devchain/genesis.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandSpec, shutdownSignal, untilAborted } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { observeChain, ownChainSettings } from "../observe-chain.js";

interface Options {
  readonly home: string;
  readonly port: number;
  readonly blockTime: number;
  readonly genesis?: string;
  readonly json?: boolean;
}

export const devchain: CommandSpec = {
  name: "devchain",
  description: "run the embedded development chain; a second run in the same home goes on where the first stopped",
  examples: ["blockzero devchain", "blockzero devchain --home chain --genesis chain.json --block-time 12000"],
  define: (command) => {
    addFlags(command, ownChainSettings)
      .option("--home <dir>", "directory of the chain", ".blockzero/devchain")
      .option("--genesis <file>", `genesis as JSON, fixed for the life of a home; unset: no subnet, sudo key ${SUDO}`)
      .option("--port <n>", "loopback port; 0 takes a free one", wholeNumber(0, 65535), 9944)
      .option("--block-time <ms>", "milliseconds between blocks; 0 waits to be asked", wholeNumber(0), 1000)
      .option(...JSON_FLAG)
      .action(async ({ home, port, blockTime, genesis, json = false, ...options }: Options) => {
        const config = settingsAmong(ownChainSettings, options);
        const log = createLogger({ name: "devchain", ...config.log });
        const signal = shutdownSignal();
        const chain = await startDevchain({
          home,
          genesis: genesis === undefined ? await developmentGenesis() : readGenesis(genesis),
          port,
          blockTimeMs: blockTime,
          log,
        });
        const unobserve = await observeChain({
          ...config.metrics,
          head: () => ({ number: chain.head.number, ageMs: chain.headAgeMs() }),
          log,
        });
        const { endpoint, genesisHash } = chain;
        const { number: block } = chain.head;
        if (json) printJson({ endpoint, genesis: genesisHash, block, blockTime });
        else
          printFields({
            endpoint,
            genesis: genesisHash,
            block,
            "block time": blockTime === 0 ? "when asked" : `${blockTime} ms`,
          });
        await untilAborted(signal);
        await chain.close();
        await unobserve();
      });
  },
};

const readGenesis = (path: string): GenesisSpec => {
  const invalid = (reason: string, cause: unknown) =>
    new BlockZeroError(
      "GENESIS_INVALID",
      `${path}: ${reason}`,
      "correct the file, or leave --genesis out for a development chain",
      { cause },
    );
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw invalid(reasonOf(cause), cause);
  }
  const parsed = genesisSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw invalid(z.prettifyError(parsed.error), parsed.error);
};
