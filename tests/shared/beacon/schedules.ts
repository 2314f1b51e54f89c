import { type Contribution, contributionHash, readContribution } from "#shared/beacon/contributions/contribution.js";
import { type ContributionSource, contributionBeacon, readSeals } from "#shared/beacon/contributions/read.js";
import { sealRound } from "#shared/beacon/contributions/schedule.js";
import type { Beacon } from "#shared/beacon/value.js";
import { timeOfRound } from "#shared/chain/timelock/beacon.js";
import { createRandom } from "#shared/data/random.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { localContribution } from "#tests/support/local-signing.js";
import type { SimulatedCrypto } from "./crypto.js";
import { CYCLE, NETUID, NETWORK, OPENING, PHASES, simulatedChain, VOTING } from "./simulated-chain.js";

/** What a contributor may do. The first four may count, the others never. */
export const BEHAVIOURS = [
  "honest",
  "withheld",
  "equivocal",
  "overwritten",
  "silent",
  "late",
  "garbage",
  "forged",
  "wrong round",
  "unsealable",
  "copied",
] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

const HOLDING = { start: 24, end: 28 };
const SEALING = { start: 15, end: 20 };
const DECIDING = 29;
const RULES = { rounds: 50, margin: 60, most: 64 };
const LOCATION = "http://10.0.0.7:9000";
const at = { network: shortHash(NETWORK), cycle: CYCLE };

export interface Schedule {
  readonly behaviours: ReadonlyMap<string, Behaviour>;
  /** Whether every validator is honest and says in time what it holds. */
  readonly isCalm: boolean;
  readonly observers: readonly Beacon[];
  /** Reads of chain and files so far. */
  readonly reads: () => number;
}

export interface ScheduleOptions {
  readonly crypto: SimulatedCrypto;
  readonly seed: string;
  /** What contributors do, in place of a draw. */
  readonly behaviours?: readonly Behaviour[];
  /** Whether blocks come regularly, every validator is honest and the pulse is in time. */
  readonly isCalm?: boolean;
}

/**
 * A cycle of a network of up to four validators and five contributors in which anything may be missing, late or malformed, but liars hold
 * less than half of the stake. Every observer may read any honest validator's files, and others' only by chance.
 */
export const simulateSchedule = async ({ crypto, seed, behaviours, isCalm }: ScheduleOptions): Promise<Schedule> => {
  const random = createRandom(`beacon/${seed}`);
  const chance = (percent: number) => random.below(100) < percent;
  const bytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));
  const calm = isCalm ?? chance(40);

  const times = [1_000_000_000];
  const stalled = calm || chance(70) ? -1 : random.below(30);
  for (let block = 1; block < 40; block++)
    times.push(
      times[block - 1]! +
        (calm ? 12_000 : 9_000 + random.below(7_000)) +
        (block === stalled ? random.below(120_000) : 0),
    );
  const drand = { public_key: crypto.publicKey, genesis_time: 0, period: 3, delay: 5 };
  const round = sealRound(times[OPENING]!, drand, RULES);
  const pulseTime = timeOfRound(round, { publicKey: crypto.publicKey, genesisTime: 0, period: 3 });
  const pulseDelay = calm ? 0 : chance(8) ? Number.POSITIVE_INFINITY : chance(10) ? random.below(120_000) : 0;
  const pulseBlock = times.findIndex((time) => time >= pulseTime + pulseDelay);

  const validators = Array.from({ length: 1 + random.below(4) }, (_, i) => ({
    uid: 100 + i,
    hotkey: crypto.signer(`validator ${i}`).address,
    stake: BigInt(1 + random.below(100)),
  }));
  const total = validators.reduce((sum, { stake }) => sum + stake, 0n);
  const liars = new Set<string>();
  let lying = 0n;
  for (const { hotkey, stake } of calm ? [] : validators) {
    if (!chance(40) || 2n * (lying + stake) >= total) continue;
    lying += stake;
    liars.add(hotkey);
  }
  const doing = behaviours ?? Array.from({ length: random.below(6) }, () => random.pick(BEHAVIOURS));
  const contributors = doing.map((behaviour, i) => ({ behaviour, uid: i, signer: crypto.signer(`contributor ${i}`) }));
  const { reads, put, chain } = simulatedChain({
    crypto,
    times,
    neurons: [...validators, ...contributors.map(({ uid, signer }) => ({ uid, hotkey: signer.address, stake: 0n }))],
    pulseFrom: (asked) => (asked === round && pulseBlock >= 0 ? pulseBlock : Number.POSITIVE_INFINITY),
  });
  for (const { hotkey } of validators)
    put(16, hotkey, encodeRecord({ type: "model", ...at, cycle: 0, model: NETWORK, location: LOCATION }));

  // What each contributor puts on chain, and to which validators it serves which bytes.
  const served = new Map<string, Map<string, Uint8Array>>(validators.map(({ hotkey }) => [hotkey, new Map()]));
  const serve = (hash: string, content: Uint8Array, to: (hotkey: string) => boolean) => {
    for (const { hotkey } of validators) if (to(hotkey)) served.get(hotkey)!.set(hash, content);
  };
  const lastInTime = times.findLastIndex(
    (time, block) => block < SEALING.end && time <= pulseTime - RULES.margin * 1000,
  );
  const inTime = () => SEALING.start + random.below(Math.max(1, lastInTime - SEALING.start + 1));
  const made: Contribution[] = [];
  for (const { behaviour, signer } of contributors) {
    const hotkey = signer.address;
    const name = { network: NETWORK, cycle: CYCLE };
    const ours = crypto.seal({ ...name, hotkey, round, publicKey: crypto.publicKey, random: bytes });
    const copied = made.find((one) => one.hotkey !== hotkey)?.sealed;
    const sealed = behaviour === "unsealable" || (behaviour === "copied" && !copied) ? bytes(308) : ours;
    const own = localContribution({ ...name, round: round + (behaviour === "wrong round" ? 1 : 0), sealed }, signer);
    const document =
      behaviour === "copied" && copied
        ? localContribution({ ...name, round, sealed: Buffer.from(copied, "hex") }, signer)
        : behaviour === "forged"
          ? { ...own, signature: "00".repeat(64) }
          : own;
    const content = behaviour === "garbage" ? bytes(100) : canonicalBytes(document);
    const hash = behaviour === "garbage" ? sha256(content) : contributionHash(document);
    if (behaviour === "silent") continue;
    made.push(document);
    const block = behaviour === "late" ? Math.max(SEALING.start, lastInTime + 1) : inTime();
    put(block, hotkey, encodeRecord({ type: "seal", ...at, contribution: hash, location: LOCATION }));
    if (behaviour === "overwritten")
      put(
        block + random.below(3),
        hotkey,
        encodeRecord({ type: "reveal", ...at, group: "prose", artifact: hash, location: LOCATION }),
      );
    const other = bytes(200);
    if (behaviour === "withheld") serve(hash, content, () => chance(50));
    else if (behaviour === "equivocal")
      for (const one of validators) {
        const bytesForIt = chance(50) ? content : other;
        serve(hash, bytesForIt, (to) => to === one.hotkey);
      }
    else serve(hash, content, () => true);
  }

  // Two thirds of all weight are the contributors', so that all of them and nobody else are asked.
  const weights = async () =>
    contributors.flatMap(({ signer, uid }) => [
      [signer.address, 2] as const,
      [crypto.signer(`idle ${uid}`).address, 1] as const,
    ]);
  const source = (fetch: ContributionSource["fetch"]): ContributionSource => ({
    chain,
    network: { netuid: NETUID, phases: PHASES, voting: VOTING },
    networkHash: NETWORK,
    drand,
    timelock: crypto.timelock,
    rules: RULES,
    weights,
    fetch,
    verify: crypto.verify,
  });
  const never: ContributionSource["fetch"] = () => Promise.reject(new Error("nobody is asked here"));
  const { committed } = (await readSeals(source(never), CYCLE))!;
  const holds = (validator: string, hotkey: string, hash: string) => {
    const content = served.get(validator)!.get(hash);
    if (content === undefined || sha256(content) !== hash) return false;
    return readContribution(content, { network: NETWORK, cycle: CYCLE, hotkey, round }, crypto.verify).ok;
  };
  for (const { hotkey } of validators) {
    const isLiar = liars.has(hotkey);
    if (!calm && chance(10)) continue;
    const held = committed.flatMap((seal, number) =>
      (isLiar ? chance(50) : holds(hotkey, seal.hotkey, seal.hash)) ? [number] : [],
    );
    const block = calm ? HOLDING.start : HOLDING.start + random.below(HOLDING.end - HOLDING.start + 1);
    put(block, hotkey, encodeRecord({ type: "sealheld", ...at, held }));
  }

  let fetches = 0;
  const observers = Array.from({ length: 3 }, () =>
    contributionBeacon(
      source(async ({ hash }) => {
        fetches++;
        const holder = validators.find(({ hotkey }) => {
          const content = served.get(hotkey)!.get(hash);
          return (!liars.has(hotkey) || chance(50)) && content !== undefined && sha256(content) === hash;
        });
        if (!holder) throw new BlockZeroError("FETCH_FAILED", `nobody has ${hash}`, "ask again");
        return served.get(holder.hotkey)!.get(hash)!;
      }),
    ),
  );
  return {
    behaviours: new Map(contributors.map(({ behaviour, signer }) => [signer.address, behaviour])),
    isCalm: calm && pulseBlock <= DECIDING,
    observers,
    reads: () => reads() + fetches,
  };
};
