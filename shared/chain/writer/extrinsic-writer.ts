import type { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Inclusion } from "../chain.js";
import type { Settlement } from "./extrinsic.js";
import { type LaneOptions, NonceQueue } from "./nonce-queue.js";

/**
 * Writes extrinsics of any chain, and resolves once a block holds them. Its owner reports heads, connections, forks and the blocks that
 * hold waiting extrinsics.
 */
export class ExtrinsicWriter<Call> {
  readonly #lanes = new Map<string, NonceQueue<Call>>();
  #failure: BlockZeroError | undefined;

  constructor(private readonly options: LaneOptions<Call>) {}

  /** Hashes of the extrinsics that no known block holds. If there are none, a block's extrinsics need not be read. */
  get unsettled(): ReadonlySet<string> {
    return new Set([...this.#lanes.values()].flatMap(({ unsettled }) => unsettled));
  }

  /** Number of writes, of all keys, that no known block holds. */
  get waiting(): number {
    return [...this.#lanes.values()].reduce((sum, lane) => sum + lane.waiting, 0);
  }

  /** Writes of one key are sent in the order of the calls. Rejects with the chain's reason. */
  write(call: Call, signer: Signer): Promise<Inclusion> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const lane = this.#lanes.get(signer.address) ?? new NonceQueue<Call>(signer.address, this.options);
      this.#lanes.set(signer.address, lane);
      lane.add({ call, signer, resolve, reject });
    });
  }

  /** A block of the chain holds an extrinsic. */
  settle(settlement: Settlement): void {
    for (const lane of this.#lanes.values()) lane.settle(settlement);
  }

  /** A new connection: the node behind it may have another pool. */
  reconnected(): void {
    for (const lane of this.#lanes.values()) lane.reconnected();
  }

  /** There is a new head. */
  newHead(): void {
    for (const [address, lane] of [...this.#lanes]) {
      lane.newHead();
      if (lane.isEmpty) this.#lanes.delete(address);
    }
  }

  /** A fork replaced the blocks above `fork`. */
  reorganised(fork: number): void {
    for (const lane of this.#lanes.values()) lane.reorganised(fork);
  }

  /** Ends it for good. Rejects all waiting writes. */
  fail(error: BlockZeroError): void {
    this.#failure = error;
    for (const lane of this.#lanes.values()) lane.fail(error);
    this.#lanes.clear();
  }
}
