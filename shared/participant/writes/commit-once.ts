import { setCommitment } from "#shared/chain/call.js";
import type { Chain } from "#shared/chain/chain.js";
import { nextAllowed } from "#shared/chain/writer/rate-limits.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { expectedFault } from "#shared/errors/file-fault.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import type { RecordLabel } from "#shared/telemetry/instruments/labels.js";
import type { Log } from "#shared/telemetry/log.js";
import type { BlockClock } from "../block-clock.js";
import { faultFields } from "../fault-fields.js";
import { writeOnce } from "./write-once.js";

/** The local record that prevents a participant from committing two different values for one cycle. */
export interface Intentions {
  /** Stores the data of a write durably before it is sent. Returns the data that was stored first for this key. */
  intend(key: string, data: string): string;
}

export interface CommitOnce {
  readonly chain: Chain;
  readonly clock: BlockClock;
  readonly signer: Signer;
  readonly netuid: number;
  readonly intentions: Intentions;
  readonly instruments?: Instruments | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

interface OnceCommitted {
  /** What is committed once, such as `7/commit`. */
  readonly key: string;
  readonly record: RecordLabel;
  readonly data: string;
  readonly window: BlockRange;
}

/**
 * Puts one record on chain inside its window of blocks [start, end), and reads it back. After a dropped connection or a crash, the value is
 * still the one first intended for `key`. It is sent again only while it is not on chain.
 * @returns the block that included it. @throws WINDOW_MISSED with the last reason.
 */
export const commitOnce = async (
  context: CommitOnce,
  { key, record: kind, data, window }: OnceCommitted,
): Promise<number> => {
  const { chain, clock, signer, netuid, signal } = context;
  let noted: string | undefined;
  const record = (): string => {
    noted ??= context.intentions.intend(key, data);
    return noted;
  };
  try {
    record();
  } catch (thrown) {
    // A disk may have space again before the window is over; until then nothing is sent.
    if (expectedFault(thrown) === null) throw thrown;
    context.log.warn("cannot note a record yet, will retry inside the window", { key, ...faultFields(thrown) });
  }
  await clock.reach(window.start - 1, signal);
  const { block, reason } = await writeOnce(context, {
    window,
    included: async () => {
      const mine = (await chain.commitments(netuid)).find(({ hotkey }) => hotkey === signer.address);
      return mine && mine.data === noted && mine.block >= window.start ? mine.block : null;
    },
    allowed: () => nextAllowed(chain, setCommitment(netuid, record()), signer.address),
    send: () => chain.submit(setCommitment(netuid, record()), signer),
    record: kind,
    failure: "commit failed, will retry inside the window",
    fields: { key },
  });
  if (block !== null && block < window.end) return block;
  context.instruments?.add("blockzero_windows_missed_total", 1, { record: kind });
  const why = block === null ? reason : `block ${block} included it`;
  throw new BlockZeroError(
    "WINDOW_MISSED",
    `${key} was not on chain before block ${window.end}: ${why}`,
    "check the chain endpoint's latency, and leave more blocks between the end of the work and the window",
  );
};
