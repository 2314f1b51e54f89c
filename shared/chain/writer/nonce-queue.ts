import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import type { Settlement, WritableChain } from "./extrinsic.js";
import type { KeyClaims } from "./key-lock.js";
import { type Entry, PendingExtrinsics, type Queued, type Write } from "./pending-extrinsics.js";
import { QueueClaim } from "./queue-claim.js";

export interface NonceQueueOptions<Call> {
  readonly chain: WritableChain<Call>;
  /** Number of blocks on top of a write's block before its outcome is reported. */
  readonly confirmations: number;
  readonly claims?: KeyClaims | undefined;
  readonly log: Log;
  /** Called each time that another writer used the nonce of a write first. */
  readonly onTaken: (call: Call, address: string) => void;
  /** Called when a node has had an extrinsic for several blocks without putting it into one. */
  readonly onOverdue: () => void;
}

/** Greatest number of times that a write is signed: again where no block will ever hold what was signed before. */
const MAX_SIGNINGS = 8;

/**
 * The writes of one key, in order. Each is signed after the node has all earlier ones, so nonces are consecutive. If its outcome is
 * unknown, an extrinsic is sent again byte for byte, which a chain accepts once. It is signed again only if it is certain that no block
 * will ever hold it, because another extrinsic used its nonce or its era is over.
 */
export class NonceQueue<Call> {
  readonly #queue: Queued<Call>[] = [];
  readonly #entries = new PendingExtrinsics<Call>();
  readonly #claim: QueueClaim;
  readonly #closed = new AbortController();
  #failure: BlockZeroError | undefined;
  /** All lower nonces are used. */
  #leastNonce = 0;
  #isRunning = false;
  #isWoken = false;
  #wake = () => {};

  constructor(
    private readonly address: string,
    private readonly options: NonceQueueOptions<Call>,
  ) {
    this.#claim = new QueueClaim(address, options.claims);
  }

  /** Whether nothing is waiting or watched any more. */
  get isEmpty(): boolean {
    return !this.#isRunning && this.#queue.length === 0 && this.#entries.isEmpty;
  }

  /** Hashes of the extrinsics that no known block holds. */
  get unsettled(): readonly string[] {
    return this.#entries.unsettled.map(({ extrinsic }) => extrinsic.hash);
  }

  /** Number of writes that no known block holds. */
  get waiting(): number {
    return this.#queue.length + this.#entries.unsettled.length;
  }

  add(write: Write<Call>): void {
    this.#queue.push({ ...write, signings: 0 });
    this.#run();
  }

  /** A block holds an extrinsic. */
  settle(settlement: Settlement): void {
    const entry = this.#entries.withHash(settlement.hash);
    if (!entry) return;
    entry.settlement = settlement;
    this.#leastNonce = Math.max(this.#leastNonce, entry.extrinsic.nonce + 1);
    this.#tellWhatIsCertain();
  }

  /** A new connection, possibly to another node: every extrinsic that is in no block is sent again. */
  reconnected(): void {
    this.#entries.offerAgain();
    this.#run();
  }

  newHead(): void {
    const head = this.options.chain.headNumber();
    this.#tellWhatIsCertain();
    this.#entries.forget(head);
    if (this.#entries.offerOverdue(head)) this.options.onOverdue();
    this.#run();
  }

  /** The blocks above `fork` no longer belong to the chain. */
  reorganised(fork: number): void {
    // The fork may have reverted more than the extrinsics watched here.
    this.#leastNonce = 0;
    for (const block of this.#entries.undo(fork))
      this.options.log.warn("a fork undid a write; it is sent again", { block, fork });
    this.#run();
  }

  fail(error: BlockZeroError): void {
    this.#failure = error;
    this.#closed.abort(error);
    for (const write of [...this.#entries.clear(), ...this.#queue.splice(0)]) write?.reject(error);
    this.#run();
    this.#release();
  }

  #run(): void {
    this.#isWoken = true;
    this.#wake();
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#work().finally(() => {
      this.#isRunning = false;
      this.#release();
    });
  }

  async #work(): Promise<void> {
    while (!this.#failure) {
      this.#isWoken = false;
      const entry = this.#entries.toOffer;
      if (entry) {
        if (!(await this.#offer(entry))) await this.#pause();
        continue;
      }
      const write = this.#queue.shift();
      if (!write) return;
      await this.#sign(write).catch((error: unknown) => write.reject(this.#failure ?? error));
    }
  }

  /** Waits for a head, a connection or a failure. */
  async #pause(): Promise<void> {
    if (!this.#isWoken)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#wake = () => {};
  }

  async #sign(write: Queued<Call>): Promise<void> {
    const { chain } = this.options;
    await this.#claimKey();
    const text = chain.textOf(write.call);
    if (write.signings === 0 && (await this.#adopt(write, text))) return;
    const nonce = await this.#nextNonce(write.signings > 0);
    const extrinsic = await chain.sign(write.call, nonce, write.signer);
    if (this.#failure) throw this.#failure;
    this.#enter({
      write: { ...write, signings: write.signings + 1 },
      text,
      extrinsic,
      signedAt: chain.headNumber(),
      isTold: false,
    });
  }

  /** The next nonce after the pending extrinsics. Only the node knows what other writers have sent. */
  async #nextNonce(isTaken: boolean): Promise<number> {
    const last = this.#entries.unsettled.at(-1);
    if (last && !isTaken) return last.extrinsic.nonce + 1;
    // A node that lags behind does not know this key's latest extrinsics.
    return Math.max(this.#leastNonce, await this.options.chain.nextNonce(this.address));
  }

  /** Other processes wait until all of this process's outcomes are known. */
  #claimKey(): Promise<void> {
    return this.#claim.take(() => this.options.chain.headNumber(), this.#closed.signal);
  }

  /** Adopts the extrinsic that an earlier process signed for this call without learning the outcome. */
  async #adopt(write: Queued<Call>, text: string): Promise<boolean> {
    const onItsWay = this.#entries.unaskedFor(text);
    if (onItsWay) {
      onItsWay.write = { ...write, signings: 1 };
      onItsWay.isTold = false;
      this.#recordEnd();
      this.#tellWhatIsCertain();
      return true;
    }
    const found = await this.#claim.adopt(text, () => this.options.chain.nextNonce(this.address));
    for (const other of found) {
      const isWanted = other === found.at(-1);
      this.#enter({ ...other, write: isWanted ? { ...write, signings: 1 } : undefined, isTold: false });
    }
    return found.length > 0;
  }

  #enter(entry: Entry<Call>): void {
    this.#entries.add(entry);
    try {
      // Durable before the first byte is sent. What cannot be noted is not sent, also not later: its caller is told so, and may write again.
      this.#record();
    } catch (thrown) {
      this.#entries.remove(entry);
      throw thrown;
    }
  }

  #record(): void {
    this.#claim.record(this.#entries.open);
  }

  /** Notes that something is over. Where that cannot be written, the next holder of the key looks it up on chain. */
  #recordEnd(): void {
    try {
      this.#record();
    } catch (thrown) {
      this.options.log.warn("cannot note that a write is over", { address: this.address, reason: reasonOf(thrown) });
    }
  }

  /** @returns true if nothing must be awaited before continuing. */
  async #offer(entry: Entry<Call>): Promise<boolean> {
    const { chain } = this.options;
    const { extrinsic, signedAt } = entry;
    const isOver = extrinsic.lastBlock !== undefined && chain.headNumber() > extrinsic.lastBlock;
    try {
      await this.#claimKey();
      const reception = isOver ? ({ status: "dead", isTaken: false } as const) : await chain.send(extrinsic);
      if (!this.#entries.has(entry)) return true;
      switch (reception.status) {
        case "pool":
          entry.offeredAt = chain.headNumber();
          return true;
        case "included":
          this.settle(reception);
          return true;
        case "later":
          return false;
        case "refused":
          throw reception.error;
        case "dead": {
          const found = await chain.find(extrinsic, signedAt);
          if (found) this.settle(found);
          else if (!entry.settlement) this.#replace(entry, reception.isTaken);
          return true;
        }
      }
    } catch (error) {
      // An extrinsic whose outcome is unknown at the end stays recorded.
      if (this.#failure) return true;
      // It is unknown whether the node received the request.
      if (hasCode(error, "CHAIN_DISCONNECTED", "CHAIN_TIMEOUT")) return false;
      this.#drop(entry);
      entry.write?.reject(error);
      return true;
    }
  }

  #replace(entry: Entry<Call>, isTaken: boolean): void {
    this.#drop(entry);
    if (!entry.write) return;
    if (isTaken) this.options.onTaken(entry.write.call, this.address);
    if (entry.write.signings < MAX_SIGNINGS) return void this.#queue.unshift(entry.write);
    const signed = `a write of ${this.address} was signed ${MAX_SIGNINGS} times`;
    throw isTaken
      ? new BlockZeroError(
          "NONCE_TAKEN",
          `${signed}: another writer took its nonce, the last time too`,
          "let one program write with a key, and give every program its own hotkey",
        )
      : new BlockZeroError(
          "NOT_INCLUDED",
          `${signed}, and no block took it: the node threw it out of its pool, or its time was over`,
          "use another endpoint, or wait until the chain has room",
        );
  }

  #drop(entry: Entry<Call>): void {
    this.#entries.remove(entry);
    this.#recordEnd();
  }

  #tellWhatIsCertain(): void {
    const head = this.options.chain.headNumber();
    for (const { entry, settlement } of this.#entries.certain(head, this.options.confirmations)) {
      entry.isTold = true;
      if (settlement.error) {
        this.#drop(entry);
        entry.write?.reject(settlement.error);
      } else {
        this.#recordEnd();
        entry.write?.resolve({ block: settlement.block, blockHash: settlement.blockHash });
      }
    }
    if (!this.#isRunning) this.#release();
  }

  /** Releases the key as soon as none of this process's extrinsics is open. */
  #release(): void {
    if (!this.#failure && (this.#queue.length > 0 || this.#entries.open.length > 0)) return;
    this.#claim.release();
  }
}
