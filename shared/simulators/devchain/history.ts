import type { Head, Inclusion } from "#shared/chain/chain.js";
import type { Outcome } from "./apply.js";
import { ensure, Fault } from "./fault.js";
import type { ChainState } from "./state.js";

/** Number of blocks for which the outcome of every extrinsic is stored, so that sending one again is harmless. */
export const RECEIPT_BLOCKS = 8192;

/** The block of an extrinsic, and its outcome there. */
export type Receipt = Inclusion & Outcome;

/** What a node stores of the past: every head, and the states and receipts of the last blocks. */
export class History {
  readonly #heads: Head[] = [];
  readonly #states = new Map<number, ChainState>();
  readonly #receipts = new Map<string, Receipt>();
  readonly #receiptsOf = new Map<number, readonly string[]>();
  #latest: ChainState;
  #headCame = 0;

  constructor(
    genesis: ChainState,
    private readonly retention: number,
  ) {
    this.#latest = genesis;
    this.push(genesis, []);
  }

  get latest(): ChainState {
    return this.#latest;
  }

  get head(): Head {
    return this.#heads.at(-1)!;
  }

  /** When the newest block came: `performance.now()` of then. */
  get headCame(): number {
    return this.#headCame;
  }

  /** @returns the receipts of the block. */
  push(state: ChainState, outcomes: readonly Outcome[]): readonly Receipt[] {
    this.#latest = state;
    this.#headCame = performance.now();
    this.#heads.push({ number: state.block, hash: state.blockHash, timestamp: state.timestamp });
    this.#states.set(state.block, state);
    this.#states.delete(state.block - this.retention);
    const receipts = outcomes.map((outcome) => ({ ...outcome, block: state.block, blockHash: state.blockHash }));
    for (const receipt of receipts) this.#receipts.set(receipt.hash, receipt);
    if (receipts.length > 0)
      this.#receiptsOf.set(
        state.block,
        receipts.map(({ hash }) => hash),
      );
    const forgotten = state.block - RECEIPT_BLOCKS;
    for (const hash of this.#receiptsOf.get(forgotten) ?? []) this.#receipts.delete(hash);
    this.#receiptsOf.delete(forgotten);
    return receipts;
  }

  /** Removes the newest block. Throws `Fault` BLOCK_UNKNOWN at block 0, STATE_DISCARDED. */
  pop(): void {
    const { number } = this.head;
    const parent = this.state(number - 1);
    for (const hash of this.#receiptsOf.get(number) ?? []) this.#receipts.delete(hash);
    this.#receiptsOf.delete(number);
    this.#states.delete(number);
    this.#heads.pop();
    this.#latest = parent;
  }

  /** Throws `Fault` BLOCK_UNKNOWN. */
  headAt(block: number): Head {
    const head = this.#heads[block];
    ensure(head !== undefined, "BLOCK_UNKNOWN", `block ${block} is not built yet; the head is ${this.head.number}`);
    return head;
  }

  /** Up to `count` heads from `from` on. */
  heads(from: number, count: number): readonly Head[] {
    return this.#heads.slice(from, from + count);
  }

  /** The state after a block, the head's by default. Throws `Fault` BLOCK_UNKNOWN, STATE_DISCARDED. */
  state(at?: number): ChainState {
    if (at === undefined) return this.#latest;
    const state = this.#states.get(at);
    if (state) return state;
    this.headAt(at);
    throw new Fault("STATE_DISCARDED", `the state of block ${at} is gone; ${this.retention} blocks are kept`);
  }

  receipt(hash: string): Receipt | undefined {
    return this.#receipts.get(hash);
  }
}
