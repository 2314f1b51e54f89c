import { z } from "zod";
import type { Journal } from "../writes/journal.js";

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const u16 = z.int().min(0).max(65535);

const weights = z.array(z.tuple([u16, u16]).readonly()).readonly();

const common = {
  /** What the commitment was made for: one key, one set of weights. */
  key: z.string(),
  /** As the chain lists it. */
  hash,
  weights,
  versionKey: z.int(),
  /** Last block in which it may be sent. */
  sendUntil: z.int(),
  /** Block that included it. */
  committed: z.int().optional(),
  /** `settled`: opened, or no longer needed. `expired`: nobody opened it in time, and nothing newer has replaced it. */
  state: z.enum(["open", "settled", "expired"]).default("open"),
};

const hashCommitmentSchema = z.object({
  ...common,
  mode: z.literal("hash"),
  salt: z.array(u16).readonly(),
  /** The blocks in which it can be revealed, once the chain has said so. */
  reveal: z.object({ first: z.int(), last: z.int() }).optional(),
});

const timelockCommitmentSchema = z.object({
  ...common,
  mode: z.literal("timelock"),
  /** Hex. */
  ciphertext: z.string(),
  round: z.int(),
});

const commitmentSchema = z.discriminatedUnion("mode", [hashCommitmentSchema, timelockCommitmentSchema]);

/** The weights that this hotkey has committed or will commit. Without the salt a commitment can never be revealed. */
export const weightsJournalSchema = z.object({
  commitments: z.array(commitmentSchema).default([]),
  /**
   * The newest weights that were about to be set in the clear, and their key: a signer elsewhere signs no others for
   * it.
   */
  plain: z.object({ key: z.string(), weights }).optional(),
});

export type WeightsJournal = z.infer<typeof weightsJournalSchema>;
export type HashCommitment = z.infer<typeof hashCommitmentSchema>;
export type TimelockCommitment = z.infer<typeof timelockCommitmentSchema>;
export type WeightsCommitment = HashCommitment | TimelockCommitment;

/** More than a subnet allows one hotkey to have unrevealed. */
const KEPT = 64;

export const addCommitment = (journal: Journal<WeightsJournal>, commitment: WeightsCommitment): void =>
  journal.update((value) => ({ ...value, commitments: [...value.commitments, commitment].slice(-KEPT) }));

export const changeCommitments = (
  journal: Journal<WeightsJournal>,
  change: (commitment: WeightsCommitment) => WeightsCommitment,
): void => journal.update((value) => ({ ...value, commitments: value.commitments.map(change) }));

export const settleCommitments = (
  journal: Journal<WeightsJournal>,
  hashes: ReadonlySet<string>,
  state: WeightsCommitment["state"],
): void => changeCommitments(journal, (entry) => (hashes.has(entry.hash) ? { ...entry, state } : entry));

/** Blocks for which a restarted program may still ask for a commitment that it made. */
const KEPT_BLOCKS = 360;

/** Removes commitments that were opened or given up long ago. */
export const forgetCommitments = (journal: Journal<WeightsJournal>, head: number): void => {
  const isOld = ({ state, sendUntil }: WeightsCommitment) => state !== "open" && sendUntil + KEPT_BLOCKS < head;
  if (!journal.value.commitments.some(isOld)) return;
  journal.update((value) => ({ ...value, commitments: value.commitments.filter((entry) => !isOld(entry)) }));
};
