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

/** A write, and how often it was signed. */
export type Queued<Call> = Write<Call> & { readonly signings: number };

/** A signed extrinsic, until its outcome is told and no fork is expected to undo it. */
export interface Entry<Call> {
  /** Undefined for what an earlier process signed and nobody here has asked for yet. */
  write: Queued<Call> | undefined;
  readonly text: string;
  readonly extrinsic: SignedExtrinsic;
  readonly signedAt: number;
  /** Block at which the node had it; undefined while it is to be sent, for the first time or again. */
  offeredAt?: number | undefined;
  settlement?: Settlement | undefined;
  isTold: boolean;
}

/** A node that has an extrinsic for so many blocks without putting it into one is sent it again. */
export const OVERDUE_BLOCKS = 2;
/** A write that is told is watched for so many blocks, and sent again should a fork undo it. */
export const WATCHED_BLOCKS = 16;

/** What one key has signed, in the order of nonces. */
export class PendingExtrinsics<Call> {
  #entries: Entry<Call>[] = [];

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** What no block is known to hold. */
  get unsettled(): readonly Entry<Call>[] {
    return this.#entries.filter(({ settlement }) => !settlement);
  }

  /** What nobody was told the outcome of, as it outlives the process. */
  get open(): readonly Unsettled[] {
    return this.#entries
      .filter(({ isTold }) => !isTold)
      .map(({ text, extrinsic, signedAt }) => ({ text, extrinsic, signedAt }));
  }

  /** What is to be sent next. */
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

  /** @returns the writes of all that were there */
  clear(): readonly (Queued<Call> | undefined)[] {
    return this.#entries.splice(0).map(({ write }) => write);
  }

  withHash(hash: string): Entry<Call> | undefined {
    return this.#entries.find(({ extrinsic }) => extrinsic.hash === hash);
  }

  /** What an earlier process signed for a call that nobody here has asked for yet. */
  unaskedFor(text: string): Entry<Call> | undefined {
    return this.#entries.find((entry) => !entry.write && entry.text === text);
  }

  /** What is in no block is to be sent again. */
  offerAgain(): void {
    for (const entry of this.unsettled) entry.offeredAt = undefined;
  }

  /** What the node has for too long is to be sent again. @returns whether there was any */
  offerOverdue(head: number): boolean {
    const overdue = this.unsettled.filter(
      ({ offeredAt }) => offeredAt !== undefined && head >= offeredAt + OVERDUE_BLOCKS,
    );
    for (const entry of overdue) entry.offeredAt = undefined;
    return overdue.length > 0;
  }

  /** The blocks above `fork` are gone: what they held is to be sent again. @returns the numbers of those blocks */
  undo(fork: number): readonly number[] {
    return this.#entries.flatMap((entry) => {
      const block = entry.settlement?.block;
      if (block === undefined || block <= fork) return [];
      entry.settlement = undefined;
      entry.offeredAt = undefined;
      return [block];
    });
  }

  /** Lets go of what was told long ago. */
  forget(head: number): void {
    this.#entries = this.#entries.filter(
      ({ isTold, settlement }) => !isTold || !settlement || head < settlement.block + WATCHED_BLOCKS,
    );
  }

  /** What a block holds, deep enough, and nobody was told of yet. */
  certain(head: number, confirmations: number): readonly { entry: Entry<Call>; settlement: Settlement }[] {
    return this.#entries.flatMap((entry) => {
      const { settlement, isTold } = entry;
      if (!settlement || isTold || (confirmations > 0 && head < settlement.block + confirmations)) return [];
      return [{ entry, settlement }];
    });
  }
}
