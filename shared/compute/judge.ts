import type { Sprint } from "#shared/protocol/sprint.js";
import type { ValueSource } from "#shared/replay/beacon-value.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import { EXACT_DIALS, flopsOf } from "#shared/sprint/exact/dials.js";
import { openSprintNetwork, type SprintNetwork, type SprintNetworkOptions } from "#shared/sprint/exact/prover.js";
import { networkSeed, nodeSeed } from "#shared/sprint/exact/seeds.js";
import type { CommittedProof } from "./committed-proofs.js";

/** What nonces are computed on: a device, and the processor threads where it is the processor. */
export type Arithmetic = Pick<SprintNetworkOptions, "device" | "threads">;

/** Recomputes claimed wins of one Sprint. */
export interface SprintJudge {
  /** Which of the claimed wins are none, in their order. The first call loads the Sprint's network. */
  losers(of: Pick<CommittedProof, "publicKey" | "difficulty">, nonces: readonly number[]): Promise<readonly number[]>;
  /** Nonces to recompute at a time, so that a call takes a fraction of a second on a processor. */
  readonly portion: number;
  dispose(): Promise<void>;
}

/** Operations of one call of `losers`, about a hundredth of a second on one core. */
const PORTION_FLOPS = 5e8;

/** Greatest number of nonces in one call. */
const MAX_PORTION = 256;

export interface JudgeOptions {
  readonly sprint: Pick<Sprint, "dials">;
  readonly cycle: number;
  /** It is called when a nonce is to be recomputed. */
  readonly arithmetic: () => Promise<Arithmetic>;
  readonly signal?: AbortSignal | undefined;
}

/** A judge of a cycle's Sprint, whose seeds must be on chain. Nothing is loaded until a nonce is to be recomputed. */
export const createJudge = (source: ValueSource, { sprint, cycle, arithmetic, signal }: JudgeOptions): SprintJudge => {
  const dials = EXACT_DIALS[sprint.dials];
  const load = async () => {
    const [seed, inputs] = await Promise.all([
      readSprintSeed(source, { cycle, purpose: "sprint-network" }),
      readSprintSeed(source, { cycle, purpose: "sprint-inputs" }),
    ]).catch((thrown: unknown) => {
      // They are read again for the next proof: a chain that did not answer once costs no other proof its check.
      loading = undefined;
      throw thrown;
    });
    const network = await openSprintNetwork({
      ...(await arithmetic()),
      dials,
      seed: networkSeed(seed),
      ...(signal && { signal }),
    });
    return { network, inputs };
  };
  let loading: Promise<{ readonly network: SprintNetwork; readonly inputs: string }> | undefined;
  return {
    portion: Math.min(MAX_PORTION, Math.max(1, Math.floor(PORTION_FLOPS / flopsOf(dials)))),
    async losers({ publicKey, difficulty }, nonces) {
      if (nonces.length === 0) return [];
      loading ??= load();
      const { network, inputs } = await loading;
      return network.losers(nodeSeed(publicKey, inputs), nonces, difficulty);
    },
    async dispose() {
      const loaded = await loading?.catch(() => undefined);
      loading = undefined;
      await loaded?.network.dispose();
    },
  };
};
