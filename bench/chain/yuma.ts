import { type EpochInput, type EpochNeuron, yumaEpoch } from "#shared/chain/yuma/epoch.js";
import { minerWeights, NEURONS, VALIDATORS } from "./full-subnet.js";

const TOKEN = 1_000_000_000n;
const TEMPO = 360;

/** 256 neurons of which 64 validate, each with weights on all 192 miners. */
export const fullNetwork = (): EpochInput => ({
  block: TEMPO,
  tempo: TEMPO,
  activityCutoff: 5000,
  kappa: 32767,
  bondsMovingAverage: 900_000,
  bondsPenalty: 65535,
  maxValidators: VALIDATORS,
  stakeThreshold: 0n,
  ownerUid: undefined,
  emission: 360n * TOKEN,
  neurons: Array.from({ length: NEURONS }, (_, uid): EpochNeuron => {
    const validates = uid < VALIDATORS;
    return {
      stake: validates ? BigInt(1000 + uid) * TOKEN : 0n,
      permit: validates,
      lastUpdate: TEMPO - 10,
      registeredAt: 0,
      weights: validates ? minerWeights(uid) : [],
      bonds: [],
    };
  }),
});

/** The same network an epoch later: its bonds are those that the last one left. */
export const nextNetwork = (input: EpochInput, results: ReturnType<typeof yumaEpoch>): EpochInput => ({
  ...input,
  block: input.block + input.tempo + 1,
  neurons: input.neurons.map((neuron, uid) => ({
    ...neuron,
    lastUpdate: neuron.lastUpdate + input.tempo + 1,
    permit: results[uid]!.permit,
    bonds: results[uid]!.bonds,
  })),
});

/** Milliseconds an epoch, bonds carried from one to the next; the first ones, while the code is compiled, do not count. */
export const measureYuma = (epochs: number, warmUp = 5): readonly number[] => {
  const times: number[] = [];
  let network = fullNetwork();
  for (let epoch = -warmUp; epoch < epochs; epoch++) {
    const started = performance.now();
    const results = yumaEpoch(network);
    if (epoch >= 0) times.push(performance.now() - started);
    network = nextNetwork(network, results);
  }
  return times;
};
