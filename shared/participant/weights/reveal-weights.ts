import { isDeepStrictEqual } from "node:util";
import type { ChainCall } from "#shared/chain/call.js";
import { reasonOf } from "#shared/errors/error.js";
import { writeOnce } from "../writes/write-once.js";
import { commitExpiredAgain } from "./commit-again.js";
import { columns, noteCommitted } from "./commit-weights.js";
import { ownNeuron } from "./set-weights.js";
import { watchTimelocks } from "./watch-timelocks.js";
import { pendingOf, type WeightsContext } from "./weights-context.js";
import { forgetCommitments, type HashCommitment, settleCommitments } from "./weights-journal.js";

/**
 * Reveals the weights that were committed by hash, also before a restart, as soon as the chain accepts this. Also checks that the beacon
 * opens timelocks. Runs until the signal aborts. Weights that nobody opened in time, because the program or the beacon was down, are
 * committed again.
 */
export const revealCommittedWeights = async (context: WeightsContext): Promise<never> => {
  const { clock, journal, log, signal } = context;
  const watch = watchTimelocks(context);
  for (;;) {
    const { number } = clock.head;
    try {
      await revealDue(context);
      await watch();
      await commitExpiredAgain(context);
      forgetCommitments(journal, number);
    } catch (thrown) {
      signal.throwIfAborted();
      log.warn("committed weights not looked after, will retry at the next block", { reason: reasonOf(thrown) });
    }
    await clock.reach(number + 1, signal);
  }
};

/** Checks the commitments once: reveals the newest one that can be revealed, and gives up those that no longer can. */
const revealDue = async (context: WeightsContext): Promise<void> => {
  const { chain, clock, netuid, journal, log } = context;
  if (unsettled(context).length === 0) return;
  // A crash may have happened between the chain's answer and the journal's entry.
  if (unsettled(context).some(({ committed }) => committed === undefined))
    noteCommitted(context, await pendingOf(context));

  const next = clock.head.number + 1;
  const due = unsettled(context).findLast(({ reveal }) => reveal && reveal.first <= next && next <= reveal.last);
  if (due && (await chain.hyperParameters(netuid)).weightsMode !== "plain") await reveal(context, due);

  const lost = unsettled(context).filter(
    ({ reveal, sendUntil }) => (reveal?.last ?? sendUntil) < clock.head.number + 1,
  );
  for (const { hash, committed, reveal } of lost) {
    settleCommitments(journal, new Set([hash]), committed === undefined ? "settled" : "expired");
    if (committed !== undefined) context.instruments?.add("blockzero_weights_lost_total", 1);
    if (committed !== undefined)
      log.error("committed weights were not revealed in time", { committed, closed: reveal?.last });
  }
};

const reveal = async (context: WeightsContext, commitment: HashCommitment): Promise<void> => {
  const { chain, clock, netuid, signer, journal, log } = context;
  const { hash, weights, salt, versionKey, committed } = commitment;
  const { first, last } = commitment.reveal!;
  const call: ChainCall = { name: "revealWeights", args: { netuid, ...columns(weights), salt, versionKey } };
  const { block, reason } = await writeOnce(context, {
    window: { start: first, end: last + 1 },
    // A reveal removes its commitment, and all older ones, from the chain's list.
    included: async () => ((await pendingOf(context)).some((entry) => entry.hash === hash) ? null : clock.head.number),
    send: () => chain.submit(call, signer),
    record: "weights",
    failure: "weights not revealed, will retry inside the window",
    fields: { committed },
  });
  if (block === null) {
    log.warn("weights not revealed", { committed, closed: last, reason });
    return;
  }
  const uid = (await ownNeuron(context))?.uid;
  const row = (await chain.weights(netuid)).find((other) => other.uid === uid)?.weights;
  if (!isDeepStrictEqual(row, weights))
    log.warn("the chain shows other weights than those revealed", { committed, block });
  else log.info("revealed weights", { committed, block });
  const at = journal.value.commitments.findIndex((entry) => entry.hash === hash);
  const older = new Set(journal.value.commitments.slice(0, at + 1).map((entry) => entry.hash));
  settleCommitments(journal, older, "settled");
};

const unsettled = ({ journal }: WeightsContext): readonly HashCommitment[] =>
  journal.value.commitments.filter((entry) => entry.mode === "hash").filter(({ state }) => state === "open");
