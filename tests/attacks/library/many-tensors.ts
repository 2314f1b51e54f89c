import { artifactLimits } from "#shared/replay/gate-submission.js";
import { encodeSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";
import type { Attack } from "../attack.js";

/** Nearly as many as a reader of safetensors takes at all. */
const TENSORS = 65_000;
/** More bytes than the header says of one of them. */
const ENTRY = 64;

const nothing: Tensor = { dtype: "F32", shape: [0], data: new Uint8Array() };

const emptyTensors = (count: number): Uint8Array =>
  encodeSafetensors(new Map(Array.from({ length: count }, (_, i) => [i.toString(36), nothing])));

export const manyTensors: Attack = {
  name: "many-tensors",
  description: `files that are nothing but a header: of ${TENSORS.toLocaleString("en")} tensors, and of as many as the largest file of the group has room for`,
  identities: 2,
  submit: async ({ subnet: { network }, group, forge }) => {
    const fitting = Math.floor(artifactLimits(network).get(group)! / ENTRY);
    return [TENSORS, Math.min(TENSORS, fitting)].map((count, i) => ({
      forged: forge({ miner: `eve${i + 1}`, tensors: emptyTensors(count) }),
    }));
  },
};
