import type { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Inclusion } from "../chain.js";
import type { Settlement } from "./extrinsic.js";
import { NonceQueue, type NonceQueueOptions } from "./nonce-queue.js";

/**
 * Writes extrinsics of any chain, and resolves once a block holds them. Its owner reports heads, connections, forks and the blocks that
 * hold waiting extrinsics.
 */
export class ExtrinsicWriter<Call> {
  readonly #queues = new Map<string, NonceQueue<Call>>();
  #failure: BlockZeroError | undefined;

  constructor(private readonly options: NonceQueueOptions<Call>) {}

  /** Hashes of the extrinsics that no known block holds. If there are none, a block's extrinsics need not be read. */
  get unsettled(): ReadonlySet<string> {
    return new Set([...this.#queues.values()].flatMap(({ unsettled }) => unsettled));
  }

  /** Number of writes, of all keys, that no known block holds. */
  get waiting(): number {
    return [...this.#queues.values()].reduce((sum, queue) => sum + queue.waiting, 0);
  }

  /** Writes of one key are sent in the order of the calls. Rejects with the chain's reason. */
  write(call: Call, signer: Signer): Promise<Inclusion> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const queue = this.#queues.get(signer.address) ?? new NonceQueue<Call>(signer.address, this.options);
      this.#queues.set(signer.address, queue);
      queue.add({ call, signer, resolve, reject });
    });
  }

  /** A block of the chain holds an extrinsic. */
  settle(settlement: Settlement): void {
    for (const queue of this.#queues.values()) queue.settle(settlement);
  }

  /** A new connection: the node behind it may have another pool. */
  reconnected(): void {
    for (const queue of this.#queues.values()) queue.reconnected();
  }

  /** There is a new head. */
  newHead(): void {
    for (const [address, queue] of [...this.#queues]) {
      queue.newHead();
      if (queue.isEmpty) this.#queues.delete(address);
    }
  }

  /** A fork replaced the blocks above `fork`. */
  reorganised(fork: number): void {
    for (const queue of this.#queues.values()) queue.reorganised(fork);
  }

  /** Ends it for good. Rejects all waiting writes. */
  fail(error: BlockZeroError): void {
    this.#failure = error;
    for (const queue of this.#queues.values()) queue.fail(error);
    this.#queues.clear();
  }
}
