import { setImmediate } from "node:timers/promises";
import { readVoters } from "#shared/chain/voters.js";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import type { Parsed } from "#shared/protocol/parsed.js";
import { type CycleName, verifiedPulse, weakerValue } from "../fallback.js";
import { DRAND_TIMELOCK, hashesOf } from "../source.js";
import type { BeaconScheme, BeaconValue } from "../value.js";
import { beaconWindows } from "../windows.js";
import { readSeals } from "./committed.js";
import type { Contribution } from "./contribution.js";
import { type CommittedSeal, countedSeals } from "./held.js";
import { fetchContribution } from "./hold.js";
import { mixOpenings } from "./mix.js";
import { holdingBlocks, readTerms, type SealTerms } from "./schedule.js";
import { readOpening } from "./seal.js";
import type { ContributionSource } from "./source.js";

/** The scheme of sealed contributions. */
export const contributionBeacon = (source: ContributionSource): BeaconScheme => ({
  scheme: "contributions",
  value: (cycle) => contributionValue(source, cycle),
});

const contributionValue = async (source: ContributionSource, cycle: number): Promise<BeaconValue> => {
  const { chain, network, networkHash } = source;
  const name: CycleName = { network: networkHash, cycle };
  const { holding, deciding } = beaconWindows(cycle, network.phases);
  const terms = await readTerms(source, cycle);
  const { round, contributors } = terms;
  const { committed, sealedUntil } = await readSeals(source, cycle, terms);
  const counted = committed.length === 0 ? [] : await countedOf(source, cycle, terms, committed);
  const why = new Map(contributors.map((hotkey) => [hotkey, "no seal on chain in time"]));
  for (const { hotkey } of committed) why.set(hotkey, "not held by a majority of the stake before the pulse");
  const dropped = () => contributors.flatMap((hotkey) => (why.has(hotkey) ? [{ hotkey, why: why.get(hotkey)! }] : []));

  const pulse = await verifiedPulse(source, round, deciding);
  if (pulse === null) {
    for (const { hotkey } of counted) why.set(hotkey, "no pulse to open its seal with");
    const blocks = await hashesOf(source, { start: holding.end, end: deciding + 1 });
    return weakerValue({ ...name, pulse: null, blocks, dropped: dropped() });
  }
  const unseal = (source.timelock ?? DRAND_TIMELOCK).opener(pulse);
  const openings = new Map<string, Uint8Array>();
  for (const [{ hotkey }, contribution] of await fetchAll(source, cycle, round, counted)) {
    // Each takes some 30 ms.
    await setImmediate();
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

/** All at once: a server that answers slowly costs its own contribution's time and no other's. */
const fetchAll = (
  source: ContributionSource,
  cycle: number,
  round: number,
  seals: readonly CommittedSeal[],
): Promise<readonly (readonly [CommittedSeal, Parsed<Contribution>])[]> =>
  Promise.all(seals.map(async (seal) => [seal, await fetchContribution(source, cycle, round, seal)] as const));

const countedOf = async (
  source: ContributionSource,
  cycle: number,
  { opening, round }: SealTerms,
  committed: readonly CommittedSeal[],
): Promise<readonly CommittedSeal[]> => {
  const blocks = await holdingBlocks(source, cycle, round);
  if (blocks === null) return [];
  const { stakes } = await readVoters(source, cycle, opening);
  const commitments = await source.chain.commitments(source.network.netuid, blocks.end - 1);
  return countedSeals(committed, commitments, { name: { network: source.networkHash, cycle }, blocks, stakes });
};
