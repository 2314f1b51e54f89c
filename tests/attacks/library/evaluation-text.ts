import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openArithmetic } from "#datasets/arithmetic.js";
import { groupHeldOutBatches } from "#shared/data/group-data.js";
import { sha256 } from "#shared/protocol/hash.js";
import { BATCH_SIZE, STEPS } from "../arena/gym.js";
import type { Attack } from "../attack.js";

/** Few enough that all the text that evaluation can ever draw is a few pages long. */
const PAGES = 60;

export const evaluationText: Attack = {
  name: "evaluation-text",
  description: `trains on the held-out text, which is public, where there are but ${PAGES} pages in all`,
  known:
    "whoever knows all the text that evaluation draws from has an edge over who may not train on it; give a group so many documents " +
    "that nobody can learn the held-out ones by heart",
  network: (network, folder) => {
    const path = join(folder, "pages.jsonl");
    const { document } = openArithmetic();
    writeFileSync(path, Array.from({ length: PAGES }, (_, i) => `${JSON.stringify({ text: document(i) })}\n`).join(""));
    const math = { ...network.groups.math!, data: [{ kind: "jsonl", path, weight: 1 }] };
    return { ...network, groups: { ...network.groups, math } };
  },
  submit: async ({ cycle, group, subnet, train, forge }) => {
    const seed = sha256(Buffer.from(`eve's draw/${cycle}`));
    const batches = groupHeldOutBatches(subnet.network, group, { batches: STEPS, batchSize: BATCH_SIZE, seed });
    return [{ forged: forge({ miner: "eve1", tensors: await train({ batches }) }) }];
  },
};
