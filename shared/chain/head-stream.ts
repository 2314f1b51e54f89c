import { reasonOf } from "#shared/errors.js";
import type { Log } from "#shared/telemetry/log.js";
import type { Head } from "./chain.js";

/** Heads missed in an outage that are delivered after it; older ones are skipped. */
export const MAX_CATCH_UP = 1024;
const PAGE = 256;

/** Delivers heads in order and without gaps, whatever order they are heard of in. */
export class HeadStream {
  readonly #listeners = new Set<(head: Head) => void>();
  readonly #ahead = new Map<number, Head>();
  #last: Head | undefined;
  #newest = 0;
  #pumping = false;

  constructor(
    private readonly fetch: (from: number, count: number) => Promise<readonly Head[]>,
    private readonly log: Log,
  ) {}

  /** The newest head delivered. */
  get last(): Head | undefined {
    return this.#last;
  }

  listen(listener: (head: Head) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  /** Tells it of a head that exists. The first one is where delivery starts. */
  heard(head: Head): void {
    this.#last ??= head;
    this.#newest = Math.max(this.#newest, head.number);
    if (head.number > this.#last.number && this.#ahead.size < MAX_CATCH_UP) this.#ahead.set(head.number, head);
    // Nearly always the next one in line: delivered before anything else that came with it is acted upon.
    this.#deliverWhatIsNext();
    if (this.#newest > this.#last.number) void this.#fillGap();
  }

  #deliverWhatIsNext(): void {
    for (let next = this.#ahead.get(this.#last!.number + 1); next; next = this.#ahead.get(next.number + 1)) {
      this.#ahead.delete(next.number);
      this.#last = next;
      for (const listener of [...this.#listeners]) {
        try {
          listener(next);
        } catch (error) {
          this.log.error("a listener of new blocks failed", { block: next.number, reason: reasonOf(error) });
        }
      }
    }
  }

  async #fillGap(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#newest > this.#last!.number) {
        const missed = this.#newest - this.#last!.number;
        const skipped = Math.max(0, missed - MAX_CATCH_UP);
        const from = this.#last!.number + skipped + 1;
        const heads = await this.fetch(from, PAGE);
        if (heads[0]?.number !== from) return;
        if (skipped > 0) {
          this.log.warn("too many blocks were missed; the oldest are skipped", { skipped });
          this.#last = { ...heads[0], number: from - 1 };
        }
        for (const head of heads) this.#ahead.set(head.number, head);
        for (const number of this.#ahead.keys()) if (number <= this.#last!.number) this.#ahead.delete(number);
        this.#deliverWhatIsNext();
      }
    } catch (error) {
      this.log.debug("missed blocks could not be fetched; the next head tries again", { reason: reasonOf(error) });
    } finally {
      this.#pumping = false;
    }
  }
}
