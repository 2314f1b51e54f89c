import { reasonOf } from "#shared/errors/error.js";
import { type BlockRange, isBlockLeft } from "#shared/protocol/phases.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import type { RecordLabel } from "#shared/telemetry/instruments/labels.js";
import { plural } from "#shared/util/plural.js";
import type { Participant } from "../participant.js";

export interface WindowedWrite {
  readonly window: BlockRange;
  /** The block that shows the write on chain, or null. */
  readonly included: () => Promise<number | null>;
  /** The first block in which the chain's rate limits allow the write. Unset: any. */
  readonly allowed?: () => Promise<number>;
  readonly send: () => Promise<unknown>;
  /** What is written, for the count of attempts. */
  readonly record: RecordLabel;
  /** The log message for a failed attempt, and its fields beside the reason. */
  readonly failure: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface WriteContext extends Pick<Participant, "clock" | "log" | "signal"> {
  readonly instruments?: Instruments | undefined;
}

/**
 * Sends a write until it is on chain: at most one attempt per block, only while it is not there and the window is open, and never while a
 * rate limit is known to refuse it.
 *
 * @returns the block that shows it, which may lie after the window; or null, with the last reason why it is not there
 */
export const writeOnce = async (
  { clock, log, signal, instruments }: WriteContext,
  { window, included, allowed, send, record, failure, fields }: WindowedWrite,
): Promise<{ readonly block: number | null; readonly reason: string }> => {
  let reason = "the window had closed before it was ready";
  for (;;) {
    const tried = clock.head.number;
    try {
      const before = await included();
      if (before !== null || !isBlockLeft(window, tried)) return { block: before, reason };
      const first = (await allowed?.()) ?? 0;
      const wait = first - (clock.head.number + 1);
      if (wait > 0) {
        reason = `next allowed in ${plural(wait, "block")}, at block ${first}`;
        log.warn("a rate limit makes a write wait", { ...fields, reason, closes: window.end });
        await clock.reach(Math.min(first, window.end) - 1, signal);
        continue;
      }
      await send();
      reason = "the chain accepted it but does not show it";
      const after = await included();
      if (after !== null) return { block: after, reason };
    } catch (thrown) {
      signal.throwIfAborted();
      reason = reasonOf(thrown);
      instruments?.add("blockzero_chain_write_retries_total", 1, { record });
      log.warn(failure, { ...fields, reason, closes: window.end });
    }
    await clock.reach(tried + 1, signal);
  }
};
