import type { Chain } from "#shared/chain/chain.js";
import { subnetAt } from "#shared/chain/subnet-at.js";
import { parseRecord } from "#shared/protocol/records.js";
import { OTHER, type PeerClass } from "#shared/telemetry/instruments/labels.js";
import { keepNewest } from "#shared/util/keep-newest.js";
import type { BlockClock } from "../block-clock.js";

/** Greatest number of origins remembered. */
const MAX_KNOWN = 1024;

export interface PeerClassesOptions {
  readonly chain: Pick<Chain, "metagraph" | "commitments">;
  readonly clock: Pick<BlockClock, "head">;
  readonly netuid: number;
}

/**
 * Tells who serves at an origin, by the records on chain. They are read when an unknown origin is asked for, at most once a block. An origin
 * that no record of a registered hotkey names is `other`, as is every origin while the chain does not answer.
 */
export const peerClasses = ({ chain, clock, netuid }: PeerClassesOptions): ((origin: string) => Promise<PeerClass>) => {
  const known = new Map<string, PeerClass>();
  let read = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> = Promise.resolve();

  const readRecords = async () => {
    const { metagraph, commitments } = await subnetAt(chain, netuid);
    const { neurons, ownerHotkey } = metagraph;
    const classes = new Map<string, PeerClass>(
      neurons.map(({ hotkey, validatorPermit }) => [hotkey, validatorPermit ? "validator" : "miner"]),
    );
    classes.set(ownerHotkey, "owner");
    for (const { hotkey, data } of commitments) {
      const record = parseRecord(data);
      const role = classes.get(hotkey);
      if (role === undefined || !record.ok || !("location" in record.value)) continue;
      known.delete(record.value.location);
      known.set(record.value.location, role);
    }
    keepNewest(known, MAX_KNOWN);
  };

  return async (origin) => {
    if (!known.has(origin) && read < clock.head.number) {
      read = clock.head.number;
      reading = readRecords().catch(() => {});
    }
    if (!known.has(origin)) await reading;
    return known.get(origin) ?? OTHER;
  };
};
