import type { Device } from "#shared/engine/device.js";
import type { Verify } from "#shared/protocol/signing.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import type { Checked } from "#shared/sprint/proof/fault.js";
import type { Hardware } from "#shared/sprint/proof/hardware.js";
import type { Promised } from "#shared/sprint/proof/head.js";
import type { CastVote, Electorate, ProofSettlement } from "#shared/sprint/proof/votes.js";
import type { WeightInterval } from "#shared/sprint/proof/wins-weight.js";
import type { CommittedProof } from "../committed-proofs.js";

/** What nonces are computed on: a device, and the processor threads where it is the processor, 0 for all. */
export interface Arithmetic {
  readonly device: Device;
  readonly threads?: number;
}

/** What a member's nonces are computed from, beside the network. */
export interface NonceTask {
  /** Of its hotkey, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Seed of the Sprint's inputs, 64 hex digits. */
  readonly inputs: string;
  /** One nonce in so many wins. */
  readonly difficulty: number;
}

/** Nonces [first, first + count). */
export interface NonceRange {
  readonly first: number;
  readonly count: number;
}

/** A Sprint's network with its weights, whose nonces are computed and recomputed. */
export interface SprintProver {
  /** Nonces that are computed together: search in multiples of it. */
  readonly batch: number;
  /** Winning nonces of a range, ascending. */
  search(task: NonceTask, range: NonceRange): Promise<readonly number[]>;
  /** Which of a proof's nonces are not what it claims, in their order. */
  losers(task: NonceTask, nonces: readonly number[]): Promise<readonly number[]>;
  /** Hashes of the nonces' outputs, in their order: what shows that somebody computed them. Only where outputs are the same on every device. */
  digests?(task: NonceTask, nonces: readonly number[]): Promise<readonly string[]>;
  /** Frees its memory. No call may be in progress or follow. */
  dispose(): Promise<void>;
}

export interface OpenProverOptions extends Arithmetic {
  readonly dials: Sprint["dials"];
  /** Of the network (`networkSeed`), 64 hex digits. */
  readonly seed: string;
  /** How far the processor's threads give way to all else that the machine does, 0 to 19. */
  readonly nice?: number;
  /** Ends the loading with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The size of a network. */
export interface NetworkSize {
  /** Weights. */
  readonly parameters: number;
  /** Bytes of a weight where the processor computes; 4 on any other device. */
  readonly processorBytes: number;
  /** Operations of a nonce. */
  readonly flops: number;
}

/** A proof, as far as its bytes show. */
export interface SprintProof {
  /** Ascending. */
  readonly wins: readonly number[];
  /** Nonces that it claims something of, from which a sample is drawn. */
  readonly items: number;
  /** What the host says of its machine, if it does. */
  readonly hardware?: Hardware | undefined;
  /** The nonces at these places of them. */
  claimed(places: readonly number[]): readonly number[];
}

/** How a verifier judges a proof: it checks `size` of its items, or all, and rejects it at `reject` that are not as claimed. */
export interface SampleTest {
  readonly size: number;
  readonly reject: number;
}

/** What a committed proof's record says of it. */
export type ProofPromise = NonNullable<CommittedProof["promise"]>;

/**
 * An arithmetic that Sprints are in: its network, its proofs, and how a dispute over one ends. The cycle around it is the same: `miner/sprint`,
 * `validator/sprint` and the readers of this room know no other difference.
 */
export interface SprintProfile {
  size(dials: Sprint["dials"]): NetworkSize;
  /** Draws a network's weights onto a device. @throws BlockZeroError GRAPH_COMPILE, KERNEL_MEMORY, GRAPH_RUN; the signal's reason */
  open(options: OpenProverOptions): Promise<SprintProver>;
  /** Greatest size of a proof's file, by its record. */
  maxBytes(promise: ProofPromise): number;
  /** The verdict on a proof's bytes as far as no network is evaluated. Never throws. */
  check(bytes: Uint8Array, promised: Promised, verify: Verify): Checked<SprintProof>;
  /** Of how many items a proof's sample is drawn. */
  items(promise: ProofPromise): number;
  test(sprint: Pick<Sprint, "sample">): SampleTest;
  /** Settles by the votes of the electorate. @param losers nonces that somebody named and that are not as claimed, by one's own recomputation */
  settle(votes: readonly CastVote[], electorate: Electorate, losers: readonly number[]): ProofSettlement;
  /** Nonces that a valid proof speaks for, and their interval. */
  measure(counts: Pick<ProofPromise, "wins" | "nonces">, difficulty: number): WeightInterval;
}
