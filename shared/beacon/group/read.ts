import { roundAt } from "#shared/chain/timelock/beacon.js";
import { parseRecord, shortHash } from "#shared/protocol/records.js";
import { verifiedPulse, weakerValue } from "../fallback.js";
import { type BeaconContext, drandTimes, hashesOf, stateAt } from "../source.js";
import type { Beacon, BeaconValue, Dropped } from "../value.js";
import { compareTexts } from "../weights.js";
import { beaconWindows } from "../windows.js";
import { groupValue, type SignedCycle, verifyGroupSignature } from "./sign.js";

/** The group that signs a cycle, as everybody knows it. */
export interface SigningGroup {
  /** 192 hex digits. Null if no group formed. */
  readonly publicKey: string | null;
  readonly qualified: readonly string[];
  readonly dropped: readonly Dropped[];
}

export interface GroupSource extends BeaconContext {
  group(cycle: number): Promise<SigningGroup>;
}

/**
 * The scheme of the threshold group. Its value is that of the `pulse` record that any neuron with a validator permit put on chain in the
 * commit phase and that holds; there is only one such signature. So as long as one of those who have enough partial signatures publishes
 * it, nobody can withhold the value.
 */
export const groupBeacon = (source: GroupSource): Beacon => ({
  scheme: "group",
  value: (cycle) => readGroupValue(source, cycle),
});

const readGroupValue = async (source: GroupSource, cycle: number): Promise<BeaconValue> => {
  const { chain, network, networkHash, drand } = source;
  const { holding, deciding } = beaconWindows(cycle, network.phases);
  const closing = holding.start - 1;
  const name = { network: networkHash, cycle };
  const { publicKey, qualified, dropped } = await source.group(cycle);
  const blockHash = await chain.blockHash(closing);
  const signature = publicKey && (await signatureOnChain(source, publicKey, { ...name, closing: blockHash }));
  if (signature) {
    const value = groupValue(name, signature);
    return { value, origin: "group", contributors: [...qualified].sort(compareTexts), dropped };
  }
  const round = roundAt(await chain.timestamp(closing), drandTimes(drand)) + drand.delay;
  const pulse = await verifiedPulse(source, round, deciding);
  if (pulse) return weakerValue({ ...name, pulse: { signature: pulse, blockHash }, blocks: [], dropped });
  const blocks = await hashesOf(source, { start: holding.end, end: deciding + 1 });
  return weakerValue({ ...name, pulse: null, blocks, dropped });
};

/** The group's signature of a cycle in the state at the last block of its commit phase. Equal texts are verified once. */
const signatureOnChain = async (source: GroupSource, publicKey: string, cycle: SignedCycle): Promise<string | null> => {
  const { holding } = beaconWindows(cycle.cycle, source.network.phases);
  const at = holding.end - 1;
  const { metagraph, commitments } = await stateAt(source, at);
  const permitted = new Set(
    metagraph.neurons.filter((one) => one.validatorPermit && one.stake > 0n).map(({ hotkey }) => hotkey),
  );
  const found = new Set<string>();
  for (const { hotkey, data, block } of commitments) {
    const record = parseRecord(data);
    if (!record.ok || record.value.type !== "pulse" || !permitted.has(hotkey) || block < holding.start || block > at)
      continue;
    if (record.value.network === shortHash(cycle.network) && record.value.cycle === cycle.cycle)
      found.add(record.value.pulse);
  }
  for (const pulse of found) if (verifyGroupSignature(publicKey, pulse, cycle)) return pulse;
  return null;
};
