import type { Chain, Signer } from "#shared/chain/chain.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import type { Log } from "#shared/telemetry/log.js";
import type { BlockClock } from "./block-clock.js";

/** The local record that keeps a participant from committing two different values for one cycle. */
export interface Intentions {
  /** Writes down, durably, what is about to be sent; returns what was written first for this key. */
  intend(key: string, data: string): string;
}

export interface CommitOnce {
  readonly chain: Chain;
  readonly clock: BlockClock;
  readonly signer: Signer;
  readonly netuid: number;
  readonly intentions: Intentions;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Puts one record on chain inside its window of blocks [start, end), and reads it back. Whatever happens in between — a dropped
 * connection, a crash and restart — the value is the one first intended for `key`, and it is sent again only while it is not there.
 * @returns the block that included it. @throws WINDOW_MISSED with the last reason.
 */
export const commitOnce = async (
  context: CommitOnce,
  { key, data, window }: { key: string; data: string; window: { start: number; end: number } },
): Promise<number> => {
  const { chain, clock, signer, netuid, log, signal } = context;
  const record = context.intentions.intend(key, data);
  const included = async () => {
    const mine = (await chain.commitments(netuid)).find(({ hotkey }) => hotkey === signer.address);
    return mine?.data === record && mine.block >= window.start ? mine.block : null;
  };

  await clock.reach(window.start - 1, signal);
  let reason = "the window had closed before the record was ready";
  let block: number | null = null;
  for (;;) {
    const tried = clock.head.number;
    try {
      block = await included();
      if (block !== null || tried >= window.end - 1) break;
      await chain.commit(netuid, record, signer);
      reason = "the chain accepted the record but does not show it";
      block = await included();
      if (block !== null) break;
    } catch (thrown) {
      signal.throwIfAborted();
      reason = reasonOf(thrown);
      log.warn("commit failed, will retry inside the window", { key, reason, closes: window.end });
    }
    await clock.reach(tried + 1, signal);
  }
  if (block !== null && block < window.end) return block;
  if (block !== null) reason = `block ${block} included it`;
  throw new BlockZeroError(
    "WINDOW_MISSED",
    `${key} was not on chain before block ${window.end}: ${reason}`,
    "check the chain endpoint's latency, and leave more blocks between the end of the work and the window",
  );
};
