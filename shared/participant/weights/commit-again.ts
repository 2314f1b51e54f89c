import { nextWeights } from "#shared/chain/writer/rate-limits.js";
import { ownNeuron, setWeightsOnce } from "./set-weights.js";
import type { WeightsContext } from "./weights-context.js";
import { settleCommitments } from "./weights-journal.js";

/**
 * Commits the newest weights again if nobody opened them in time. It uses a block in which the chain certainly accepts them, and makes one
 * attempt: the next cycle's own weights must not wait for these. Where the rate limit would make them wait, they alone are committed.
 */
export const commitExpiredAgain = async (context: WeightsContext): Promise<void> => {
  const { chain, clock, netuid, journal, log } = context;
  const newest = journal.value.commitments.at(-1);
  if (newest?.state !== "expired") return;
  const { hash, weights } = newest;
  const parameters = await chain.hyperParameters(netuid);
  const neuron = await ownNeuron(context);
  const start = clock.head.number + 1;
  if (neuron && nextWeights(neuron, parameters) > start) return;
  const window = { start, end: start + 2 };
  // In plain mode the next cycle's weights come soon enough.
  const isDue = parameters.weightsMode !== "plain" && neuron !== undefined;
  if (isDue && window.end - 1 + parameters.weightsRateLimit > context.nextWindow(start).start) return;
  settleCommitments(journal, new Set([hash]), "settled");
  if (!isDue) return;
  const block = await setWeightsOnce(context, { key: `again ${hash}`, weights, window });
  log.info("committed expired weights again", { block });
};
