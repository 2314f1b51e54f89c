import { isDeepStrictEqual } from "node:util";
import { timeOfRound } from "#shared/chain/timelock/beacon.js";
import { noteCommitted } from "./commit-weights.js";
import { deliveryBlocks } from "./reveal-round.js";
import { ownNeuron } from "./set-weights.js";
import { pendingOf, type WeightsContext } from "./weights-context.js";
import { settleCommitments, type TimelockCommitment } from "./weights-journal.js";

/**
 * Watches weights under a timelock: whether their pulse arrives in time, and whether the chain opened them. Each call is one check. If the
 * chain dropped a commitment unopened because it had no pulse, the journal marks it as `expired`.
 */
export const watchTimelocks = (context: WeightsContext): (() => Promise<void>) => {
  const { clock, journal, beacon, signal } = context;
  const overdue = new Set<string>();

  const isOut = ({ round }: TimelockCommitment) => timeOfRound(round, beacon) <= clock.head.timestamp;

  const warnOverdue = async ({ hash, committed, round }: TimelockCommitment): Promise<void> => {
    const { chain, netuid, blockTime, log, metrics } = context;
    if (overdue.has(hash)) return;
    const waited = clock.head.timestamp - timeOfRound(round, beacon);
    // Half of the available time: early enough for a warning before the weights are lost.
    const late = (deliveryBlocks(await chain.hyperParameters(netuid)) / 2) * (await blockTime.measured(signal));
    if (waited < late || (await chain.pulse(round)) !== null) return;
    overdue.add(hash);
    context.instruments?.add("blockzero_weights_pulse_overdue_total", 1);
    metrics?.write({ block: clock.head.number, "weights/overdue": 1, "weights/round": round });
    log.warn("the pulse that opens committed weights is overdue", {
      code: "PULSE_MISSING",
      committed,
      round,
      seconds: Math.round(waited / 1000),
      hint: "the chain's nodes bring pulses of drand; compare drand.* with the beacon that the chain follows",
    });
  };

  return async () => {
    const open = openTimelocks(context);
    if (open.length === 0) return;
    const due = open.filter((entry) => isOut(entry) || entry.sendUntil < clock.head.number);
    if (due.length === 0) return;
    const pending = await pendingOf(context);
    noteCommitted(context, pending);
    const listed = new Set(pending.map(({ hash }) => hash));
    const dueNow = openTimelocks(context).filter(({ hash }) => due.some((entry) => entry.hash === hash));
    for (const entry of dueNow) if (listed.has(entry.hash) && isOut(entry)) await warnOverdue(entry);
    const gone = dueNow.filter(({ hash, committed }) => committed !== undefined && !listed.has(hash));
    const unsent = dueNow.filter(
      ({ committed, sendUntil }) => committed === undefined && sendUntil < clock.head.number,
    );
    const newest = gone.at(-1);
    // Of those that were opened together the newest stays.
    settleCommitments(journal, new Set([...gone.slice(0, -1), ...unsent].map(({ hash }) => hash)), "settled");
    if (newest) await settleNewest(context, newest);
    for (const { hash } of gone) overdue.delete(hash);
  };
};

const openTimelocks = ({ journal }: WeightsContext): readonly TimelockCommitment[] =>
  journal.value.commitments.filter((entry) => entry.mode === "timelock").filter(({ state }) => state === "open");

/** The chain no longer lists it: its weights are in force, or lost. */
const settleNewest = async (
  context: WeightsContext,
  { hash, weights, committed, round }: TimelockCommitment,
): Promise<void> => {
  const { chain, netuid, journal, log, metrics } = context;
  const uid = (await ownNeuron(context))?.uid;
  const row = (await chain.weights(netuid)).find((other) => other.uid === uid)?.weights;
  const only = new Set([hash]);
  if (isDeepStrictEqual(row, weights)) {
    settleCommitments(journal, only, "settled");
    metrics?.write({ block: context.clock.head.number, "weights/opened": 1 });
    log.info("weights were opened", { committed, round });
    return;
  }
  const isMissing = (await chain.pulse(round)) === null;
  settleCommitments(journal, only, isMissing ? "expired" : "settled");
  context.instruments?.add("blockzero_weights_lost_total", 1);
  metrics?.write({ block: context.clock.head.number, "weights/lost": 1, "weights/round": round });
  log.error("committed weights were not opened", {
    code: isMissing ? "PULSE_MISSING" : "WEIGHTS_REFUSED",
    committed,
    round,
    reason: isMissing
      ? `the chain had no pulse of round ${round} when it was to open them; they are committed again`
      : "the chain had the pulse late, or did not take what it opened: check this hotkey's permit, the weights version and drand.*",
  });
};
