import { isDeepStrictEqual } from "node:util";
import type { ChainCall } from "#shared/chain/call.js";
import { nextWeights } from "#shared/chain/rate-limits.js";
import { reasonOf } from "#shared/errors.js";
import { writeOnce } from "../write-once.js";
import { columns, noteCommitted } from "./commit-weights.js";
import { ownNeuron, setWeightsOnce } from "./set-weights.js";
import { pendingOf, type WeightsContext } from "./weights-context.js";
import { changeCommitments, type HashCommitment } from "./weights-journal.js";

/**
 * Reveals what was committed by hash, now and before a restart, as soon as the chain takes it, until the signal aborts. Where a
 * deadline passed unused, while the program was down say, it commits the same weights again. Beacons reveal timelocks by themselves.
 */
export const revealCommittedWeights = async (context: WeightsContext): Promise<never> => {
  const { clock, log, signal } = context;
  for (;;) {
    const { number } = clock.head;
    try {
      await revealDue(context);
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
  if (due && (await chain.hyperParameters(netuid)).weightsMode === "hash") await reveal(context, due);

  const lost = unsettled(context).filter(
    ({ reveal, sendUntil }) => (reveal?.last ?? sendUntil) < clock.head.number + 1,
  );
  for (const { hash, committed, reveal } of lost) {
    settle(context, hash, committed === undefined ? "settled" : "expired");
    if (committed !== undefined)
      log.error("committed weights were not revealed in time", { committed, closed: reveal?.last });
  }
  const newest = journal.value.commitments.at(-1);
  if (newest?.mode === "hash" && newest.state === "expired") await commitAgain(context, newest);
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
  changeCommitments(journal, (entry) =>
    entry.mode === "hash" && older.has(entry.hash) ? { ...entry, state: "settled" } : entry,
  );
};

/** In a block that takes them for sure, and one attempt only: the next cycle's own weights must not wait for these. */
const commitAgain = async (context: WeightsContext, { hash, weights }: HashCommitment): Promise<void> => {
  const { chain, clock, netuid, log } = context;
  const parameters = await chain.hyperParameters(netuid);
  const neuron = await ownNeuron(context);
  const start = clock.head.number + 1;
  if (neuron && nextWeights(neuron, parameters) > start) return;
  settle(context, hash, "settled");
  if (parameters.weightsMode !== "hash" || !neuron) return;
  const block = await setWeightsOnce(context, { key: `again ${hash}`, weights, window: { start, end: start + 2 } });
  log.info("committed expired weights again", { block });
};

const unsettled = ({ journal }: WeightsContext): readonly HashCommitment[] =>
  journal.value.commitments.filter((entry) => entry.mode === "hash").filter(({ state }) => state === "open");

const settle = ({ journal }: WeightsContext, hash: string, state: HashCommitment["state"]): void =>
  changeCommitments(journal, (entry) => (entry.mode === "hash" && entry.hash === hash ? { ...entry, state } : entry));
