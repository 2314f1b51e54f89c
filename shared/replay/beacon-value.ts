import { chainWeights } from "#shared/beacon/contributions/chain-weights.js";
import { contributionBeacon } from "#shared/beacon/contributions/read.js";
import type { ContributionSource } from "#shared/beacon/contributions/source.js";
import { groupBeacon } from "#shared/beacon/group/read.js";
import type { GroupSource } from "#shared/beacon/group/source.js";
import type { BeaconScheme, BeaconValue } from "#shared/beacon/value.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { subnetAt } from "#shared/chain/subnet-at.js";
import { keepNewest } from "#shared/util/keep-newest.js";
import { verify } from "#shared/wallet/index.js";
import { rememberedState } from "./remembered-state.js";
import type { CycleSource } from "./source.js";

/** What a cycle's value is read from. */
export type ValueSource = Pick<CycleSource, "chain" | "network" | "networkHash" | "fetch">;

/**
 * Values that are remembered of a chain, by the block that decided: a fork may replace it. Opening 64 contributions takes seconds, and several seeds
 * of a cycle need its value.
 */
const KEPT = 16;

const known = new WeakMap<ValueSource["chain"], Map<string, BeaconValue>>();

/** What making and opening contributions needs. Null where the network file has no `beacon.contributions`. */
export const contributionSource = ({ chain, network, networkHash, fetch }: ValueSource): ContributionSource | null => {
  const drand = network.beacon;
  if (!drand?.contributions) return null;
  const context = { chain: rememberedState(chain), network, networkHash };
  return {
    ...context,
    drand,
    rules: drand.contributions,
    weights: async (cycle, at) => chainWeights(await subnetAt(context.chain, network.netuid, at), context, cycle),
    fetch,
    verify,
  };
};

/** What forming groups and reading their signatures needs. Null where the network file has no `beacon.group`. */
export const groupSource = ({ chain, network, networkHash, fetch }: ValueSource): GroupSource | null => {
  const drand = network.beacon;
  if (!drand?.group) return null;
  return { chain: rememberedState(chain), network, networkHash, drand, rules: drand.group, fetch, verify };
};

/** The scheme that the network file names. Null without one. */
const beaconIn = (source: ValueSource): BeaconScheme | null => {
  const contributions = contributionSource(source);
  if (contributions !== null) return contributionBeacon(contributions);
  const group = groupSource(source);
  return group && groupBeacon(group);
};

/**
 * The value that a cycle's seeds are mixed with, of sealed contributions or of a group's signature, once the block that decides on it is on
 * chain: the same for everybody who has the files that count; validators with a majority of the stake have them. Without them there is no value,
 * never a different one. Null where the network file names no scheme.
 *
 * @throws BlockZeroError FETCH_… if a file that counts is not available; what reading the chain throws
 */
export const readBeaconValue = async (source: ValueSource, cycle: number): Promise<BeaconValue | null> => {
  const beacon = beaconIn(source);
  if (beacon === null) return null;
  const values = known.get(source.chain) ?? new Map<string, BeaconValue>();
  known.set(source.chain, values);
  const { deciding } = beaconWindows(cycle, source.network.phases);
  const key = `${source.networkHash} ${cycle} ${await source.chain.blockHash(deciding)}`;
  const before = values.get(key);
  if (before) return before;
  const value = await beacon.value(cycle);
  values.set(key, value);
  keepNewest(values, KEPT);
  return value;
};
