import type { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Inclusion } from "../chain.js";
import type { Settlement } from "./extrinsic.js";
import { type LaneOptions, NonceQueue } from "./nonce-queue.js";

/**
 * Writes extrinsics of any chain, and resolves once a block holds them. Whoever drives it tells it of heads, connections, forks
 * and of the blocks that hold what it waits for.
 */
export class ExtrinsicWriter<Call> {
  readonly #lanes = new Map<string, NonceQueue<Call>>();
  #failure: BlockZeroError | undefined;

  constructor(private readonly options: LaneOptions<Call>) {}

  /** Hashes of what no block is known to hold: where there are none, a block's extrinsics need not be looked at. */
  get unsettled(): ReadonlySet<string> {
    return new Set([...this.#lanes.values()].flatMap(({ unsettled }) => unsettled));
  }

  /** Writes of one key follow each other in the order of asking. Rejects with what the chain refused it for. */
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

  /** A new connection: the pool behind it may be another one. */
  reconnected(): void {
    for (const lane of this.#lanes.values()) lane.reconnected();
  }

  /** The head moved on. */
  newHead(): void {
    for (const [address, lane] of [...this.#lanes]) {
      lane.newHead();
      if (lane.isEmpty) this.#lanes.delete(address);
    }
  }

  /** The blocks above `fork` were replaced by others. */
  reorganised(fork: number): void {
    for (const lane of this.#lanes.values()) lane.reorganised(fork);
  }

  /** Ends it for good. */
  fail(error: BlockZeroError): void {
    this.#failure = error;
    for (const lane of this.#lanes.values()) lane.fail(error);
    this.#lanes.clear();
  }
}
