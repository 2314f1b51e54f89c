import { networkBytes, networkHash } from "#shared/protocol/network.js";
import type { FileRequest } from "#shared/replay/source.js";
import { networkInForce } from "#shared/replay/succession.js";
import { agreedNetwork } from "../agreement/agreed-network.js";
import { obtainTexts } from "../agreement/agreed-texts.js";
import { rankServers, readServers } from "../files/subnet-servers.js";
import type { Participant, ParticipantConfig } from "../participant.js";

/** The network file in force at the next block, with what it names at hand. @throws what `agreedNetwork`, `networkInForce` and `obtainTexts` throw */
export const agreeOnNetwork = async (
  { netuid, network: file }: ParticipantConfig,
  { chain, clock, blobs, log, signal }: Pick<Participant, "chain" | "clock" | "blobs" | "log" | "signal">,
): Promise<Pick<Participant, "network" | "networkHash">> => {
  const agreed = await agreedNetwork({ chain, netuid, file, fetch: (wanted) => blobs.get({ ...wanted, signal }) });
  const servers = async () => rankServers(await readServers(chain, netuid, agreed.phases));
  const published = {
    chain,
    network: agreed,
    networkHash: networkHash(agreed),
    fetch: ({ hash, maxBytes }: FileRequest) => blobs.get({ hash, maxBytes, locations: servers, signal }),
  };
  const { source, next } = await networkInForce(published, clock.head.number + 1);
  if (next?.problem)
    log.error("the published network file takes no effect", { network: next.source.networkHash, reason: next.problem });
  const network = await obtainTexts(source.network, { blobs, servers, signal });
  // Every participant that has joined has the files, and serves them, so the subnet does not depend on the owner's server.
  for (const one of [agreed, network]) {
    const own = networkBytes(one);
    await blobs.put(own);
    await blobs.pin({ hash: networkHash(one), maxBytes: own.length, locations: [], signal });
  }
  return { network, networkHash: source.networkHash };
};
