import { type CycleName, verifiedPulse, weakerValue } from "../fallback.js";
import { DRAND_TIMELOCK, hashesOf, stateAt } from "../source.js";
import type { Beacon, BeaconValue } from "../value.js";
import { compareTexts } from "../weights.js";
import { beaconWindows } from "../windows.js";
import { readSeals } from "./committed.js";
import { type CommittedSeal, countedSeals } from "./held.js";
import { fetchContribution } from "./hold.js";
import { mixOpenings } from "./mix.js";
import { holdingBlocks, readTerms } from "./schedule.js";
import { readOpening } from "./seal.js";
import type { ContributionSource } from "./source.js";

/** The scheme of sealed contributions. */
export const contributionBeacon = (source: ContributionSource): Beacon => ({
  scheme: "contributions",
  value: (cycle) => contributionValue(source, cycle),
});

const contributionValue = async (source: ContributionSource, cycle: number): Promise<BeaconValue> => {
  const { chain, network, networkHash } = source;
  const name: CycleName = { network: networkHash, cycle };
  const { holding, deciding } = beaconWindows(cycle, network.phases);
  const blocks = () => hashesOf(source, { start: holding.end, end: deciding + 1 });
  const terms = await readTerms(source, cycle);
  if (terms === null) return weakerValue({ ...name, pulse: null, blocks: await blocks(), dropped: [] });

  const { round, contributors } = terms;
  const { committed, sealedUntil } = await readSeals(source, cycle, terms);
  const counted = committed.length === 0 ? [] : await countedOf(source, cycle, round, committed);
  const why = new Map(contributors.map((hotkey) => [hotkey, "no seal on chain in time"]));
  for (const { hotkey } of committed) why.set(hotkey, "not held by a majority of the stake before the pulse");
  const dropped = () => contributors.flatMap((hotkey) => (why.has(hotkey) ? [{ hotkey, why: why.get(hotkey)! }] : []));

  const pulse = await verifiedPulse(source, round, deciding);
  if (pulse === null) {
    for (const { hotkey } of counted) why.set(hotkey, "no pulse to open its seal with");
    return weakerValue({ ...name, pulse: null, blocks: await blocks(), dropped: dropped() });
  }
  const unseal = (source.timelock ?? DRAND_TIMELOCK).opener(pulse);
  const openings = new Map<string, Uint8Array>();
  for (const seal of counted) {
    const { hotkey } = seal;
    const contribution = await fetchContribution(source, cycle, round, seal);
    const opening = contribution.ok
      ? readOpening(Buffer.from(contribution.value.sealed, "hex"), { ...name, hotkey }, unseal)
      : contribution;
    if (opening.ok) {
      openings.set(hotkey, opening.value);
      why.delete(hotkey);
    } else why.set(hotkey, opening.problem);
  }
  if (openings.size === 0 || sealedUntil === null) {
    const blockHash = await chain.blockHash(terms.opening);
    return weakerValue({ ...name, pulse: { signature: pulse, blockHash }, blocks: [], dropped: dropped() });
  }
  const blockHash = await chain.blockHash(sealedUntil + 2);
  return {
    value: mixOpenings({ ...name, pulse, openings, blockHash }),
    origin: "contributions",
    contributors: [...openings.keys()].sort(compareTexts),
    dropped: dropped(),
  };
};

const countedOf = async (
  source: ContributionSource,
  cycle: number,
  round: number,
  committed: readonly CommittedSeal[],
): Promise<readonly CommittedSeal[]> => {
  const blocks = await holdingBlocks(source, cycle, round);
  if (blocks === null) return [];
  const name = { network: source.networkHash, cycle };
  const state = await stateAt(source, blocks.until);
  return countedSeals(committed, state, { name, blocks, voting: source.network.voting });
};
