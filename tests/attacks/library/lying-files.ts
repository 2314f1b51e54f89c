import { encodeParameters } from "#shared/model/part-parameters.js";
import { map } from "../../support/updates.js";
import type { Attack } from "../attack.js";

/** A header that says it is 2⁶³ − 1 bytes long. */
const bottomless = Uint8Array.from([255, 255, 255, 255, 255, 255, 255, 127]);

export const lyingFiles: Attack = {
  name: "lying-files",
  description:
    "files that are none: text, half a file, a bottomless header, NaN inside, a false length, another's signature",
  identities: 6,
  submit: async ({ subnet, train, forge }) => {
    const update = await train();
    const { bytes } = encodeParameters(update);
    return [
      { forged: forge({ miner: "eve1", tensors: new TextEncoder().encode("no tensors at all") }) },
      { forged: forge({ miner: "eve2", tensors: bytes.slice(0, bytes.length >> 1) }) },
      { forged: forge({ miner: "eve3", tensors: bottomless }) },
      { forged: forge({ miner: "eve4", tensors: map(update, (value, _, i) => (i === 7 ? Number.NaN : value)) }) },
      { forged: forge({ miner: "eve5", tensors: update, change: { bytes: 64 } }) },
      { forged: forge({ miner: "eve6", tensors: update, signer: subnet.signer("ann") }) },
    ];
  },
};
