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
 * Reveals what was committed by hash, now and before a restart, as soon as the chain takes it, and watches for the beacon to open
 * timelocks, until the signal aborts. What nobody opened in time, as the program or the beacon was down, is committed again.
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

/** One look at the commitments: reveals the newest that can be, gives up what no longer can be. */
const revealDue = async (context: WeightsContext): Promise<void> => {
  const { chain, clock, netuid, journal, log } = context;
  if (unsettled(context).length === 0) return;
  // A crash may have come between the chain's word and our note of it.
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
    // Whatever was revealed leaves the list, and takes what is older with it.
    included: async () => ((await pendingOf(context)).some((entry) => entry.hash === hash) ? null : clock.head.number),
    send: () => chain.submit(call, signer),
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
