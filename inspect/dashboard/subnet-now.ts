import { drandBeacon, roundAt } from "#shared/chain/timelock/beacon.js";
import type { Network } from "#shared/protocol/network.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { rewardCurve } from "#shared/rewards/curves/reward-curve.js";
import { type ComputeFacts, computeNow } from "./compute-now.js";
import type { CycleDigest } from "./digest.js";
import type { LiveBlock, Neurons } from "./live.js";
import type { GroupNow, History, MinerNow, ModelRow, Rewards, SealedLeft, SubnetEvent, SubnetNow } from "./snapshot.js";

/** Scores in the line of a miner's history. */
const SCORES = 32;

/** Digits of a score in that line. */
const DIGITS = 4;

/** Ancestors of the current model that are listed. */
const MODELS = 64;

/** Places of the reward curve that are shown at least, and at most. */
const PLACES = [8, 256] as const;

/** All that the documents are made of. */
export interface SubnetState {
  readonly network: Network;
  readonly networkHash: string;
  readonly live: LiveBlock;
  readonly neurons: Neurons;
  readonly ownerHotkey: string;
  /** Ascending. */
  readonly digests: readonly CycleDigest[];
  /** Of the newest cycle that was read. */
  readonly compute: ComputeFacts | null;
  readonly events: readonly SubnetEvent[];
  readonly chain: SubnetNow["chain"];
}

export const subnetNow = (state: SubnetState): SubnetNow => {
  const { network, networkHash, live, digests, compute, events, chain } = state;
  const last = digests.at(-1);
  const groups = groupsNow(network, last);
  return {
    name: asciiLine(network.name),
    netuid: network.netuid,
    network: networkHash,
    clock: live.clock,
    cycle: last?.cycle ?? null,
    window: network.scoring.window,
    isWhole: last?.isWhole ?? true,
    groups,
    miners: minersNow(state),
    validators: last?.validators ?? [],
    models: modelsOf(network, digests),
    rewards: rewardsOf(network, Math.max(0, ...groups.map(({ miners }) => miners))),
    sealed: sealedLeft(network, live.clock.time),
    compute: computeNow(network, compute, live.clock.cycle),
    events,
    chain,
  };
};

const groupsNow = ({ groups }: Network, last: CycleDigest | undefined): readonly GroupNow[] =>
  Object.keys(groups).map((name) => ({
    name,
    miners: last?.miners.filter(({ group, ranked }) => group === name && ranked !== null).length ?? 0,
  }));

interface DigestedMiner {
  readonly miner: CycleDigest["miners"][number];
  /** As the line of a miner's history has it. */
  readonly score: number | null;
}

/** A digest does not change: its miners are looked up and rounded once, not at every block. */
const digestedMiners = new WeakMap<CycleDigest, ReadonlyMap<string, DigestedMiner>>();

const minersOf = (digest: CycleDigest): ReadonlyMap<string, DigestedMiner> => {
  const known = digestedMiners.get(digest);
  if (known) return known;
  const made = new Map(
    digest.miners.map((miner): [string, DigestedMiner] => {
      const score = miner.verdict === "scored" ? Number(miner.score.toPrecision(DIGITS)) : null;
      return [`${miner.uid} ${miner.hotkey}`, { miner, score }];
    }),
  );
  digestedMiners.set(digest, made);
  return made;
};

/** Everybody who holds a uid now, but for validators and the owner who submitted nothing. */
const minersNow = ({ neurons, ownerHotkey, digests, live }: SubnetState): readonly MinerNow[] => {
  const recent = digests.slice(-SCORES).map(minersOf);
  return neurons
    .map(({ uid, hotkey, validatorPermit }): MinerNow => {
      const own = recent.map((miners) => miners.get(`${uid} ${hotkey}`));
      return {
        uid,
        hotkey,
        role: hotkey === ownerHotkey ? "owner" : validatorPermit ? "validator" : "miner",
        last: own.at(-1)?.miner ?? null,
        scores: own.map((one) => one?.score ?? null),
        doing: live.writers.reveal.has(hotkey)
          ? "revealed"
          : live.writers.commit.has(hotkey)
            ? "committed"
            : "nothing yet",
      };
    })
    .filter(({ role, last, doing }) => role === "miner" || last !== null || doing !== "nothing yet")
    .sort((a, b) => a.uid - b.uid);
};

const modelsOf = ({ genesis }: Network, digests: readonly CycleDigest[]): readonly ModelRow[] => {
  const made: ModelRow[] = [];
  for (let at = digests.length - 1; at >= 0 && made.length < MODELS; at--) {
    const { cycle, model, steps, merged } = digests[at]!;
    if (model !== null) made.push({ cycle, hash: model, steps, merged });
  }
  return made.length > 0 ? made : [{ cycle: 0, hash: genesis, steps: {}, merged: [] }];
};

const rewardsOf = ({ scoring: { rewards, burn } }: Network, miners: number): Rewards => {
  const places = Math.min(PLACES[1], Math.max(PLACES[0], miners));
  // Equal scores would share a place's pay in curves that go by scores: these fall by a tenth from place to place.
  const scores = Array.from({ length: places }, (_, place) => 0.9 ** place);
  return { curve: rewards.curve, burn, shares: rewardCurve(rewards)(scores) };
};

const sealedLeft = ({ groups }: Network, time: number): readonly SealedLeft[] =>
  Object.entries(groups).flatMap(([group, { sealed }]) => {
    if (!sealed) return [];
    const opened = Math.floor((roundAt(time, drandBeacon(sealed.beacon)) - sealed.first_round) / sealed.spacing) + 1;
    return [
      { group, envelopes: sealed.envelopes, left: Math.min(sealed.envelopes, Math.max(0, sealed.envelopes - opened)) },
    ];
  });

export const historyOf = (digests: readonly CycleDigest[]): History => {
  const names = [...new Set(digests.flatMap(({ groups }) => Object.keys(groups)))];
  return {
    cycles: digests.map(({ cycle }) => cycle),
    groups: names.map((name) => {
      const of = digests.map(({ groups }) => groups[name]);
      return {
        name,
        loss: of.map((one) => one?.loss ?? null),
        bitsPerByte: of.map((one) => one?.bitsPerByte ?? null),
        improved: of.map((one) => one?.improved ?? null),
      };
    }),
  };
};
