import { setImmediate } from "node:timers/promises";
import { drandBeacon, roundAt } from "#shared/chain/timelock/beacon.js";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import { verifiedPulse, weakerValue } from "../fallback.js";
import { hashesOf } from "../source.js";
import type { BeaconScheme, BeaconValue } from "../value.js";
import { beaconWindows } from "../windows.js";
import type { GroupFile } from "./group-file.js";
import { recordsIn } from "./on-chain.js";
import { groupValue, type SignedCycle, verifyGroupSignature } from "./sign.js";
import type { GroupSource } from "./source.js";
import { readSigningGroup } from "./stated.js";

/**
 * The scheme of the threshold group. Its value is that of the `pulse` record that any neuron with a validator permit put on chain at the
 * begin of the reveal phase and that holds; there is only one such signature. So as long as one of those who have enough partial signatures
 * publishes it, nobody can withhold the value.
 */
export const groupBeacon = (source: GroupSource): BeaconScheme => ({
  scheme: "group",
  value: (cycle) => readGroupValue(source, cycle),
});

const readGroupValue = async (source: GroupSource, cycle: number): Promise<BeaconValue> => {
  const { chain, network, networkHash, drand } = source;
  const { holding, deciding } = beaconWindows(cycle, network.phases);
  const closing = holding.start - 1;
  const name = { network: networkHash, cycle };
  const group = await readSigningGroup(source, cycle);
  const blockHash = await chain.blockHash(closing);
  const dropped = group === null ? [] : leftOut(group);
  const signature = group && (await signatureOnChain(source, group, { ...name, closing: blockHash }));
  if (group && signature) {
    const value = groupValue(name, signature);
    return { value, origin: "group", contributors: [...group.qualified].sort(compareTexts), dropped };
  }
  const round = roundAt(await chain.timestamp(closing), drandBeacon(drand)) + drand.delay;
  const pulse = await verifiedPulse(source, round, deciding);
  if (pulse) return weakerValue({ ...name, pulse: { signature: pulse, blockHash }, blocks: [], dropped });
  const blocks = await hashesOf(source, { start: holding.end, end: deciding + 1 });
  return weakerValue({ ...name, pulse: null, blocks, dropped });
};

const leftOut = ({ members, qualified }: GroupFile): BeaconValue["dropped"] =>
  members
    .filter(({ hotkey }) => !qualified.includes(hotkey))
    .map(({ hotkey }) => ({ hotkey, why: "its secret is not in the group's" }));

/** The group's signature of a cycle in the state at the last block for it. Equal texts are verified once, and other work goes on between two. */
const signatureOnChain = async (
  source: GroupSource,
  { commitments: [publicKey] }: GroupFile,
  cycle: SignedCycle,
): Promise<string | null> => {
  const { signing, deciding } = beaconWindows(cycle.cycle, source.network.phases);
  const records = await recordsIn(source, "pulse", cycle.cycle, signing);
  if (records.size === 0) return null;
  const { neurons } = await source.chain.metagraph(source.network.netuid, deciding);
  const permitted = new Set(neurons.filter((one) => one.validatorPermit && one.stake > 0n).map(({ hotkey }) => hotkey));
  const found = new Set([...records].filter(([hotkey]) => permitted.has(hotkey)).map(([, { pulse }]) => pulse));
  for (const pulse of found) {
    await setImmediate();
    if (verifyGroupSignature(publicKey!, pulse, cycle)) return pulse;
  }
  return null;
};
