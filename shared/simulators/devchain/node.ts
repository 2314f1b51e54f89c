import { cryptoWaitReady } from "@polkadot/util-crypto";
import type { Head } from "#shared/chain/chain.js";
import type { Clock } from "#shared/chain/clock.js";
import { extrinsicHash } from "#shared/chain/devchain/extrinsic.js";
import type { Genesis } from "#shared/chain/devchain/genesis.js";
import { BlockZeroError, formatError, reasonOf } from "#shared/errors/error.js";
import { lockHome } from "#shared/files/home-lock.js";
import type { Log } from "#shared/telemetry/log.js";
import { applyBlock, genesisState } from "./apply.js";
import { type Block, extrinsicsRoot } from "./block.js";
import { openBlockLog } from "./block-log.js";
import { History, type Receipt } from "./history.js";
import { Pool, parseExtrinsic } from "./pool.js";

export interface NodeOptions {
  /** Folder of the block log. Only one node at a time may use it. */
  readonly home: string;
  readonly genesis: Genesis;
  /** Milliseconds between blocks. 0: blocks only on `newBlocks`. */
  readonly blockTimeMs: number;
  /** Number of blocks whose state can be read. */
  readonly retention: number;
  /** Number of blocks by which finality follows the head. Default 0. */
  readonly finalityLag?: number;
  readonly clock: Clock;
  readonly log: Log;
}

export type PoolEntry =
  | { readonly status: "pool"; readonly hash: string }
  | ({ readonly status: "included" } & Receipt);

export interface DevNode {
  readonly history: History;
  readonly finalized: Head;
  nextNonce(account: string): number;
  /**
   * Adds an extrinsic to the pool. Sending one again changes nothing, and returns where it is. Throws `Fault` with
   * Substrate's name for the problem.
   */
  submit(raw: unknown): PoolEntry;
  /** Builds blocks at once, the first with the extrinsics in the pool. Durable when it returns. */
  newBlocks(count: number): Head;
  /**
   * Reverts the newest block, as a fork does; the next block takes its place. Its extrinsics wait again or, without
   * `keep`, are lost with all waiting extrinsics of their signers. Throws `Fault` BLOCK_UNKNOWN at block 0,
   * STATE_DISCARDED.
   */
  undoBlock(keep: boolean): Head;
  setBlockTime(ms: number): void;
  /** Calls back after every block, in order. The returned function ends this. */
  onBlock(listener: (head: Head, receipts: readonly Receipt[]) => void): () => void;
  close(): void;
}

/**
 * Greatest number of blocks in one `newBlocks`: they are built without interruption, and nothing else happens
 * meanwhile.
 */
export const BLOCKS_AT_ONCE = 1024;

/**
 * Opens a home, replays its blocks and continues from there. Throws the coded errors of the lock, the log and the
 * genesis. A home that another process took over gets no further block of this one.
 */
export const openNode = async ({
  home,
  genesis,
  retention,
  finalityLag = 0,
  clock,
  log,
  ...options
}: NodeOptions): Promise<DevNode> => {
  await cryptoWaitReady();
  let lost: BlockZeroError | undefined;
  const unlock = lockHome(home, (error) => {
    lost = error;
  });
  try {
    const history = new History(genesisState(genesis), retention);
    const blockLog = openBlockLog(home, genesis, log, (block) => {
      const { state, outcomes } = applyBlock(history.latest, block);
      history.push(state, outcomes);
    });
    const pool = new Pool();
    const listeners = new Set<(head: Head, receipts: readonly Receipt[]) => void>();
    let blockTimeMs = 0;
    let cancelTimer = () => {};

    const mustHold = (): void => {
      if (lost) throw lost;
    };

    const newBlocks = (count: number): Head => {
      mustHold();
      const built: { block: Block; applied: ReturnType<typeof applyBlock> }[] = [];
      for (let i = 0; i < count; i++) {
        const parent = built.at(-1)?.applied.state ?? history.latest;
        const extrinsics = i === 0 ? [...pool.next()] : [];
        const block: Block = {
          header: {
            number: parent.block + 1,
            parent: parent.blockHash,
            timestamp: Math.max(clock.now(), parent.timestamp + 1),
            extrinsicsRoot: extrinsicsRoot(extrinsics),
          },
          extrinsics,
        };
        built.push({ block, applied: applyBlock(parent, block) });
      }
      blockLog.append(built.map(({ block }) => block));
      for (const { block, applied } of built) {
        pool.drop(block.extrinsics);
        const receipts = history.push(applied.state, applied.outcomes);
        for (const listener of [...listeners]) listener(history.head, receipts);
      }
      return history.head;
    };

    const undoBlock = (keep: boolean): Head => {
      mustHold();
      history.pop();
      const { extrinsics } = blockLog.pop();
      if (keep) pool.restore(extrinsics);
      else pool.forget(new Set(extrinsics.map(({ signer }) => signer)));
      return history.head;
    };

    const schedule = (due: number) => {
      cancelTimer();
      if (blockTimeMs === 0) return;
      cancelTimer = clock.after(Math.max(0, due - clock.now()), () => {
        try {
          newBlocks(1);
        } catch (error) {
          log.error(error instanceof BlockZeroError ? formatError(error) : reasonOf(error));
        }
        // A late block does not make the following ones come sooner.
        schedule(Math.max(due + blockTimeMs, clock.now()));
      });
    };

    const setBlockTime = (ms: number) => {
      blockTimeMs = ms;
      schedule(clock.now() + ms);
    };
    setBlockTime(options.blockTimeMs);

    return {
      history,
      get finalized() {
        return history.headAt(Math.max(0, history.head.number - finalityLag));
      },
      newBlocks,
      undoBlock,
      setBlockTime,
      nextNonce: (account) => pool.nextNonce(history.latest, account),
      submit: (raw) => {
        const extrinsic = parseExtrinsic(raw);
        const hash = extrinsicHash(extrinsic);
        const receipt = history.receipt(hash);
        if (receipt) return { status: "included", ...receipt };
        if (!pool.has(hash)) pool.add(history.latest, extrinsic);
        return { status: "pool", hash };
      },
      onBlock: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: () => {
        blockTimeMs = 0;
        cancelTimer();
        blockLog.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
};
