import { openArithmetic } from "#datasets/arithmetic.js";
import { groupHeldOutBatches } from "#datasets/group-data.js";
import { drandBeacon, roundAt } from "#shared/chain/timelock/beacon.js";
import { signPulse } from "#shared/chain/timelock/pulse.js";
import { type DocumentSource, listedDocuments } from "#shared/data/source.js";
import { sha256 } from "#shared/protocol/hash.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { roundOf } from "#shared/protocol/sealed-text.js";
import { envelopeReader, openEnvelope } from "#shared/replay/evaluation-text.js";
import { BEACON, type Subnet } from "../../support/subnet.js";
import type { Attack } from "../attack.js";

const { document } = openArithmetic();

/** Of public text there are a few pages only, which anybody can learn by heart. */
export const publicPages = Array.from({ length: 10 }, (_, i) => document(i));

/** Those pages, told from the repository's root. */
export const PUBLIC_PAGES_FILE = "tests/attacks/library/public-pages.jsonl";

/** Of the same kind as the public ones. */
export const unseenPage = (index: number): string => document(publicPages.length + index);

export const evaluationText: Attack = {
  name: "evaluation-text",
  description: "trains on the newest evaluation text that can be read, and once more on what opens after its commit",
  network: (network) => {
    const math = { ...network.groups.math!, data: [{ kind: "jsonl", path: PUBLIC_PAGES_FILE, weight: 1 }] };
    return { ...network, groups: { ...network.groups, math } };
  },
  sealed: unseenPage,
  submit: async ({ cycle, seed, group, subnet, training, train, forge }) => {
    const trainedOn = async (sealed: DocumentSource) => {
      const drawn = {
        batches: training.max_steps,
        batchSize: training.batch_size,
        seed: sha256(Buffer.from(`${seed}/eve's draw`)),
        sealed,
      };
      const batches = groupHeldOutBatches(subnet.network, group, drawn);
      return forge({ miner: "eve1", tensors: await train({ batches }) });
    };
    const { end } = phaseWindow(cycle, "reveal", subnet.network.phases);
    return [
      {
        forged: await trainedOn(await newestText(subnet, group, (await subnet.chain.head()).timestamp)),
        // The beacon's members tell it before the chain knows, as late as it could still be of use.
        afterwards: async () => {
          const { number, timestamp } = await subnet.chain.head();
          return trainedOn(await newestText(subnet, group, timestamp + (end - number) * 1000));
        },
      },
    ];
  },
};

/** What the beacon opens last until a time, milliseconds since the epoch. */
const newestText = async ({ network, store }: Subnet, group: string, time: number): Promise<DocumentSource> => {
  const sealed = network.groups[group]!.sealed!;
  const fetch = async ({ hash }: { readonly hash: string }) => (await store.get(hash))!;
  const envelope = Math.floor((roundAt(time, drandBeacon(sealed.beacon)) - sealed.first_round) / sealed.spacing);
  const signature = signPulse(Buffer.from(BEACON.seed, "hex"), roundOf(sealed, envelope));
  const read = await envelopeReader({ fetch }, sealed);
  return listedDocuments("newest", openEnvelope(await read(envelope), { sealed, envelope, signature }));
};
