import { BlockZeroError } from "#shared/errors.js";
import type { Log } from "#shared/telemetry/log.js";
import type { Inclusion, Signer } from "./chain.js";
import type { Settlement, SignedExtrinsic, WritableChain } from "./extrinsic.js";
import type { KeyClaim, KeyClaims, Unsettled } from "./key-claim.js";

export interface Write<Call> {
  readonly call: Call;
  readonly signer: Signer;
  readonly resolve: (inclusion: Inclusion) => void;
  readonly reject: (error: unknown) => void;
}

export interface LaneOptions<Call> {
  readonly chain: WritableChain<Call>;
  /** Blocks on top of the one that holds a write before its outcome is told. */
  readonly confirmations: number;
  readonly claims?: KeyClaims | undefined;
  readonly log: Log;
  /** A node has an extrinsic since so many blocks without putting it into one. */
  readonly onOverdue: () => void;
}

type Queued<Call> = Write<Call> & { readonly signings: number };

interface Entry<Call> {
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

/** How often an extrinsic is signed anew because another writer took its nonce. */
const MAX_SIGNINGS = 8;
/** A node that has an extrinsic for so many blocks without putting it into one is sent it again. */
export const OVERDUE_BLOCKS = 2;
/** A write that is told is watched for so many blocks, and sent again should a fork undo it. */
export const WATCHED_BLOCKS = 16;
/** A call that is asked for again after a crash is the one signed before it, if that is so recent. */
export const ADOPTED_BLOCKS = 64;
/** After these nobody knows whether the node got what was asked. */
const IN_DOUBT = new Set(["CHAIN_DISCONNECTED", "CHAIN_TIMEOUT"]);

/**
 * The writes of one key, in order: each is signed when all before it are with the node, so that nonces follow each other.
 * What is in doubt is sent again byte for byte, which a chain takes once. It is signed anew only when it is certain that its
 * nonce went to another extrinsic or its era is over, so that no block will ever hold it.
 */
export class KeyLane<Call> {
  readonly #queue: Queued<Call>[] = [];
  /** In the order of their nonces. */
  #entries: Entry<Call>[] = [];
  #claim: KeyClaim | undefined;
  /** What earlier processes signed lately and did not learn the fate of. */
  #left: readonly Unsettled[] = [];
  readonly #closed = new AbortController();
  #failure: BlockZeroError | undefined;
  /** All below are spent. */
  #leastNonce = 0;
  #isRunning = false;
  #isWoken = false;
  #wake = () => {};

  constructor(
    private readonly address: string,
    private readonly options: LaneOptions<Call>,
  ) {}

  /** Nothing is waited for or watched any more. */
  get isEmpty(): boolean {
    return !this.#isRunning && this.#queue.length === 0 && this.#entries.length === 0;
  }

  /** Hashes of what no block is known to hold. */
  get unsettled(): readonly string[] {
    return this.#entries.filter(({ settlement }) => !settlement).map(({ extrinsic }) => extrinsic.hash);
  }

  add(write: Write<Call>): void {
    this.#queue.push({ ...write, signings: 0 });
    this.#run();
  }

  /** A block holds it. */
  settle(settlement: Settlement): void {
    const entry = this.#entries.find(({ extrinsic }) => extrinsic.hash === settlement.hash);
    if (!entry) return;
    entry.settlement = settlement;
    this.#leastNonce = Math.max(this.#leastNonce, entry.extrinsic.nonce + 1);
    this.#tellWhatIsCertain();
  }

  /** Another connection, perhaps another node: what is in no block is sent again. */
  reconnected(): void {
    for (const entry of this.#entries) if (!entry.settlement) entry.offeredAt = undefined;
    this.#run();
  }

  newHead(): void {
    const head = this.options.chain.headNumber();
    this.#tellWhatIsCertain();
    this.#entries = this.#entries.filter(
      ({ isTold, settlement }) => !isTold || !settlement || head < settlement.block + WATCHED_BLOCKS,
    );
    let isOverdue = false;
    for (const entry of this.#entries) {
      if (entry.settlement || entry.offeredAt === undefined || head < entry.offeredAt + OVERDUE_BLOCKS) continue;
      entry.offeredAt = undefined;
      isOverdue = true;
    }
    if (isOverdue) this.options.onOverdue();
    this.#run();
  }

  /** The blocks above `fork` are not the chain's any more. */
  reorganised(fork: number): void {
    // What it undid may be more than what is watched here.
    this.#leastNonce = 0;
    for (const entry of this.#entries) {
      if (!entry.settlement || entry.settlement.block <= fork) continue;
      this.options.log.warn("a fork undid a write; it is sent again", { block: entry.settlement.block, fork });
      entry.settlement = undefined;
      entry.offeredAt = undefined;
    }
    this.#run();
  }

  fail(error: BlockZeroError): void {
    this.#failure = error;
    this.#closed.abort(error);
    const writes = [...this.#entries.map(({ write }) => write), ...this.#queue];
    this.#entries = [];
    this.#queue.length = 0;
    for (const write of writes) write?.reject(error);
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
      const entry = this.#entries.find(({ settlement, offeredAt }) => !settlement && offeredAt === undefined);
      if (entry) {
        if (!(await this.#offer(entry))) await this.#pause();
        continue;
      }
      const write = this.#queue.shift();
      if (!write) return;
      await this.#sign(write).catch((error: unknown) => write.reject(this.#failure ?? error));
    }
  }

  /** Until a head, a connection or a failure. */
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

  /** Follows what is on its way; only the node knows what others have written. */
  async #nextNonce(isTaken: boolean): Promise<number> {
    const onTheirWay = this.#entries.filter(({ settlement }) => !settlement);
    const last = onTheirWay.at(-1);
    if (last && !isTaken) return last.extrinsic.nonce + 1;
    // A node that lags behind does not know of our latest.
    return Math.max(this.#leastNonce, await this.options.chain.nextNonce(this.address));
  }

  /** Other processes wait until all of ours is told. */
  async #claimKey(): Promise<void> {
    const { chain, claims } = this.options;
    if (this.#claim || !claims) return;
    this.#claim = await claims.claim(this.address, this.#closed.signal);
    const oldest = chain.headNumber() - ADOPTED_BLOCKS;
    this.#left = this.#claim.unsettled.filter(({ signedAt }) => signedAt >= oldest);
  }

  /** Takes up what an earlier process signed for this call and did not learn the fate of. */
  async #adopt(write: Queued<Call>, text: string): Promise<boolean> {
    const onItsWay = this.#entries.find((entry) => !entry.write && entry.text === text);
    if (onItsWay) {
      onItsWay.write = { ...write, signings: 1 };
      onItsWay.isTold = false;
      this.#record();
      this.#tellWhatIsCertain();
      return true;
    }
    const known = this.#left.find((other) => other.text === text);
    if (!known) return false;
    const next = await this.options.chain.nextNonce(this.address);
    const before = this.#left.filter(({ extrinsic: { nonce } }) => nonce >= next && nonce < known.extrinsic.nonce);
    // With a nonce missing before it, it would wait for ever.
    if (before.length < known.extrinsic.nonce - next) return false;
    this.#left = this.#left.filter((other) => other !== known && !before.includes(other));
    for (const other of before) this.#enter({ ...other, write: undefined, isTold: false });
    this.#enter({ ...known, write: { ...write, signings: 1 }, isTold: false });
    return true;
  }

  #enter(entry: Entry<Call>): void {
    this.#entries.push(entry);
    this.#entries.sort((a, b) => a.extrinsic.nonce - b.extrinsic.nonce);
    // Durable before the first byte is sent.
    this.#record();
  }

  #record(): void {
    if (!this.#claim) return;
    const open = this.#entries.filter(({ isTold }) => !isTold);
    const own = open.map(({ text, extrinsic, signedAt }) => ({ text, extrinsic, signedAt }));
    this.#claim.record([...this.#left, ...own]);
  }

  /** @returns whether there is nothing to wait for before going on. */
  async #offer(entry: Entry<Call>): Promise<boolean> {
    const { chain } = this.options;
    const { extrinsic, signedAt } = entry;
    const isOver = extrinsic.lastBlock !== undefined && chain.headNumber() > extrinsic.lastBlock;
    try {
      await this.#claimKey();
      const reception = isOver ? ({ status: "dead" } as const) : await chain.send(extrinsic);
      if (!this.#entries.includes(entry)) return true;
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
          else if (!entry.settlement) this.#replace(entry);
          return true;
        }
      }
    } catch (error) {
      // What is in doubt when all ends stays recorded.
      if (this.#failure) return true;
      if (error instanceof BlockZeroError && IN_DOUBT.has(error.code)) return false;
      this.#drop(entry);
      entry.write?.reject(error);
      return true;
    }
  }

  #replace(entry: Entry<Call>): void {
    this.#drop(entry);
    if (!entry.write) return;
    if (entry.write.signings < MAX_SIGNINGS) return void this.#queue.unshift(entry.write);
    throw new BlockZeroError(
      "NONCE_TAKEN",
      `${MAX_SIGNINGS} times another writer took the nonce of ${this.address}`,
      "let one program write with a key, and give every program its own hotkey",
    );
  }

  #drop(entry: Entry<Call>): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#record();
  }

  #tellWhatIsCertain(): void {
    const head = this.options.chain.headNumber();
    for (const entry of [...this.#entries]) {
      const { settlement, write, isTold } = entry;
      if (!settlement || isTold) continue;
      if (this.options.confirmations > 0 && head < settlement.block + this.options.confirmations) continue;
      entry.isTold = true;
      if (settlement.error) {
        this.#drop(entry);
        write?.reject(settlement.error);
      } else {
        this.#record();
        write?.resolve({ block: settlement.block, blockHash: settlement.blockHash });
      }
    }
    if (!this.#isRunning) this.#release();
  }

  /** Lets other processes write with the key as soon as nothing of ours is open. */
  #release(): void {
    if (!this.#failure && (this.#queue.length > 0 || this.#entries.some(({ isTold }) => !isTold))) return;
    this.#claim?.release();
    this.#claim = undefined;
  }
}
