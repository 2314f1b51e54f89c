import { z } from "zod";
import { count, flag } from "./codecs.js";
import { noSubnet } from "./faults.js";
import type { State } from "./state.js";

/** A subnet's position between its epochs. */
export interface EpochClock {
  readonly tempo: number;
  /** The epoch that commitments in the next block belong to. */
  readonly index: number;
  /** Blocks from one epoch to the next. */
  readonly length: number;
  /** Block in which the next epoch runs. Infinite if there is none. */
  readonly next: number;
  /** First block of an epoch by its index. */
  readonly firstBlock: (index: number) => number;
}

/**
 * Reads the last epoch if the runtime stores it. Otherwise uses the block number: subnet n's epoch runs in the blocks where (block + n + 2)
 * is a multiple of tempo + 1 (subtensor, `blocks_until_next_epoch`).
 *
 * @param block the block whose state it is
 */
export const readEpochClock = async (state: State, netuid: number, block: number): Promise<EpochClock> => {
  const isStateful = state.has("subtensorModule", "subnetEpochIndex");
  const [tempo, exists, index] = z
    .tuple([count, flag, count])
    .parse(
      await state.items([
        ["subtensorModule", "tempo", netuid],
        ["subtensorModule", "networksAdded", netuid],
        isStateful ? ["subtensorModule", "subnetEpochIndex", netuid] : ["subtensorModule", "tempo", netuid],
      ]),
    );
  if (!exists) throw noSubnet(netuid);
  if (!isStateful) return clockByNumber(netuid, tempo, block);
  const next = z
    .union([z.null(), z.undefined(), count])
    .parse(await state.call("subnetInfoRuntimeApi", "getNextEpochStartBlock", netuid));
  const due = next == null ? Number.POSITIVE_INFINITY : Math.max(next, block + 1);
  return { tempo, index, length: tempo, next: due, firstBlock: (epoch) => due + (epoch - index - 1) * tempo };
};

const clockByNumber = (netuid: number, tempo: number, block: number): EpochClock => {
  const length = tempo + 1;
  const firstBlock = (epoch: number) => epoch * length - netuid - 1;
  const index = Math.floor((block + 1 + netuid + 1) / length);
  // The epoch runs at the end of the last block of its index.
  const next = tempo === 0 ? Number.POSITIVE_INFINITY : firstBlock(index + 1) - 1;
  return { tempo, index, length, next, firstBlock };
};
