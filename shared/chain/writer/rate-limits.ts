import type { ChainCall } from "../call.js";
import type { Chain, CommitmentSpace, HyperParameters, Neuron } from "../chain.js";

/** Least number of bytes by which a commitment reduces its hotkey's space. */
const LEAST_COMMITMENT_BYTES = 100;

/** First block that may hold new weights of a neuron, in plain or committed. A neuron that has never set any may do so at once. */
export const nextWeights = (
  { lastUpdate }: Pick<Neuron, "lastUpdate">,
  { weightsRateLimit }: Pick<HyperParameters, "weightsRateLimit">,
): number => (lastUpdate === 0 ? 0 : lastUpdate + weightsRateLimit);

/** First block that may hold a commitment of this text. Infinity if the text exceeds any space. */
export const nextCommitment = (data: string, { used, limit, renewed }: CommitmentSpace): number => {
  const bytes = Math.max(LEAST_COMMITMENT_BYTES, Buffer.byteLength(data));
  if (bytes > limit) return Number.POSITIVE_INFINITY;
  return used + bytes > limit ? renewed : 0;
};

/** First block that may hold a new announcement of an axon. */
export const nextAxon = (
  { axon }: Pick<Neuron, "axon">,
  { servingRateLimit }: Pick<HyperParameters, "servingRateLimit">,
): number => (axon === null ? 0 : axon.block + servingRateLimit);

/**
 * First block in which the chain's rate limits allow a call, as far as its state shows them. 0: at once. Limits that the state does not
 * show, such as the number of registrations in a block, are enforced by the chain itself.
 */
export const nextAllowed = async (
  chain: Pick<Chain, "metagraph" | "hyperParameters" | "commitmentSpace">,
  call: ChainCall,
  hotkey: string,
): Promise<number> => {
  switch (call.name) {
    case "setWeights":
    case "commitWeights":
    case "commitTimelockedWeights":
      return ofNeuron(chain, call.args.netuid, hotkey, nextWeights);
    case "serveAxon":
      return ofNeuron(chain, call.args.netuid, hotkey, nextAxon);
    case "setCommitment":
      return nextCommitment(call.args.data, await chain.commitmentSpace(call.args.netuid, hotkey));
    default:
      return 0;
  }
};

const ofNeuron = async (
  chain: Pick<Chain, "metagraph" | "hyperParameters">,
  netuid: number,
  hotkey: string,
  next: (neuron: Neuron, parameters: HyperParameters) => number,
): Promise<number> => {
  const [{ neurons }, parameters] = await Promise.all([chain.metagraph(netuid), chain.hyperParameters(netuid)]);
  const own = neurons.find((neuron) => neuron.hotkey === hotkey);
  return own ? next(own, parameters) : 0;
};
