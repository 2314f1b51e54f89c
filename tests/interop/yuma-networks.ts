/** Deterministic random networks for the recorder of Yuma's vectors: their parameters, neurons and what changes between epochs. */

export type Draw = (bound: number) => number;

/** Uniform integers below a bound, from a 32-bit seed (mulberry32). */
export const drawFrom = (seed: number): Draw => {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
};

export interface NetworkParameters {
  readonly netuid: number;
  readonly tempo: number;
  readonly activityCutoff: number;
  readonly kappa: number;
  readonly bondsMovingAverage: number;
  readonly bondsPenalty: number;
  readonly maxValidators: number;
  readonly stakeThreshold: string;
  readonly ownerUid: number | null;
}

export type PairRow = readonly (readonly [uid: number, value: number])[];

/** What the epoch of a block starts from, by uid. */
export interface EpochStart {
  readonly block: number;
  readonly emission: string;
  readonly stakes: readonly string[];
  readonly lastUpdate: readonly number[];
  readonly registeredAt: readonly number[];
  readonly weights: readonly PairRow[];
}

const one = <T>(draw: Draw, choices: readonly T[]): T => choices[draw(choices.length)]!;
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

export const drawSize = (draw: Draw): number => {
  const kind = draw(20);
  return kind < 12 ? 2 + draw(11) : kind < 18 ? 13 + draw(20) : 33 + draw(32);
};

export const drawParameters = (draw: Draw, size: number): NetworkParameters => ({
  netuid: 2 + draw(60),
  tempo: one(draw, [1, 4, 10, 44, 99, 360]),
  activityCutoff: one(draw, [5, 50, 360, 5000, 65535]),
  kappa: one(draw, [32767, 32767, 32767, 65535, 39321, 13107, 0, draw(65536)]),
  bondsMovingAverage: one(draw, [900_000, 900_000, 975_000, 500_000, 0, 1_000_000, draw(1_000_001)]),
  bondsPenalty: one(draw, [65535, 65535, 0, 32768, draw(65536)]),
  maxValidators: one(draw, [64, 64, 1, 2, 1 + draw(size), size]),
  stakeThreshold: one(draw, ["0", "0", "1000000000", "1000000000000"]),
  ownerUid: draw(2) === 0 ? null : draw(size),
});

/** Log-uniform over what stakes are, with zeros and equal ones in between. */
const drawStake = (draw: Draw): string => {
  const kind = draw(10);
  if (kind < 2) return "0";
  if (kind < 4) return "1000000000000";
  const digits = 1 + draw(15);
  return (
    String(1 + draw(9)) +
    range(digits - 1)
      .map(() => String(draw(10)))
      .join("")
  );
};

/** Empty, all zero, on oneself alone, on one, sparse, dense or equal; the uids in no order. */
const drawRow = (draw: Draw, uid: number, size: number): PairRow => {
  const order = range(size).map((id) => ({ id, key: draw(1 << 30) }));
  const uids = order.sort((a, b) => a.key - b.key).map(({ id }) => id);
  const kind = draw(16);
  if (kind === 0) return [];
  if (kind === 1) return uids.map((id) => [id, 0]);
  if (kind === 2) return [[uid, 65535]];
  if (kind === 3) return [[uids[0]!, 1 + draw(65535)]];
  if (kind < 6) return uids.map((id) => [id, 65535]);
  const count = kind < 11 ? 1 + draw(Math.min(size, 8)) : size;
  return uids.slice(0, count).map((id) => [id, draw(4) === 0 ? draw(20) : draw(65536)]);
};

const weighs = (draw: Draw, stake: string): boolean => stake.length > 6 || draw(4) === 0;

/** The first epoch that runs at or after a block. */
const epochFrom = ({ netuid, tempo }: NetworkParameters, block: number): number => {
  for (let at = block; ; at++) if ((at + netuid + 1) % (tempo + 1) === tempo) return at;
};

const drawEmission = (draw: Draw): string =>
  one(draw, ["0", "1", "1000000000", String(1 + draw(2 ** 31)), "360999999999"]);

export const drawStart = (draw: Draw, parameters: NetworkParameters, size: number): EpochStart => {
  const block = epochFrom(parameters, 400 + draw(10_000));
  const stakes = range(size).map(() => drawStake(draw));
  const recent = () => block - draw(one(draw, [2, parameters.tempo + 2, 400]));
  const lastUpdate = range(size).map(recent);
  return {
    block,
    emission: drawEmission(draw),
    stakes,
    lastUpdate,
    registeredAt: lastUpdate.map((update) => (draw(4) === 0 ? recent() : Math.max(0, update - draw(300)))),
    weights: range(size).map((uid) => (weighs(draw, stakes[uid]!) ? drawRow(draw, uid, size) : [])),
  };
};

/** Some neurons set other weights, some are registered anew, some stakes change. `stakes`: after the last epoch's payments. */
export const drawNext = (
  draw: Draw,
  parameters: NetworkParameters,
  last: EpochStart,
  stakes: readonly string[],
): EpochStart => {
  const size = last.stakes.length;
  const block = epochFrom(parameters, last.block + 1 + (draw(4) === 0 ? draw(200) : 0));
  const within = () => block - draw(Math.min(block - last.block, parameters.tempo + 1));
  const renewed = range(size).map((uid) => draw(3) !== 0 && weighs(draw, stakes[uid]!));
  return {
    block,
    emission: drawEmission(draw),
    stakes: stakes.map((stake) => (draw(8) === 0 ? drawStake(draw) : stake)),
    lastUpdate: last.lastUpdate.map((update, uid) => (renewed[uid] ? within() : update)),
    registeredAt: last.registeredAt.map((registered) => (draw(10) === 0 ? within() : registered)),
    weights: last.weights.map((row, uid) => (renewed[uid] && draw(2) === 0 ? drawRow(draw, uid, size) : row)),
  };
};
