import { readFile } from "node:fs/promises";
import { u8aToHex } from "@polkadot/util";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import type { SubtensorGenesis } from "./genesis.js";
import { rpcMethods } from "./methods.js";
import { SubtensorNode } from "./node.js";
import { serveMethods } from "./server.js";

export interface OfflineSubtensorOptions {
  /** The runtime's WASM, compressed or not. */
  readonly runtime: string;
  readonly genesis: SubtensorGenesis;
  /** Port on loopback. 0 takes a free one. */
  readonly port: number;
  /**
   * Milliseconds between blocks. 0: only on request, each one slot after the last by the chain's own clock. A block takes a few tenths of a
   * second to build.
   */
  readonly blockTimeMs: number;
  readonly log: Log;
}

export interface OfflineSubtensor {
  readonly endpoint: string;
  readonly node: SubtensorNode;
  setBlockTime(ms: number): void;
  close(): Promise<void>;
}

/** How to obtain a runtime, for hints. */
export const RUNTIME_HINT =
  "take the runtime WASM (node_subtensor_runtime.compact.compressed.wasm) from a subtensor release or build, and name its file";

/**
 * Serves a real subtensor runtime on loopback, as a node without peers would, with its own genesis. Persists nothing.
 * @throws RUNTIME_NOT_FOUND, RUNTIME_UNUSABLE, CHOPSTICKS_MISSING, PORT_UNAVAILABLE
 */
export const startOfflineSubtensor = async (options: OfflineSubtensorOptions): Promise<OfflineSubtensor> => {
  const { runtime, genesis, port, log } = options;
  const wasm = u8aToHex(await readRuntime(runtime));
  const node = await SubtensorNode.open({ wasm, genesis }).catch((cause: unknown) => {
    if (cause instanceof BlockZeroError) throw cause;
    throw new BlockZeroError(
      "RUNTIME_UNUSABLE",
      `${runtime} does not run: ${reasonOf(cause).slice(0, 200)}`,
      RUNTIME_HINT,
      {
        cause,
      },
    );
  });
  const timer = blockTimer(node, log);
  try {
    const server = await serveMethods(rpcMethods(node, timer), port, log);
    timer.set(options.blockTimeMs);
    return {
      endpoint: server.endpoint,
      node,
      setBlockTime: timer.set,
      async close() {
        timer.set(0);
        await server.close();
        await node.close();
      },
    };
  } catch (error) {
    await node.close();
    throw error;
  }
};

const readRuntime = async (file: string): Promise<Uint8Array> => {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new BlockZeroError("RUNTIME_NOT_FOUND", `${file}: ${reasonOf(cause)}`, RUNTIME_HINT, { cause });
  }
};

/**
 * Builds a block at each interval. A slow block delays the next one. Earlier requests are answered before a block is built: otherwise a
 * machine that spends all its time on blocks would answer nobody. The chain's clock follows this machine's clock, unless blocks come faster
 * than one per slot.
 */
const blockTimer = (node: SubtensorNode, log: Log) => {
  let pending: NodeJS.Timeout | undefined;
  let interval = 0;
  const wait = (ms: number) => {
    clearTimeout(pending);
    if (interval > 0) pending = setTimeout(() => void tick(), ms);
  };
  const tick = async () => {
    const started = performance.now();
    await node.answered();
    await node
      .newBlocks(1, interval < node.slotDuration ? 0 : Date.now())
      .catch((error: unknown) => log.error("no block could be built", { reason: reasonOf(error) }));
    wait(Math.max(0, interval - (performance.now() - started)));
  };
  return {
    set: (ms: number) => {
      interval = ms;
      wait(ms);
    },
  };
};
