import { BlockZeroError } from "#shared/errors.js";
import type { Inclusion, Signer } from "./chain.js";
import { ChainRejected } from "./chain-rejected.js";
import type { Call } from "./devchain/calls.js";
import { type Extrinsic, extrinsicHash, signExtrinsic } from "./devchain/extrinsic.js";
import { submissionSchema, type WireReceipt } from "./devchain/wire.js";
import { RpcError } from "./rpc-socket.js";

export interface WriterOptions {
  readonly genesisHash: () => string;
  /** The account's next nonce, after what waits in the node's pool. */
  readonly nextNonce: (account: string) => Promise<number>;
  /** Sends an extrinsic; with `again` an outage rejects it, since reconnection will send it anew. */
  readonly send: (extrinsic: Extrinsic, again: boolean) => Promise<unknown>;
  readonly headNumber: () => number;
}

interface Write {
  readonly call: Call;
  readonly signer: Signer;
  readonly resolve: (inclusion: Inclusion) => void;
  readonly reject: (error: unknown) => void;
}

interface InFlight {
  readonly write: Write;
  readonly extrinsic: Extrinsic;
  readonly hash: string;
  readonly signedAt: number;
  /** The node had it in its pool. */
  pooled: boolean;
}

/** After so many blocks a node may have forgotten what became of an extrinsic. */
const MEMORY_BLOCKS = 4096;
/** How often an extrinsic is signed anew because another writer took its nonce. */
const MAX_SIGNINGS = 8;
/** Refusals that time cures. */
const PASSING = new Set(["Future", "PoolFull", "TooManyPending"]);

/**
 * Writes extrinsics: per key one at a time until it is in the node's pool, so that nonces follow each other, then waits for
 * its block. An extrinsic in doubt is sent again byte for byte, which the node takes once. It is signed anew only when the
 * node says that its nonce went to another one, so that it can never be included.
 */
export class ExtrinsicWriter {
  readonly #turns = new Map<string, Promise<void>>();
  readonly #inFlight = new Map<string, InFlight>();
  readonly #waitForHead = new Set<() => void>();
  #failure: BlockZeroError | undefined;

  constructor(private readonly options: WriterOptions) {}

  write(call: Call, signer: Signer): Promise<Inclusion> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#enqueue({ call, signer, resolve, reject });
    });
  }

  /** A block holds it. */
  settle(receipt: WireReceipt): void {
    const entry = this.#inFlight.get(receipt.hash);
    if (!entry) return;
    this.#inFlight.delete(receipt.hash);
    if (receipt.error) entry.write.reject(new ChainRejected(receipt.error.reason, receipt.error.message));
    else entry.write.resolve({ block: receipt.block, blockHash: receipt.blockHash });
  }

  /** After a reconnection the pool may be gone: what was in it is sent again, in order. */
  sendAgain(): void {
    for (const entry of this.#inFlight.values()) if (entry.pooled) void this.#sendAgain(entry);
  }

  newHead(): void {
    const waiting = [...this.#waitForHead];
    this.#waitForHead.clear();
    for (const resume of waiting) resume();
  }

  fail(error: BlockZeroError): void {
    this.#failure = error;
    const entries = [...this.#inFlight.values()];
    this.#inFlight.clear();
    for (const { write } of entries) write.reject(error);
    this.newHead();
  }

  #enqueue(write: Write): void {
    const { address } = write.signer;
    const turn = (this.#turns.get(address) ?? Promise.resolve()).then(() =>
      this.#enterPool(write).catch((error: unknown) => write.reject(asRejection(error))),
    );
    this.#turns.set(address, turn);
    void turn.then(() => {
      if (this.#turns.get(address) === turn) this.#turns.delete(address);
    });
  }

  /** Resolves once the node has it. */
  async #enterPool(write: Write): Promise<void> {
    const { signer, call } = write;
    for (let signing = 1; ; signing++) {
      const nonce = this.#nonceAfterOwn(signer.address, signing) ?? (await this.options.nextNonce(signer.address));
      const extrinsic = signExtrinsic(this.options.genesisHash(), nonce, call, signer);
      const hash = extrinsicHash(extrinsic);
      const entry: InFlight = { write, extrinsic, hash, signedAt: this.options.headNumber(), pooled: false };
      this.#inFlight.set(hash, entry);
      try {
        await this.#sendUntilTaken(entry, false);
        return;
      } catch (error) {
        this.#inFlight.delete(hash);
        this.#checkReplaceable(error, entry);
        if (signing === MAX_SIGNINGS) throw error;
      }
    }
  }

  /** Follows our own extrinsics that are not in a block yet; after a collision only the node knows. */
  #nonceAfterOwn(address: string, signing: number): number | undefined {
    if (signing > 1) return undefined;
    const own = [...this.#inFlight.values()].filter(({ write }) => write.signer.address === address);
    return own.length > 0 ? Math.max(...own.map(({ extrinsic }) => extrinsic.nonce)) + 1 : undefined;
  }

  async #sendUntilTaken(entry: InFlight, again: boolean): Promise<void> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      try {
        const submission = submissionSchema.parse(await this.options.send(entry.extrinsic, again));
        entry.pooled = true;
        if (submission.status === "included") this.settle(submission);
        return;
      } catch (error) {
        if (!(error instanceof RpcError && error.reason !== undefined && PASSING.has(error.reason))) throw error;
        await new Promise<void>((resolve) => this.#waitForHead.add(resolve));
        if (!this.#inFlight.has(entry.hash)) return;
      }
    }
  }

  async #sendAgain(entry: InFlight): Promise<void> {
    try {
      await this.#sendUntilTaken(entry, true);
    } catch (error) {
      // The connection broke once more: the next one sends it.
      if (error instanceof BlockZeroError && error.code === "CHAIN_DISCONNECTED") return;
      if (!this.#inFlight.delete(entry.hash)) return;
      try {
        this.#checkReplaceable(error, entry);
        this.#enqueue(entry.write);
      } catch (final) {
        entry.write.reject(asRejection(final));
      }
    }
  }

  /** Throws unless it is certain that the extrinsic is not, and never will be, in a block. */
  #checkReplaceable(error: unknown, { signedAt, extrinsic }: InFlight): void {
    if (!(error instanceof RpcError && error.reason === "Stale")) throw error;
    if (this.options.headNumber() - signedAt < MEMORY_BLOCKS) return;
    throw new BlockZeroError(
      "CHAIN_OUTCOME_UNKNOWN",
      `the fate of ${extrinsic.call.name} with nonce ${extrinsic.nonce}, signed at block ${signedAt}, is forgotten`,
      "look at the chain's state before writing it again",
    );
  }
}

const asRejection = (error: unknown): unknown =>
  error instanceof RpcError ? new ChainRejected(error.reason ?? `code ${error.code}`, error.message) : error;
