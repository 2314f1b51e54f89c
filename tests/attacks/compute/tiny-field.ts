import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { hashBytes, sha256 } from "#shared/protocol/hash.js";
import { EXACT_DIALS } from "#shared/sprint/exact/dials.js";
import { openSprintNetwork, type SprintNetwork } from "#shared/sprint/exact/prover.js";
import { networkSeed, nodeSeed } from "#shared/sprint/exact/seeds.js";

/** The tiny exact network with its weights on a processor. */
export interface TinyField {
  readonly dials: (typeof EXACT_DIALS)["tiny"];
  /** The network's seed, 64 hex digits. */
  readonly seed: string;
  readonly network: SprintNetwork;
  /** The node seed of a member in a Sprint. */
  readonly node: (member: string, sprint?: number) => string;
}

export const openTinyField = async (seed: string): Promise<TinyField> => {
  const of = (text: string): string => sha256(Buffer.from(`${seed} ${text}`));
  const own = networkSeed(of("seed 1"));
  return {
    dials: EXACT_DIALS.tiny,
    seed: own,
    network: await openSprintNetwork({ dials: EXACT_DIALS.tiny, seed: own, device: onnxCpu({ threads: 1 }) }),
    node: (member, sprint = 0) => nodeSeed(hashBytes(of(member)), of(`seed 2 of ${sprint}`)),
  };
};
