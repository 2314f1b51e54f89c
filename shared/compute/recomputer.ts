import type { Sprint } from "#shared/protocol/sprint.js";
import type { ValueSource } from "#shared/replay/beacon-value.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import { fitsByLayer, outputsByLayer } from "#shared/sprint/exact/by-layer.js";
import { EXACT_DIALS } from "#shared/sprint/exact/dials.js";
import { networkSeed, nodeSeed } from "#shared/sprint/exact/seeds.js";
import type { SprintEntrant } from "./entrants.js";
import { type Arithmetic, NO_DIGESTS, type SprintProver } from "./profile/profile.js";
import { profileOf } from "./profile/profile-of.js";
import { type Recomputed, recomputedBy } from "./profile/recomputed.js";

/** Claimed wins of one proof. */
interface Claim {
  readonly of: Pick<SprintEntrant, "publicKey" | "difficulty">;
  readonly nonces: readonly number[];
}

/** Recomputes claimed wins of one Sprint. */
export interface Recomputer {
  /**
   * Which of a proof's nonces are not what it says of them, in their order. The first call loads the Sprint's network.
   *
   * @param digests 8 bytes a nonce where the profile's proof has them; without, all nonces are claimed to win
   * @throws BlockZeroError SPRINT_NETWORK_REFUSED where the network's outputs are no fair draw
   */
  losers(of: Claim["of"], nonces: readonly number[], digests?: Uint8Array): Promise<readonly number[]>;
  /** Claimed wins of the exact profile with their outputs' hashes, in their order, by the loaded network. */
  recompute(of: Claim["of"], nonces: readonly number[]): Promise<readonly Recomputed[]>;
  /**
   * Claimed wins of several proofs of the exact profile, in their order, with the memory of one layer where the processor's kernels fit: for what
   * anybody may name, so that nobody makes others load the network. What was found is not computed again.
   */
  recomputeAll(claims: readonly Claim[]): Promise<readonly (readonly Recomputed[])[]>;
  /** Which are none, likewise. */
  losersOf(claims: readonly Claim[]): Promise<readonly (readonly number[])[]>;
  /** Nonces to recompute at a time, so that a call takes a fraction of a second on a processor. */
  readonly portion: number;
  dispose(): Promise<void>;
}

/** Operations of one call of `losers`, about a hundredth of a second on one core. */
const PORTION_FLOPS = 5e8;

/** Greatest number of nonces in one call. */
const MAX_PORTION = 256;

export interface RecomputerOptions {
  readonly sprint: Pick<Sprint, "dials" | "profile" | "devices">;
  readonly cycle: number;
  /** It is called when a nonce is to be recomputed. */
  readonly arithmetic: () => Promise<Arithmetic>;
  readonly signal?: AbortSignal | undefined;
}

/** A recomputer of a cycle's Sprint, whose seeds must be on chain. Nothing is loaded until a nonce is to be recomputed. */
export const openRecomputer = (
  source: ValueSource,
  { sprint, cycle, arithmetic, signal }: RecomputerOptions,
): Recomputer => {
  const profile = profileOf(sprint);
  const { flops, batch } = profile.size(sprint.dials);
  const dials = EXACT_DIALS[sprint.dials];
  const readSeeds = async () => {
    const [seed, inputs] = await Promise.all([
      readSprintSeed(source, { cycle, purpose: "sprint-network" }),
      readSprintSeed(source, { cycle, purpose: "sprint-inputs" }),
    ]);
    return { seed: networkSeed(seed), inputs };
  };
  const load = async () => {
    const { seed, inputs } = await readSeeds().catch((thrown: unknown) => {
      // They are read again for the next proof: a chain that did not answer once costs no other proof its check.
      loading = undefined;
      throw thrown;
    });
    const prover = await profile.open({ ...(await arithmetic()), sprint, seed, signal });
    return { prover, inputs };
  };
  let loading: Promise<{ readonly prover: SprintProver; readonly inputs: string }> | undefined;
  const losers: Recomputer["losers"] = async ({ publicKey, difficulty }, nonces, digests = NO_DIGESTS) => {
    if (nonces.length === 0) return [];
    loading ??= load();
    const { prover, inputs } = await loading;
    return prover.losers({ publicKey, inputs, difficulty }, { nonces, digests });
  };
  const recompute: Recomputer["recompute"] = async (of, nonces) => {
    if (nonces.length === 0) return [];
    loading ??= load();
    const { prover, inputs } = await loading;
    if (!prover.recompute) throw new TypeError(`wins of the profile ${sprint.profile} are not recomputed one by one`);
    return prover.recompute({ ...of, inputs }, nonces);
  };
  /** Node seed, nonce and difficulty → what it gives. */
  const found = new Map<string, Recomputed>();
  const recomputeAll: Recomputer["recomputeAll"] = async (claims) => {
    if (claims.every(({ nonces }) => nonces.length === 0)) return claims.map(() => []);
    if (!fitsByLayer(dials)) return Promise.all(claims.map(({ of, nonces }) => recompute(of, nonces)));
    const { seed, inputs } = await readSeeds();
    const named = claims.map(({ of: { publicKey, difficulty }, nonces }) => {
      const node = nodeSeed(publicKey, inputs);
      return nonces.map((nonce) => ({ node, nonce, difficulty, key: `${node} ${nonce} ${difficulty}` }));
    });
    const open = named.flat().filter(({ key }) => !found.has(key));
    const outputs = await outputsByLayer(open, { dials, seed, ...(signal && { signal }) });
    for (const [i, win] of open.entries()) found.set(win.key, recomputedBy(win, outputs[i]!));
    return named.map((of) => of.map(({ key }) => found.get(key)!));
  };
  return {
    losers,
    recompute,
    recomputeAll,
    losersOf: async (claims) =>
      (await recomputeAll(claims)).map((of) => of.filter((one) => !one.isWin).map(({ nonce }) => nonce)),
    portion: Math.min(MAX_PORTION, Math.max(batch, Math.floor(PORTION_FLOPS / flops))),
    async dispose() {
      const loaded = await loading?.catch(() => undefined);
      loading = undefined;
      await loaded?.prover.dispose();
    },
  };
};

/** Does work with a recomputer of a cycle's Sprint, which is disposed of when it is over. @throws what the work throws */
export const withRecomputer = async <T>(
  source: ValueSource,
  options: RecomputerOptions,
  work: (recomputer: Recomputer) => Promise<T>,
): Promise<T> => {
  const recomputer = openRecomputer(source, options);
  try {
    return await work(recomputer);
  } finally {
    await recomputer.dispose();
  }
};
