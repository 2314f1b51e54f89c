import type { Contribution } from "#shared/beacon/contributions/contribution.js";
import { holdSeals } from "#shared/beacon/contributions/hold.js";
import { makeContribution } from "#shared/beacon/contributions/make.js";
import { contributionBeacon } from "#shared/beacon/contributions/read.js";
import { sealRound } from "#shared/beacon/contributions/schedule.js";
import { SEALED_BYTES } from "#shared/beacon/contributions/seal.js";
import type { ContributionSource } from "#shared/beacon/contributions/source.js";
import type { BeaconScheme } from "#shared/beacon/value.js";
import { timeOfRound } from "#shared/chain/timelock/beacon.js";
import { createRandom } from "#shared/data/random.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { LocalKey, SigningRequest } from "#shared/protocol/signer.js";
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

const HOLDING = { start: 40, end: 44 };
const SEALING = { start: 28, end: 34 };
const DECIDING = 45;
const RULES = { rounds: 62, margin: 60, most: 64 };
const LOCATION = "http://10.0.0.7:9000";
const at = { network: shortHash(NETWORK), cycle: CYCLE };

export interface Schedule {
  readonly behaviours: ReadonlyMap<string, Behaviour>;
  /** Whether every validator is honest and says in time what it holds. */
  readonly isCalm: boolean;
  readonly observers: readonly BeaconScheme[];
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
  const stalled = calm || chance(70) ? -1 : random.below(45);
  for (let block = 1; block < 60; block++)
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
  const { reads, put, chain, grow } = simulatedChain({
    crypto,
    times,
    neurons: [...validators, ...contributors.map(({ uid, signer }) => ({ uid, hotkey: signer.address, stake: 0n }))],
    pulseFrom: (asked) => (asked === round && pulseBlock >= 0 ? pulseBlock : Number.POSITIVE_INFINITY),
  });
  for (const { hotkey } of validators)
    put(20, hotkey, encodeRecord({ type: "model", ...at, cycle: 0, model: NETWORK, location: LOCATION }));

  // Two thirds of all weight are the contributors', so that all of them and nobody else are asked.
  const weights = async () =>
    contributors.flatMap(({ signer, uid }) => [
      [signer.address, 2] as const,
      [crypto.signer(`idle ${uid}`).address, 1] as const,
    ]);
  const { verify, timelock } = crypto;
  const network = { netuid: NETUID, phases: PHASES, voting: VOTING, first_cycle: 0 };
  const context = { chain, network, networkHash: NETWORK, drand, timelock, rules: RULES, weights, verify };

  // What each contributor puts on chain, and to which validators it serves which bytes.
  const served = new Map<string, Map<string, Uint8Array>>(validators.map(({ hotkey }) => [hotkey, new Map()]));
  const serve = (hash: string, contentFor: () => Uint8Array | null) => {
    for (const { hotkey } of validators) {
      const content = contentFor();
      if (content) served.get(hotkey)!.set(hash, content);
    }
  };
  const lastInTime = times.findLastIndex(
    (time, block) => block < SEALING.end && time <= pulseTime - RULES.margin * 1000,
  );
  const made: Contribution[] = [];
  grow(OPENING);
  for (const { behaviour, signer } of contributors) {
    const { address, signBytes } = signer;
    const asked = { address, sign: async ({ message }: SigningRequest) => signBytes(message) };
    const own = await makeContribution(context, CYCLE, asked, bytes);
    if (own === null) throw new Error("every contributor is asked");
    if (behaviour === "silent") continue;
    const document = changed(own, behaviour, { signer, copied: made[0]?.sealed, noise: bytes(SEALED_BYTES) });
    const content = behaviour === "garbage" ? bytes(100) : canonicalBytes(document);
    const hash = sha256(content);
    made.push(document);
    const late = Math.max(SEALING.start, lastInTime + 1);
    const block = behaviour === "late" ? late : SEALING.start + random.below(Math.max(1, late - SEALING.start));
    put(block, signer.address, encodeRecord({ type: "seal", ...at, contribution: hash, location: LOCATION }));
    const other = encodeRecord({ type: "commit", ...at, commitment: hash });
    if (behaviour === "overwritten") put(block + random.below(3), signer.address, other);
    const forSome = { withheld: null, equivocal: bytes(200) };
    const isHalf = behaviour === "withheld" || behaviour === "equivocal";
    serve(hash, () => (isHalf && chance(50) ? forSome[behaviour] : content));
  }

  let fetches = 0;
  /** From the first of these validators that has the bytes. */
  const fetchFrom =
    (from: () => readonly string[]): ContributionSource["fetch"] =>
    async ({ hash }) => {
      fetches++;
      const found = from().map((hotkey) => served.get(hotkey)!.get(hash));
      const content = found.find((one) => one !== undefined && sha256(one) === hash);
      if (!content) throw new BlockZeroError("FETCH_NOT_FOUND", `nobody has ${hash}`, "ask again");
      return content;
    };
  grow(HOLDING.start);
  for (const { hotkey } of validators) {
    if (!calm && chance(10)) continue;
    const held = liars.has(hotkey)
      ? [0, 1, 2, 3, 4].filter(() => chance(50))
      : (await holdSeals({ ...context, fetch: fetchFrom(() => [hotkey]) }, CYCLE)).held;
    const block = calm ? HOLDING.start : HOLDING.start + random.below(HOLDING.end - HOLDING.start + 1);
    put(block, hotkey, encodeRecord({ type: "sealheld", ...at, held }));
  }

  grow(DECIDING);
  const hotkeys = validators.map(({ hotkey }) => hotkey);
  const serving = () => hotkeys.filter((hotkey) => !liars.has(hotkey) || chance(50));
  const observers = Array.from({ length: 3 }, () => contributionBeacon({ ...context, fetch: fetchFrom(serving) }));
  return {
    behaviours: new Map(contributors.map(({ behaviour, signer }) => [signer.address, behaviour])),
    isCalm: calm && pulseBlock <= DECIDING,
    observers,
    reads: () => reads() + fetches,
  };
};

interface Changes {
  readonly signer: Pick<LocalKey, "address" | "signBytes">;
  /** Another's sealed bytes, if there is another. */
  readonly copied: string | undefined;
  readonly noise: Uint8Array;
}

/** What a contributor of that behaviour signs in place of its own contribution. */
const changed = (own: Contribution, behaviour: Behaviour, { signer, copied, noise }: Changes): Contribution => {
  const { network, cycle, round } = own;
  switch (behaviour) {
    case "forged":
      return { ...own, signature: "00".repeat(64) };
    case "wrong round":
      return localContribution({ network, cycle, round: round + 1, sealed: noise }, signer);
    case "unsealable":
      return localContribution({ network, cycle, round, sealed: noise }, signer);
    case "copied":
      return localContribution({ network, cycle, round, sealed: copied ? Buffer.from(copied, "hex") : noise }, signer);
    default:
      return own;
  }
};
