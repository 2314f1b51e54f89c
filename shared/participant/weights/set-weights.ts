import { setWeights } from "#shared/chain/call.js";
import type { Neuron } from "#shared/chain/chain.js";
import { nextAllowed } from "#shared/chain/writer/rate-limits.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { signingFor } from "#shared/protocol/signer.js";
import { writeOnce } from "../writes/write-once.js";
import { commitCall, commitmentFor, noteCommitted, type WeightsWrite } from "./commit-weights.js";
import { pendingOf, type Weights, type WeightsContext } from "./weights-context.js";

/**
 * Sets weights once inside the window of blocks, in the mode of the subnet, and reads them back: in plain, or as a
 * commitment that `revealWeights` or the beacon opens later. A second call for the same key, also after a crash, sends
 * what the first call made, and only while the chain does not show it.
 * @returns the block that included them. @throws WEIGHTS_MISSED
 */
export const setWeightsOnce = async (context: WeightsContext, write: WeightsWrite): Promise<number> => {
  const { chain, netuid, signer } = context;
  const { key, window } = write;
  const { block, reason } = await writeOnce(context, {
    window,
    included: async () => {
      const { weightsMode } = await chain.hyperParameters(netuid);
      if (weightsMode !== "plain") return committedFor(context, key);
      const neuron = await ownNeuron(context);
      return neuron && neuron.lastUpdate >= window.start ? neuron.lastUpdate : null;
    },
    // All ways to set weights share one rate limit.
    allowed: () => nextAllowed(chain, setWeights(netuid, write.weights, 0), signer.address),
    send: async () => {
      const parameters = await chain.hyperParameters(netuid);
      const isPlain = parameters.weightsMode === "plain";
      const commitment = isPlain ? null : await commitmentFor(context, parameters, write);
      const call = commitment
        ? commitCall(netuid, commitment)
        : setWeights(netuid, plainFor(context, write), parameters.weightsVersion);
      // What was not included in time is committed anew, as another ciphertext.
      const part = commitment ? `weights ${key} ${commitment.sendUntil}` : `weights ${key}`;
      await chain.submit(call, signingFor(signer, { ...context.cycleAt(window.start), write: part }));
    },
    record: "weights",
    failure: "weights not set, will retry inside the window",
    fields: { key: `${key}/weights` },
  });
  if (block !== null) return block;
  throw new BlockZeroError(
    "WEIGHTS_MISSED",
    `weights were not set before block ${window.end}: ${reason}`,
    "check that this hotkey has a validator permit, and that the weights rate limit is shorter than a cycle",
  );
};

/**
 * The weights to set in the clear: those that were first about to be set for this key, which are in the journal before
 * they are returned.
 */
const plainFor = ({ journal }: WeightsContext, { key, weights }: WeightsWrite): Weights => {
  const { plain } = journal.value;
  if (plain?.key === key) return plain.weights;
  journal.update((value) => ({ ...value, plain: { key, weights } }));
  return weights;
};

/** A commitment may be revealed and removed from the chain's list. Then the journal has it. */
const committedFor = async (context: WeightsContext, key: string): Promise<number | null> => {
  noteCommitted(context, await pendingOf(context));
  const own = context.journal.value.commitments.filter((entry) => entry.key === key);
  return own.find(({ committed }) => committed !== undefined)?.committed ?? null;
};

export const ownNeuron = async ({ chain, netuid, signer }: WeightsContext): Promise<Neuron | undefined> =>
  (await chain.metagraph(netuid)).neurons.find(({ hotkey }) => hotkey === signer.address);
