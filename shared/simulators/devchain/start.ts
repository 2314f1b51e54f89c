import { z } from "zod";
import type { Head } from "#shared/chain/chain.js";
import { type Clock, systemClock } from "#shared/chain/clock.js";
import { type GenesisSpec, genesisSchema } from "#shared/chain/devchain/genesis.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type Log, silentLog } from "#shared/telemetry/log.js";
import { openNode } from "./node.js";
import { serveNode } from "./server.js";

export interface DevchainOptions {
  /** Folder of the chain. Created if absent. */
  readonly home: string;
  readonly genesis: GenesisSpec;
  /** 0 takes a free one. */
  readonly port: number;
  /** Milliseconds between blocks. 0: blocks only on `newBlocks`. */
  readonly blockTimeMs: number;
  /** Number of blocks whose state can be read. Default 4096. */
  readonly retention?: number;
  /** Number of blocks by which finality follows the head. Default 0: every block is final at once. */
  readonly finalityLag?: number;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** A running devchain. */
export interface DevchainServer {
  /** `ws://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** Hash of block 0, 64 hex digits. */
  readonly genesisHash: string;
  readonly head: Head;
  /** Milliseconds since the newest block came, whatever the wall clock says. */
  headAgeMs(): number;
  /** Builds blocks at once. */
  newBlocks(count: number): Head;
  /** Reverts the newest block, as a fork does. Its extrinsics wait again, or are lost. */
  undoBlock(keep: boolean): Head;
  setBlockTime(ms: number): void;
  close(): Promise<void>;
}

const DEFAULT_RETENTION = 4096;

/**
 * Opens a devchain's home and serves it on loopback. Throws `BlockZeroError`: GENESIS_INVALID, GENESIS_MISMATCH, HOME_IN_USE,
 * CHAIN_LOG_CORRUPT, BLOCK_INVALID, PORT_UNAVAILABLE.
 */
export const startDevchain = async (options: DevchainOptions): Promise<DevchainServer> => {
  const log = options.log ?? silentLog;
  const parsed = genesisSchema.safeParse(options.genesis);
  if (!parsed.success) {
    throw new BlockZeroError("GENESIS_INVALID", z.prettifyError(parsed.error), "correct the genesis file");
  }
  const node = await openNode({
    home: options.home,
    genesis: parsed.data,
    blockTimeMs: options.blockTimeMs,
    retention: options.retention ?? DEFAULT_RETENTION,
    finalityLag: options.finalityLag ?? 0,
    clock: options.clock ?? systemClock,
    log,
  });
  const server = await serveNode(node, options.port, log).catch((error: unknown) => {
    node.close();
    throw error;
  });
  return {
    endpoint: server.endpoint,
    genesisHash: node.history.latest.genesisHash,
    get head() {
      return node.history.head;
    },
    headAgeMs: () => performance.now() - node.history.headCame,
    newBlocks: (count) => node.newBlocks(count),
    undoBlock: (keep) => node.undoBlock(keep),
    setBlockTime: (ms) => node.setBlockTime(ms),
    close: async () => {
      await server.close();
      node.close();
    },
  };
};
