import { hashBytes, sha256, u64le } from "./hash.js";
import type { Network } from "./network.js";
import type { PhaseLengths } from "./network-file/phase-lengths.js";
import { type BlockRange, type Phase, phaseWindow } from "./phases.js";

/** What a seed of a group draws: the batches for scoring updates, or the batches for choosing among candidate steps. */
export type BatchPurpose = "evaluate" | "choose";

/**
 * What a seed of a Sprint makes: its network, the inputs of its nonces, the sample of wins that a validator recomputes, the tasks and draws of duty,
 * or the sample of draws that a member shows; and whether a cycle between two Sprints has a confirmation.
 */
export type SprintPurpose =
  | "sprint-network"
  | "sprint-inputs"
  | "sprint-sample"
  | "sprint-duty"
  | "sprint-audit"
  | "sprint-confirmation";

export type SeedPurpose = BatchPurpose | SprintPurpose;

const DOMAINS: Readonly<Record<BatchPurpose, string>> = {
  evaluate: "blockzero/eval/2",
  choose: "blockzero/pick/2",
};

const SPRINT_DOMAIN = "blockzero/sprint-seed/1";

/** The phase at whose begin a seed is drawn, of its cycle or the one after. */
const PHASES_OF: Readonly<Record<SeedPurpose, Phase>> = {
  evaluate: "evaluate",
  choose: "choose",
  "sprint-network": "reveal",
  "sprint-inputs": "evaluate",
  "sprint-sample": "exchange",
  "sprint-duty": "exchange",
  "sprint-audit": "commit",
  "sprint-confirmation": "reveal",
};

/** The blocks of the phase that a seed is for, at whose begin it is drawn: of its cycle, for `sprint-audit` of the next one. */
export const seedWindow = (cycle: number, purpose: SeedPurpose, phases: PhaseLengths): BlockRange =>
  phaseWindow(purpose === "sprint-audit" ? cycle + 1 : cycle, PHASES_OF[purpose], phases);

const PULSE_DOMAIN = "blockzero/pulse/1";
const BLOCKS_DOMAIN = "blockzero/block/1";

/** Share of a phase in which a pulse is awaited. */
const PULSE_SHARE = 1 / 4;

/** The block of a phase whose state decides whether a pulse is there: a quarter of the phase after its first, rounded up and within the phase. */
export const decidingBlock = ({ start, end }: BlockRange): number =>
  start + Math.min(Math.ceil((end - start) * PULSE_SHARE), end - start - 1);

/** The blocks that a seed is read from. */
export interface SeedBlocks {
  /** The last block before the phase. Its timestamp gives the round, and its hash is mixed with the pulse. */
  readonly closing: number;
  /**
   * The block whose state decides whether the pulse counts. Without a pulse, the hashes of the blocks from `closing + 1` to this one make
   * the seed.
   */
  readonly deciding: number;
}

/** The blocks of a cycle's seed. Without a beacon the first block of the phase decides. */
export const seedBlocks = (
  cycle: number,
  purpose: SeedPurpose,
  { phases, beacon }: Pick<Network, "phases" | "beacon">,
): SeedBlocks => {
  const phase = seedWindow(cycle, purpose, phases);
  return { closing: phase.start - 1, deciding: beacon ? decidingBlock(phase) : phase.start };
};

/**
 * Entropy from a beacon: SHA-256("blockzero/pulse/1" ‖ closing block's hash ‖ pulse), 64 hex digits. The block exists before the pulse, so
 * nobody can choose among blocks by the seeds that they make.
 *
 * @param pulse the round's signature, 48 bytes
 */
export const pulseEntropy = (closingHash: string, pulse: Uint8Array): string =>
  sha256(Buffer.from(PULSE_DOMAIN), hashBytes(closingHash), pulse);

/** Entropy from blocks alone: SHA-256("blockzero/block/1" ‖ hashes in ascending order of their blocks), 64 hex digits. */
export const blocksEntropy = (hashes: readonly string[]): string =>
  sha256(Buffer.from(BLOCKS_DOMAIN), ...hashes.map(hashBytes));

export interface SeedInputs {
  readonly purpose: BatchPurpose;
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
  readonly group: string;
  /** A value that nobody knows before commits and reveals are closed: 64 hex digits. */
  readonly entropy: string;
}

/**
 * The seed that draws a group's batches: SHA-256(domain ‖ network hash ‖ cycle as u64 little-endian ‖ group in ASCII ‖ entropy), 64 hex digits,
 * where the domain is "blockzero/eval/2" or "blockzero/pick/2". Only the group varies in length, so no two inputs collide.
 */
export const evaluationSeed = ({ purpose, network, cycle, group, entropy }: SeedInputs): string =>
  sha256(Buffer.from(DOMAINS[purpose]), hashBytes(network), u64le(cycle), Buffer.from(group), hashBytes(entropy));

export interface SprintSeedInputs extends Omit<SeedInputs, "group" | "purpose"> {
  readonly purpose: SprintPurpose;
}

/**
 * A Sprint's seed, the same for everybody: SHA-256("blockzero/sprint-seed/1" ‖ network hash ‖ cycle as u64 little-endian ‖ purpose in ASCII ‖
 * entropy), 64 hex digits.
 */
export const sprintSeed = ({ purpose, network, cycle, entropy }: SprintSeedInputs): string =>
  sha256(Buffer.from(SPRINT_DOMAIN), hashBytes(network), u64le(cycle), Buffer.from(purpose), hashBytes(entropy));
