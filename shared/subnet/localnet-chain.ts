import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Chain } from "#shared/chain/chain.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { genesisSchema } from "#shared/chain/devchain/genesis.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { type Log, silentLog } from "#shared/telemetry/log.js";

/** A localnet's chain, as its home has it; it stands still. */
export interface StillChain {
  readonly chain: Chain;
  readonly netuid: number;
  close(): Promise<void>;
}

const GENESIS = "chain-genesis.json";

/**
 * Serves a copy of a localnet's devchain on a free loopback port, with the state of every block at hand. The home stays as it is, and a
 * localnet may be living in it. Where its last block is half-written, a warning says that it is left out.
 *
 * @throws BlockZeroError HOME_WITHOUT_CHAIN, and what starting a devchain throws
 */
export const openLocalnetChain = async (home: string, log: Pick<Log, "warn">): Promise<StillChain> => {
  const blocks = join(home, "chain", "blocks.jsonl");
  if (!existsSync(join(home, GENESIS)) || !existsSync(blocks))
    throw new BlockZeroError(
      "HOME_WITHOUT_CHAIN",
      `${home} is not the home of a localnet on a devchain`,
      "name one with --home, or the chain with --chain and --netuid",
    );
  const copy = mkdtempSync(join(tmpdir(), "blockzero-chain-"));
  const closing: (() => unknown)[] = [() => rmSync(copy, { recursive: true, force: true })];
  const close = async () => {
    for (const action of closing.splice(0).reverse()) await action();
  };
  try {
    mkdirSync(join(copy, "chain"));
    copyFileSync(blocks, join(copy, "chain", "blocks.jsonl"));
    const genesis = readGenesis(join(home, GENESIS));
    const node = await startDevchain({
      home: join(copy, "chain"),
      genesis,
      port: 0,
      blockTimeMs: 0,
      retention: Number.POSITIVE_INFINITY,
      // The copy goes; what is wrong with it is wrong with the home's.
      log: { ...silentLog, warn: (message, fields) => log.warn(message, { ...fields, path: blocks }) },
    });
    closing.push(() => node.close());
    const chain = await connectDevchain({ endpoint: node.endpoint });
    closing.push(() => chain.close());
    return { chain, netuid: genesis.subnets[0]?.netuid ?? 0, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
};

const readGenesis = (path: string) => {
  try {
    return genesisSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new BlockZeroError("GENESIS_INVALID", `${path}: ${reasonOf(cause)}`, "restore the localnet's home", {
      cause,
    });
  }
};
