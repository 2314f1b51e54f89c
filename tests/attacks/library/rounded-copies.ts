import { map } from "../../support/updates.js";
import type { Attack } from "../attack.js";

/** Bits of each element that are cut off. */
const CUT = [0, 13, 16, 20] as const;

/** Towards zero. */
const withoutBits = (bits: number) => {
  const view = new DataView(new ArrayBuffer(4));
  return (value: number): number => {
    view.setFloat32(0, value);
    view.setUint32(0, (view.getUint32(0) >>> bits) * 2 ** bits);
    return view.getFloat32(0);
  };
};

export const roundedCopies: Attack = {
  name: "rounded-copies",
  description: "one training under four hotkeys, each at another precision, so that no two files are alike",
  identities: CUT.length,
  submit: async ({ identities, train, forge }) => {
    const update = await train();
    return identities.map((miner, i) => ({ forged: forge({ miner, tensors: map(update, withoutBits(CUT[i]!)) }) }));
  },
};
