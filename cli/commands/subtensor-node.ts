import { readFileSync } from "node:fs";
import { z } from "zod";
import { SUDO } from "#owner/chain/development.js";
import { amountSchema, type DrandSetting, drandSchema } from "#shared/chain/devchain/genesis.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandSpec, shutdownSignal, untilAborted } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { observeChain, ownChainSettings } from "../observe-chain.js";

interface Options {
  readonly runtime: string;
  readonly port: number;
  readonly blockTime: number;
  readonly genesis?: string;
  readonly json?: boolean;
  readonly beacon?: boolean;
}

/** Substrate's well-known development keys, beside the sudo key. */
const RICH = [SUDO, "//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie"];
const FORTUNE = 1_000_000_000_000_000n;
/** The beacon of `--beacon`: everybody knows its seed, so it hides nothing from anybody. A pulse comes as often as quicknet's. */
const BEACON: DrandSetting = { seed: "5e".repeat(32), genesisTime: 0, period: 3 };

export const subtensorNode: CommandSpec = {
  name: "subtensor-node",
  description: "run a real subtensor runtime offline, as a chain of one node for trying things out; nothing is kept",
  examples: [
    "blockzero subtensor-node --runtime node_subtensor_runtime.compact.compressed.wasm",
    "blockzero subtensor-node --runtime runtime.wasm --port 9945 --block-time 12000",
    "blockzero subtensor-node --runtime runtime.wasm --beacon",
  ],
  define: (command) => {
    addFlags(command, ownChainSettings)
      .requiredOption("--runtime <file>", "the runtime's WASM, from a subtensor release or build")
      .option(
        "--genesis <file>",
        `{ sudo, balances, drand } as JSON; unset: ${RICH.join(", ")} are rich, sudo key ${SUDO}`,
      )
      .option(
        "--beacon",
        "bring pulses of a beacon of its own to the runtime, which opens timelocked weights with them",
      )
      .option("--port <n>", "loopback port; 0 takes a free one", wholeNumber(0, 65535), 9944)
      .option("--block-time <ms>", "milliseconds between blocks; 0 waits to be asked", wholeNumber(0), 1000)
      .option(...JSON_FLAG)
      .action(
        async ({ runtime, genesis: file, beacon = false, port, blockTime, json = false, ...options }: Options) => {
          const config = settingsAmong(ownChainSettings, options);
          const log = createLogger({ name: "subtensor", ...config.log });
          const signal = shutdownSignal();
          const { startOfflineSubtensor } = await import("#shared/simulators/subtensor/start.js");
          const genesis = file === undefined ? await developmentGenesis() : readGenesis(file);
          const drand = genesis.drand ?? (beacon ? BEACON : undefined);
          const node = await startOfflineSubtensor({
            runtime,
            genesis: { ...genesis, drand, timestamp: started() },
            port,
            blockTimeMs: blockTime,
            log,
          });
          const unobserve = await observeChain({
            ...config.metrics,
            head: () => ({ number: node.node.head.number }),
            log,
          });
          const { endpoint } = node;
          const { hash } = node.node.head;
          if (json) printJson({ endpoint, genesis: hash, blockTime, ...(drand && { beacon: publicBeacon(drand) }) });
          else
            printFields({
              endpoint,
              genesis: hash,
              "block time": blockTime === 0 ? "when asked" : `${blockTime} ms`,
              ...(drand && beaconFields(drand)),
            });
          await untilAborted(signal);
          await node.close();
          await unobserve();
        },
      );
  },
};

/** An hour ago, on a whole second as slots are: thousands of blocks may be built at once before the chain's time is ahead of ours. */
const started = (): number => Math.floor(Date.now() / 1000) * 1000 - 3_600_000;

/** As a validator's settings are called. */
const beaconFields = (drand: DrandSetting) => {
  const { publicKey, genesisTime, period } = publicBeacon(drand);
  return { "drand.public_key": publicKey, "drand.genesis_time": genesisTime, "drand.period": period };
};

const developmentGenesis = async (): Promise<Genesis> => {
  const keys = await Promise.all(RICH.map(signerFromUri));
  return { sudo: keys[0]!.address, balances: Object.fromEntries(keys.map(({ address }) => [address, FORTUNE])) };
};

const schema = z.strictObject({
  sudo: z.string(),
  balances: z.record(z.string(), amountSchema.transform(BigInt)),
  drand: drandSchema.optional(),
});
type Genesis = z.infer<typeof schema>;

const readGenesis = (path: string): Genesis => {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : reasonOf(cause);
    throw new BlockZeroError(
      "GENESIS_INVALID",
      `${path}: ${reason}`,
      'write { "sudo": ADDRESS, "balances": { ADDRESS: "AMOUNT" } }, amounts in the smallest unit; docs/chain.md has an example',
      { cause },
    );
  }
};
