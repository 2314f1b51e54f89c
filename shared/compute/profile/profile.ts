import type { Device } from "#shared/engine/device.js";
import type { CheckReason } from "#shared/protocol/checks.js";
import type { Verify } from "#shared/protocol/signing.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import type { RecordedPrefixes } from "#shared/sprint/proof/all-nonces.js";
import type { Checked } from "#shared/sprint/proof/fault.js";
import type { Hardware } from "#shared/sprint/proof/hardware.js";
import type { ExpectedProof } from "#shared/sprint/proof/head.js";
import type { CastVote, Electorate, ProofSettlement } from "#shared/sprint/proof/votes.js";
import type { WeightInterval } from "#shared/sprint/proof/wins-weight.js";
import type { SprintEntrant } from "../entrants.js";
import type { Recomputed } from "./recomputed.js";

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

/** What a range of nonces gave. */
export interface ComputedNonces {
  /** Winning nonces, ascending. */
  readonly wins: readonly number[];
  /** 8 bytes a nonce where the profile's proof has all nonces, else none. */
  readonly digests: Uint8Array;
}

/** Nonces of a proof, and what it says of them. */
export interface ClaimedNonces {
  readonly nonces: readonly number[];
  /** 8 bytes a nonce where the proof has them; else it says that all of them win. */
  readonly digests: Uint8Array;
}

export const NO_DIGESTS = new Uint8Array(0);

/** A Sprint's network with its weights, whose nonces are computed and recomputed. */
export interface SprintProver {
  /** Nonces that are computed together: search in multiples of it. */
  readonly batch: number;
  search(task: NonceTask, range: NonceRange): Promise<ComputedNonces>;
  /** Which of a proof's nonces are not what it says of them, in their order. */
  losers(task: NonceTask, claimed: ClaimedNonces): Promise<readonly number[]>;
  /** What claimed wins are, in their order, with what shows that somebody computed them. Only where outputs are the same on every device. */
  recompute?(task: NonceTask, nonces: readonly number[]): Promise<readonly Recomputed[]>;
  /** Frees its memory. No call may be in progress or follow. */
  dispose(): Promise<void>;
}

export interface OpenProverOptions extends Arithmetic {
  readonly sprint: Pick<Sprint, "dials" | "devices">;
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
  /** Nonces that one run computes, even if fewer are asked for. */
  readonly batch: number;
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
  claimed(places: readonly number[]): ClaimedNonces;
}

/** How a verifier judges a proof: it checks `size` of its items, or all, and rejects it at `reject` that are not as claimed. */
export interface SampleTest {
  readonly size: number;
  readonly reject: number;
}

/** What the chain says of a proof. */
export interface KnownOfProof {
  readonly sprint: Pick<Sprint, "dials">;
  readonly expected: ExpectedProof;
  readonly prefixes: RecordedPrefixes;
}

/** What decides how much a proof's counts weigh. */
export interface MeasuredBy {
  readonly difficulty: number;
  readonly sprint: Pick<Sprint, "sample" | "devices">;
}

/** What a committed proof's record says of it. */
export type ProofRecord = NonNullable<SprintEntrant["record"]>;

/**
 * An arithmetic that Sprints are in: its network, its proofs, and how a dispute over one ends. The cycle around it is the same: `miner/sprint`,
 * `validator/sprint` and the readers of this room know no other difference.
 */
export interface SprintProfile {
  size(dials: Sprint["dials"]): NetworkSize;
  /** Most nonces that a proof can have. */
  readonly mostNonces: number;
  /**
   * Draws a network's weights onto a device.
   * @throws BlockZeroError GRAPH_COMPILE, KERNEL_MEMORY, GRAPH_RUN; SPRINT_NETWORK_REFUSED where its outputs are no fair draw; the signal's reason
   */
  open(options: OpenProverOptions): Promise<SprintProver>;
  /** Greatest size of a proof's file, by its record. */
  maxBytes(record: ProofRecord): number;
  /** The verdict on a proof's bytes as far as no network is evaluated. Never throws. */
  check(bytes: Uint8Array, known: KnownOfProof, verify: Verify): Checked<SprintProof>;
  /** Of how many items a proof's sample is drawn. */
  items(record: ProofRecord): number;
  test(sprint: Pick<Sprint, "sample" | "devices">): SampleTest;
  /** Why a proof is rejected whose sample fails, and the same in words: nonces that were not as claimed, of so many checked. */
  readonly failure: { readonly reason: CheckReason; text(failed: readonly number[], checked: number): string };
  /** Nonces that members named and that everybody is to recompute, ascending. */
  accused(votes: readonly CastVote[], electorate: Electorate, wins: readonly number[]): readonly number[];
  /** Settles by the votes of the electorate. @param losers those of the `accused` that are not as claimed, by one's own recomputation */
  settle(votes: readonly CastVote[], electorate: Electorate, losers: readonly number[]): ProofSettlement;
  /** Nonces that a valid proof speaks for, and their interval. */
  measure(counts: Pick<ProofRecord, "wins" | "nonces">, of: MeasuredBy): WeightInterval;
}
