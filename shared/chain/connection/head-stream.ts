import { reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import { onAbort } from "#shared/util/on-abort.js";
import type { Head } from "../chain.js";

/** Greatest number of heads missed in an outage that are delivered after it. Older ones are skipped. */
export const MAX_CATCH_UP = 1024;
/** Greatest number of blocks that a fork may replace. A chain that differs below them is another chain. */
export const MAX_FORK = 16;
const PAGE = 256;

type Fetch = (from: number, count: number) => Promise<readonly Head[]>;

/**
 * Delivers heads in order and without gaps, each number once, in whatever order they are announced. If a fork replaces blocks that were
 * delivered, `onFork` is called with the number of the last block that stays, before any later head is delivered.
 */
export class HeadStream {
  readonly #listeners = new Set<(head: Head) => void>();
  readonly #ahead = new Map<number, Head>();
  /** Hashes of the last delivered blocks, by number. */
  readonly #recent = new Map<number, string>();
  #last: Head | undefined;
  #newest = 0;
  #isForked = false;
  #isPumping = false;

  constructor(
    private readonly fetch: Fetch,
    private readonly log: Log,
    private readonly onFork: (fork: number) => void = () => {},
  ) {}

  /** The newest head delivered. */
  get last(): Head | undefined {
    return this.#last;
  }

  /** Number of the oldest block that is remembered; infinity before the first. */
  get oldest(): number {
    return Math.min(...this.#recent.keys());
  }

  listen(listener: (head: Head) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    onAbort(signal, () => this.#listeners.delete(listener));
  }

  /**
   * Announces a head. Delivery starts with the first one.
   * @param parent the hash of the block before it, if the node gives it: a fork is then noticed one block earlier
   */
  heard(head: Head, parent?: string): void {
    if (!this.#last) this.#advance(head);
    const known = this.#recent.get(head.number);
    const knownParent = this.#recent.get(head.number - 1);
    const isOther = known !== undefined && known !== head.hash;
    const hasOtherParent = parent !== undefined && knownParent !== undefined && parent !== knownParent;
    if (isOther || hasOtherParent) this.#isForked = true;
    this.#newest = Math.max(this.#newest, head.number);
    if (head.number > this.#last!.number && this.#ahead.size < MAX_CATCH_UP) this.#ahead.set(head.number, head);
    // Nearly always this is the next head. It is delivered before anything else from the same message is handled.
    this.#deliverWhatIsNext();
    if (this.#isForked || this.#newest > this.#last!.number) void this.#pump();
  }

  /**
   * Starts at a node's head. After a reconnection, compares the delivered blocks with those of the node.
   * @returns whether they have a block in common, at most `MAX_FORK` back
   */
  async join(head: Head, fetch: Fetch): Promise<boolean> {
    const last = this.#last;
    const oldest = last ? this.oldest : Math.max(0, head.number - MAX_FORK);
    const heads = await fetch(oldest, MAX_FORK + 1);
    // Another connection was faster.
    if (this.#last !== last) return true;
    if (!last) {
      // Also adds the blocks before it, to recognise them if a fork replaces the head.
      for (const known of heads) if (known.number <= head.number) this.#advance(known);
      return this.#last !== undefined;
    }
    const common = heads.findLast(({ number, hash }) => this.#recent.get(number) === hash);
    if (common) {
      // What the node before announced was its word alone.
      this.#forgetAnnounced();
      this.#adopt(common.number, heads);
    }
    return common !== undefined;
  }

  /** Takes these blocks as the chain's blocks above `fork`. */
  #adopt(fork: number, heads: readonly Head[]): void {
    this.#isForked = false;
    const isReplaced = heads.some(({ number, hash }) => number > fork && (this.#recent.get(number) ?? hash) !== hash);
    if (!isReplaced) return;
    for (const number of [...this.#recent.keys()]) if (number > fork) this.#recent.delete(number);
    for (const head of heads) {
      if (head.number <= fork || head.number > this.#last!.number) continue;
      this.#recent.set(head.number, head.hash);
      if (head.number === this.#last!.number) this.#last = head;
    }
    this.#ahead.clear();
    this.onFork(fork);
  }

  #advance(head: Head): void {
    this.#last = head;
    this.#recent.set(head.number, head.hash);
    this.#recent.delete(head.number - MAX_FORK - 1);
  }

  #deliverWhatIsNext(): void {
    while (!this.#isForked) {
      const next = this.#ahead.get(this.#last!.number + 1);
      if (!next) return;
      this.#ahead.delete(next.number);
      this.#advance(next);
      for (const listener of [...this.#listeners]) {
        try {
          listener(next);
        } catch (error) {
          this.log.error("a listener of new blocks failed", { block: next.number, reason: reasonOf(error) });
        }
      }
    }
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      for (;;) {
        if (this.#isForked) await this.#resolveFork();
        else if (this.#newest > this.#last!.number) {
          if (!(await this.#fillGap())) return this.#forgetAnnounced();
        } else return;
      }
    } catch (error) {
      this.#forgetAnnounced();
      this.log.debug("missed blocks could not be fetched; the next head tries again", { reason: reasonOf(error) });
    } finally {
      this.#isPumping = false;
    }
  }

  /** Blocks may have been announced that nobody has. The next head says anew how far the chain is. */
  #forgetAnnounced(): void {
    if (this.#last) this.#newest = this.#last.number;
    this.#ahead.clear();
  }

  async #resolveFork(): Promise<void> {
    const { oldest } = this;
    const heads = await this.fetch(oldest, MAX_FORK + 1);
    const common = heads.findLast(({ number, hash }) => this.#recent.get(number) === hash);
    if (!common) this.log.error("a fork goes back further than blocks are remembered", { remembered: MAX_FORK });
    this.#adopt(common?.number ?? oldest - 1, heads);
    this.#deliverWhatIsNext();
  }

  async #fillGap(): Promise<boolean> {
    const missed = this.#newest - this.#last!.number;
    const skipped = Math.max(0, missed - MAX_CATCH_UP);
    const from = this.#last!.number + skipped + 1;
    const heads = await this.fetch(from, PAGE);
    if (heads[0]?.number !== from) return false;
    if (skipped > 0) {
      this.log.warn("too many blocks were missed; the oldest are skipped", { skipped });
      this.#recent.clear();
      this.#last = { ...heads[0], number: from - 1 };
    }
    for (const head of heads) this.#ahead.set(head.number, head);
    for (const number of this.#ahead.keys()) if (number <= this.#last!.number) this.#ahead.delete(number);
    this.#deliverWhatIsNext();
    return true;
  }
}
