import type { Signer } from "#shared/protocol/signer.js";
import type { Inclusion } from "../chain.js";
import type { Settlement, SignedExtrinsic } from "./extrinsic.js";
import type { Unsettled } from "./key-lock.js";

export interface Write<Call> {
  readonly call: Call;
  readonly signer: Signer;
  readonly resolve: (inclusion: Inclusion) => void;
  readonly reject: (error: unknown) => void;
}

/** A write, and the number of times that it was signed. */
export type Queued<Call> = Write<Call> & { readonly signings: number };

/** A signed extrinsic, kept until its outcome is reported and no fork is expected to revert it. */
export interface Entry<Call> {
  /** Undefined for an extrinsic that an earlier process signed and that no caller here has requested yet. */
  write: Queued<Call> | undefined;
  readonly text: string;
  readonly extrinsic: SignedExtrinsic;
  readonly signedAt: number;
  /** Block at which the node had it. Undefined while it must be sent, for the first time or again. */
  offeredAt?: number | undefined;
  settlement?: Settlement | undefined;
  isTold: boolean;
}

/** An extrinsic is sent again if a node has had it for this many blocks without putting it into one. */
export const OVERDUE_BLOCKS = 2;
/** A reported write is watched for this many blocks, and sent again if a fork reverts it. */
export const WATCHED_BLOCKS = 16;

/** The extrinsics that one key has signed, in the order of their nonces. */
export class PendingExtrinsics<Call> {
  #entries: Entry<Call>[] = [];

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Extrinsics that no known block holds. */
  get unsettled(): readonly Entry<Call>[] {
    return this.#entries.filter(({ settlement }) => !settlement);
  }

  /** Extrinsics without a reported outcome, in the form that is stored on disk. */
  get open(): readonly Unsettled[] {
    return this.#entries
      .filter(({ isTold }) => !isTold)
      .map(({ text, extrinsic, signedAt }) => ({ text, extrinsic, signedAt }));
  }

  /** The next extrinsic to send. */
  get toOffer(): Entry<Call> | undefined {
    return this.unsettled.find(({ offeredAt }) => offeredAt === undefined);
  }

  add(entry: Entry<Call>): void {
    this.#entries.push(entry);
    this.#entries.sort((a, b) => a.extrinsic.nonce - b.extrinsic.nonce);
  }

  has(entry: Entry<Call>): boolean {
    return this.#entries.includes(entry);
  }

  remove(entry: Entry<Call>): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
  }

  /** @returns the writes of all removed entries */
  clear(): readonly (Queued<Call> | undefined)[] {
    return this.#entries.splice(0).map(({ write }) => write);
  }

  withHash(hash: string): Entry<Call> | undefined {
    return this.#entries.find(({ extrinsic }) => extrinsic.hash === hash);
  }

  /** An extrinsic that an earlier process signed for a call that no caller here has requested yet. */
  unaskedFor(text: string): Entry<Call> | undefined {
    return this.#entries.find((entry) => !entry.write && entry.text === text);
  }

  /** Marks the extrinsics that are in no block to be sent again. */
  offerAgain(): void {
    for (const entry of this.unsettled) entry.offeredAt = undefined;
  }

  /** Marks the extrinsics that the node has had for too long to be sent again. @returns whether there was any */
  offerOverdue(head: number): boolean {
    const overdue = this.unsettled.filter(
      ({ offeredAt }) => offeredAt !== undefined && head >= offeredAt + OVERDUE_BLOCKS,
    );
    for (const entry of overdue) entry.offeredAt = undefined;
    return overdue.length > 0;
  }

  /** The blocks above `fork` are reverted: their extrinsics are to be sent again. @returns the numbers of those blocks */
  undo(fork: number): readonly number[] {
    return this.#entries.flatMap((entry) => {
      const block = entry.settlement?.block;
      if (block === undefined || block <= fork) return [];
      entry.settlement = undefined;
      entry.offeredAt = undefined;
      return [block];
    });
  }

  /** Drops extrinsics that were reported long ago. */
  forget(head: number): void {
    this.#entries = this.#entries.filter(
      ({ isTold, settlement }) => !isTold || !settlement || head < settlement.block + WATCHED_BLOCKS,
    );
  }

  /** Extrinsics that a block holds, deep enough, and that were not reported yet. */
  certain(head: number, confirmations: number): readonly { entry: Entry<Call>; settlement: Settlement }[] {
    return this.#entries.flatMap((entry) => {
      const { settlement, isTold } = entry;
      if (!settlement || isTold || (confirmations > 0 && head < settlement.block + confirmations)) return [];
      return [{ entry, settlement }];
    });
  }
}
