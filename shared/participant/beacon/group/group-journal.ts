import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { hexOf, scalarBytes } from "#shared/beacon/group/curve.js";
import { newGroupKey } from "#shared/beacon/group/membership.js";
import { hashSchema } from "#shared/protocol/hash.js";
import type { Participant } from "../../participant.js";
import { type Journal, openJournal } from "../../writes/journal.js";

const secretSchema = z.string().regex(/^[0-9a-f]{64}$/);
const cycleSchema = z.int().min(0);
const documentSchema = z.object({ hotkey: z.string(), hash: hashSchema, location: z.string() });

const formingSchema = z.object({
  network: hashSchema,
  /** First cycle of the key generation. */
  start: cycleSchema,
  /** Of the encryption key. */
  secret: secretSchema,
  /** What this member's dealing is drawn from. */
  seed: secretSchema,
  slots: z.array(z.tuple([z.string(), z.array(z.int())])).nullable(),
  /** Cycle → the documents of it that count, as soon as they are known: a node may drop those states before the group is formed. */
  counted: z.record(z.string(), z.array(documentSchema)),
});

const groupJournalSchema = z.object({
  /** The group that is being formed. */
  forming: formingSchema.nullable().default(null),
  /** The newest key generation that ended. `group` is the hash of its file, or null if it failed. */
  formed: z.object({ network: hashSchema, start: cycleSchema, group: hashSchema.nullable() }).nullable().default(null),
  /** This member's shares of the secrets of groups, by the hashes of their files: the newest first. */
  shares: z
    .array(z.object({ group: hashSchema, shares: z.array(z.tuple([z.int().min(1), secretSchema])) }))
    .default([]),
});

export type Forming = z.infer<typeof formingSchema>;

/** A validator's secrets of threshold groups, in a file that only its owner may read. Without it the validator signs again in the next group. */
export type GroupJournal = Journal<z.infer<typeof groupJournalSchema>>;

/** Groups whose shares are kept: the one that signs, and the one that follows. */
const KEPT_SHARES = 2;

/** @throws BlockZeroError JOURNAL_MALFORMED */
export const openGroupJournal = ({ home, log }: Pick<Participant, "home" | "log">): GroupJournal =>
  openJournal(join(home, "beacon-group.json"), groupJournalSchema, log);

/** What is kept of a key generation, with new secrets if there is nothing yet. Durable when it returns. */
export const formingOf = (journal: GroupJournal, network: string, start: number): Forming => {
  const { forming } = journal.value;
  if (forming?.network === network && forming.start === start) return forming;
  const begun = {
    network,
    start,
    secret: hexOf(scalarBytes(newGroupKey().secret)),
    seed: hexOf(randomBytes(32)),
    slots: null,
    counted: {},
  };
  journal.update((value) => ({ ...value, forming: begun }));
  return begun;
};

/** Keeps what the chain said of a key generation, which can be read again while a node has those states. */
export const noteForming = (journal: GroupJournal, change: (forming: Forming) => Forming): Forming => {
  journal.note((value) => ({ ...value, forming: value.forming && change(value.forming) }));
  return journal.value.forming!;
};

/** Ends a key generation: its secrets are gone, and the shares that came of it are kept. */
export const endForming = (
  journal: GroupJournal,
  {
    network,
    start,
    group,
    shares,
  }: Pick<Forming, "network" | "start"> & {
    readonly group: string | null;
    readonly shares: ReadonlyMap<number, bigint>;
  },
): void => {
  const kept = [...shares].map(([slot, share]): [number, string] => [slot, hexOf(scalarBytes(share))]);
  journal.update((value) => ({
    forming: null,
    formed: { network, start, group },
    shares:
      group === null || kept.length === 0
        ? value.shares
        : [{ group, shares: kept }, ...value.shares.filter((one) => one.group !== group)].slice(0, KEPT_SHARES),
  }));
};

/** This member's shares of a group's secret, slot → scalar. Empty without one. */
export const sharesOf = (journal: GroupJournal, group: string): ReadonlyMap<number, bigint> =>
  new Map(
    journal.value.shares
      .find((one) => one.group === group)
      ?.shares.map(([slot, share]): [number, bigint] => [slot, BigInt(`0x${share}`)]),
  );
