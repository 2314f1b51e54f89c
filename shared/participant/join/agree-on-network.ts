import { join } from "node:path";
import { z } from "zod";
import { networkBytes, networkHash } from "#shared/protocol/network.js";
import type { FileRequest } from "#shared/replay/source.js";
import { networkInForce } from "#shared/replay/succession.js";
import { agreedFiles, tellUnreadable } from "../agreement/agreed-network.js";
import { obtainTexts } from "../agreement/agreed-texts.js";
import { rankServers, readServers } from "../files/subnet-servers.js";
import type { Participant, ParticipantConfig } from "../participant.js";
import { openJournal } from "../writes/journal.js";

const memorySchema = z.object({
  /** Hash of the file that was in force when the participant joined last. */
  inForce: z.string().optional(),
});

/**
 * The network file in force at the next block, with what it names at hand.
 *
 * @param home remembers it, in case nobody sends an announced one at a later start
 * @throws what `agreedFiles`, `networkInForce` and `obtainTexts` throw
 */
export const agreeOnNetwork = async (
  { netuid, network: file }: Pick<ParticipantConfig, "netuid" | "network">,
  home: string,
  { chain, clock, blobs, log, signal }: Pick<Participant, "chain" | "clock" | "blobs" | "log" | "signal">,
): Promise<Pick<Participant, "network" | "networkHash">> => {
  const memory = openJournal(join(home, "network.json"), memorySchema, log);
  const { network: agreed, beyond } = await agreedFiles({
    chain,
    netuid,
    file,
    remembered: memory.value.inForce,
    fetch: (wanted) => blobs.get({ ...wanted, signal, isAgreed: true }),
    log,
  });
  for (const one of beyond) tellUnreadable(log, one);
  const servers = async () => rankServers(await readServers(chain, netuid, agreed.phases));
  const published = {
    chain,
    network: agreed,
    networkHash: networkHash(agreed),
    fetch: ({ hash, maxBytes }: FileRequest) =>
      blobs.get({ hash, maxBytes, locations: servers, signal, isAgreed: true }),
  };
  const { source, next } = await networkInForce(
    published,
    clock.head.number + 1,
    beyond.map(({ hash }) => hash),
  );
  if (next?.problem)
    log.error("the published network file takes no effect", { network: next.source.networkHash, reason: next.problem });
  const network = await obtainTexts(source.network, { blobs, servers, signal });
  // Every participant that has joined has the files, and serves them, so the subnet does not depend on the owner's server.
  for (const one of [agreed, network]) {
    const own = networkBytes(one);
    await blobs.put(own);
    await blobs.pin({ hash: networkHash(one), maxBytes: own.length, locations: [], signal });
  }
  memory.note(() => ({ inForce: source.networkHash }));
  return { network, networkHash: source.networkHash };
};
