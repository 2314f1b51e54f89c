import * as fixed from "./fixed-point.js";
import { type Fixed, ONE, ZERO } from "./fixed-point.js";
import * as sparse from "./sparse.js";

/** [uid, u16] pairs of one neuron. */
export type U16Row = readonly (readonly [uid: number, value: number])[];

export interface EpochNeuron {
  /** In the smallest unit. */
  readonly stake: bigint;
  readonly permit: boolean;
  /** Block in which its weights were last set, or of its registration. */
  readonly lastUpdate: number;
  readonly registeredAt: number;
  /** As stored: u16, scaled so that the largest is 65,535. */
  readonly weights: U16Row;
  /** As stored: u16, each column scaled over the validators so that the largest is 65,535. */
  readonly bonds: U16Row;
}

export interface EpochInput {
  readonly block: number;
  readonly tempo: number;
  /** Blocks without an update after which a neuron's stake no longer counts. */
  readonly activityCutoff: number;
  /** Consensus majority, u16 of one. */
  readonly kappa: number;
  /** Share of the old bonds kept, in millionths. */
  readonly bondsMovingAverage: number;
  /** 65535: bonds grow with the clipped weights. 0: with the weights as set. */
  readonly bondsPenalty: number;
  readonly maxValidators: number;
  /** Stake below it counts as zero. */
  readonly stakeThreshold: bigint;
  /** The one neuron whose weight on itself counts. */
  readonly ownerUid: number | undefined;
  /** Amount to distribute, in the smallest unit. */
  readonly emission: bigint;
  /** By uid. */
  readonly neurons: readonly EpochNeuron[];
}

/** The result of an epoch for a neuron. Shares are u16 of one. */
export interface EpochFigures {
  readonly permit: boolean;
  readonly active: boolean;
  readonly rank: number;
  readonly trust: number;
  readonly consensus: number;
  readonly incentive: number;
  readonly dividends: number;
  readonly validatorTrust: number;
  /** Of incentive and dividends together, as the metagraph shows it. */
  readonly emission: bigint;
  /** Share of the emission, scaled so that the largest is 65,535. The neuron with the lowest score is replaced first. */
  readonly pruningScore: number;
  readonly bonds: U16Row;
}

export interface EpochResult extends EpochFigures {
  readonly minerEmission: bigint;
  readonly validatorEmission: bigint;
}

/**
 * One epoch of Yuma consensus, in the arithmetic of the runtime (subtensor spec 293, `SubtensorModule::epoch`, with liquid alpha and Yuma 3
 * off). Weights are clipped at the stake-weighted median of each column. Ranks are the stake-weighted sums of the clipped weights. Bonds
 * move towards weight times stake. Dividends are bonds times incentive. Pure; results by uid.
 */
export const yumaEpoch = (input: EpochInput): readonly EpochResult[] => {
  const { neurons } = input;
  const active = neurons.map(({ lastUpdate }) => lastUpdate + input.activityCutoff >= input.block);
  const stake = fixed.shares(neurons.map((neuron) => (neuron.stake < input.stakeThreshold ? 0n : neuron.stake)));
  const permits = topNonZero(stake, input.maxValidators);
  const activeStake = fixed.normalize(stake.map((share, uid) => (active[uid] && neurons[uid]!.permit ? share : ZERO)));

  const weights = sparse.normalizeRows(usableWeights(input), fixed.share);
  const ranksBefore = sparse.vectorTimesMatrix(activeStake, weights);
  const consensus = weightedMedians(activeStake, weights, proportion(input.kappa));
  const clipped = sparse.mapEntries(weights, (value, j) => Math.min(consensus[j]!, value));
  const validatorTrust = sparse.rowSums(clipped);
  const ranks = sparse.vectorTimesMatrix(activeStake, clipped);
  const trust = ranks.map((rank, uid) => fixed.divide(rank, ranksBefore[uid]!));
  const incentive = fixed.normalize(ranks);

  const bonds = newBonds(input, sparse.interpolate(weights, clipped, proportion(input.bondsPenalty)), activeStake);
  const dividends = fixed.normalize(sparse.matrixTimesVector(bonds, incentive));
  const storedBonds = sparse.maxUpscaleColumns(bonds);

  const combined = incentive.map((share, uid) => share + dividends[uid]!);
  const total = fixed.sum(combined);
  const idle = fixed.sum(activeStake) === ZERO ? stake : activeStake;
  const minerShare = fixed.normalize(incentive, total);
  const validatorShare = total === ZERO ? idle : fixed.normalize(dividends, total);
  const combinedShare = total === ZERO ? idle : fixed.normalize(combined, total);

  const pruningScores = fixed.maxUpscale(combinedShare);

  return neurons.map((_, uid) => ({
    permit: permits[uid]!,
    active: active[uid]!,
    rank: fixed.toU16(incentive[uid]!),
    trust: fixed.toU16(trust[uid]!),
    consensus: fixed.toU16(consensus[uid]!),
    incentive: fixed.toU16(incentive[uid]!),
    dividends: fixed.toU16(dividends[uid]!),
    validatorTrust: fixed.toU16(validatorTrust[uid]!),
    emission: fixed.scaleAmount(input.emission, combinedShare[uid]!),
    minerEmission: fixed.scaleAmount(input.emission, minerShare[uid]!),
    validatorEmission: fixed.scaleAmount(input.emission, validatorShare[uid]!),
    pruningScore: pruningScores[uid]!,
    bonds: permits[uid]
      ? sparse.entriesOf(storedBonds[uid]!).map(([j, value]) => [j, fixed.toU16(value)] as const)
      : [],
  }));
};

const proportion = (u16: number): Fixed => fixed.share(u16, fixed.U16_MAX);

/** As stored: integers. */
const asMatrix = (neurons: readonly EpochNeuron[], rowOf: (neuron: EpochNeuron) => U16Row): sparse.Matrix =>
  neurons.map((neuron) => sparse.rowOf(rowOf(neuron).filter(([j]) => j < neurons.length)));

/** Weights of permitted validators, without weights on themselves and without weights on neurons that registered after the weights were set. */
const usableWeights = ({ neurons, ownerUid }: EpochInput): sparse.Matrix =>
  sparse.filterEntries(
    asMatrix(neurons, ({ weights }) => weights),
    (j, i) => neurons[i]!.permit && (i !== j || i === ownerUid) && neurons[i]!.lastUpdate > neurons[j]!.registeredAt,
  );

const newBonds = (input: EpochInput, weights: sparse.Matrix, activeStake: readonly Fixed[]): sparse.Matrix => {
  const { neurons } = input;
  const lastEpoch = Math.max(0, input.block - input.tempo);
  const old = sparse.normalizeColumns(
    sparse.filterEntries(
      asMatrix(neurons, ({ bonds }) => bonds),
      (j) => lastEpoch > neurons[j]!.registeredAt,
    ),
    fixed.share,
  );
  const fresh = sparse.normalizeColumns(
    sparse.mapEntries(weights, (value, _, i) => fixed.multiply(value, activeStake[i]!)),
  );
  const kept = fixed.share(input.bondsMovingAverage, 1_000_000);
  return sparse.normalizeColumns(sparse.movingAverage(fresh, old, ONE - kept));
};

/** The k largest values that are not zero. Of equal values the later uid, as in the runtime's stable sort. */
const topNonZero = (values: readonly Fixed[], k: number): readonly boolean[] => {
  const best = values.map((value, uid) => ({ value, uid })).sort((a, b) => a.value - b.value);
  const chosen = new Set(best.slice(Math.max(0, best.length - k)).map(({ uid }) => uid));
  return values.map((value, uid) => value !== ZERO && chosen.has(uid));
};

/**
 * Per column the largest score that validators with more than `majority` of the active stake give at least. It is the score at which the
 * stake of lower scores first exceeds `1 − majority`.
 */
const weightedMedians = (stake: readonly Fixed[], weights: sparse.Matrix, majority: Fixed): readonly Fixed[] => {
  const voters = stake.flatMap((share, uid) => (share > ZERO ? [uid] : []));
  const share = fixed.normalize(voters.map((uid) => stake[uid]!));
  const minority = fixed.sum(share) - majority;
  const columns = weights.map(() => new Float64Array(voters.length));
  voters.forEach((uid, voter) => {
    for (const [column, score] of sparse.entriesOf(weights[uid]!)) columns[column]![voter] = score;
  });
  return columns.map((scores) => {
    const order = Uint16Array.from(scores, (_, voter) => voter).sort((a, b) => scores[a]! - scores[b]!);
    let passed = ZERO;
    for (const voter of order) {
      passed += share[voter]!;
      if (passed > minority) return scores[voter]!;
    }
    return order.length === 0 ? ZERO : scores[order.at(-1)!]!;
  });
};
