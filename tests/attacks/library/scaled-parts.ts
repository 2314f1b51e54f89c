import { map } from "../../support/updates.js";
import type { Attack } from "../attack.js";

interface Parts {
  readonly parts: number;
  /** By which each of them is made larger. */
  readonly factor: number;
}

const submitParts =
  ({ parts, factor }: Parts): Attack["submit"] =>
  async ({ identities, train, forge }) => {
    const update = await train();
    return identities.map((miner, part) => ({
      forged: forge({ miner, tensors: map(update, (value, _, i) => (i % parts === part ? factor * value : 0)) }),
    }));
  };

export const scaledParts: readonly Attack[] = [
  {
    name: "scaled-parts",
    description: "one training cut into three by element, each part three times as large, a hotkey for each",
    identities: 3,
    submit: submitParts({ parts: 3, factor: 3 }),
  },
  {
    name: "scaled-parts-16",
    description: "one training cut into 16 by element, each part as long as the whole was, a hotkey for each",
    identities: 16,
    submit: submitParts({ parts: 16, factor: 4 }),
  },
];
