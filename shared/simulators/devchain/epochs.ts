import type { SubnetState } from "./state.js";

/** When a subnet's epochs run, and how they number its blocks: subtensor spec 293. */
type Schedule = Pick<SubnetState, "netuid"> & { readonly hyperParameters: { readonly tempo: number } };

/** Whether the epoch of a subnet runs at a block. With a tempo of 0 none ever does. */
export const isEpoch = (netuid: number, tempo: number, block: number): boolean =>
  tempo > 0 && (block + netuid + 1) % (tempo + 1) === tempo;

/** The first later block in which the epoch runs. Undefined if none ever does. */
export const nextEpoch = ({ netuid, hyperParameters: { tempo } }: Schedule, block: number): number | undefined =>
  tempo === 0 ? undefined : block + 1 + tempo - ((block + netuid + 2) % (tempo + 1));

/** The number of the tempo that a block lies in. Its epoch runs in its last block. */
export const tempoIndex = ({ netuid, hyperParameters: { tempo } }: Schedule, block: number): number =>
  Math.floor((block + netuid + 1) / (tempo + 1));

/** First block of the tempo with this number. */
export const tempoStart = ({ netuid, hyperParameters: { tempo } }: Schedule, index: number): number =>
  Math.max(0, index * (tempo + 1) - (netuid + 1));
