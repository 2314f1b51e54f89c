import { existsSync } from "node:fs";
import { createBlobClient } from "#shared/artifact/blob-client.js";
import { incomingBytes } from "#shared/artifact/incoming-blob.js";
import { type Chain, connectChain } from "#shared/chain/index.js";
import { BlockZeroError } from "#shared/errors.js";
import { agreedNetwork } from "#shared/participant/agreed-network.js";
import { subnetServers } from "#shared/participant/subnet-servers.js";
import { networkHash } from "#shared/protocol/network.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import type { CycleSource, FileRequest } from "#shared/replay/source.js";
import type { Log } from "#shared/telemetry/log.js";
import { blobFolders } from "../model-store.js";
import type { AuditContext } from "./audit-cycle.js";
import { openAuditFiles } from "./files.js";
import { openLocalnetChain } from "./localnet-chain.js";

export interface SubnetLocation {
  /** A localnet's home, or beside a chain that of any participant. */
  readonly home: string | undefined;
  /** A node's endpoint; unset, the chain is the localnet's. */
  readonly chain: string | undefined;
  readonly netuid: number | undefined;
  readonly allowPrivateAddresses: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A subnet as it can be looked at from outside. */
export interface OpenedSubnet extends Omit<AuditContext, "evaluate"> {
  /** The first cycle and the newest whose evaluate phase is over; none are there yet where `last` is below `first`. */
  readonly first: number;
  readonly last: number;
  close(): Promise<void>;
}

/** @throws BlockZeroError USAGE, AUDIT_WITHOUT_CHAIN, HOME_MISSING, and what connecting and reading the network file throw */
export const openSubnet = async (location: SubnetLocation): Promise<OpenedSubnet> => {
  const { home, log, signal } = location;
  if (home !== undefined && !existsSync(home))
    throw new BlockZeroError("HOME_MISSING", `there is no ${home}`, "name a home that exists");
  const { chain, netuid, close } = await openChain(location);
  try {
    // A localnet's chain is a copy that stands still, its servers are perhaps gone: all its files are in the home.
    const remote = location.chain === undefined ? undefined : remoteFiles(chain, netuid, location);
    const files = openAuditFiles(home === undefined ? [] : blobFolders(home), remote);
    const network = await agreedNetwork({ chain, netuid, fetch: (file) => files.fetch(file) });
    const source: CycleSource = { chain, network, networkHash: networkHash(network), fetch: files.fetch };
    const head = (await chain.head()).number;
    const { cycle } = phaseAt(head, network.phases);
    const isOver = head >= phaseWindow(cycle, "merge", network.phases).start;
    log.debug("opened a subnet", { netuid, head, network: source.networkHash });
    signal.throwIfAborted();
    return { source, files, head, first: network.first_cycle, last: isOver ? cycle : cycle - 1, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
};

const openChain = async ({ home, chain: endpoint, netuid, log, signal }: SubnetLocation) => {
  if (endpoint === undefined) {
    if (home === undefined)
      throw new BlockZeroError("USAGE", "there is no chain to audit", "give --home, or --chain and --netuid");
    return openLocalnetChain(home);
  }
  if (netuid === undefined) throw new BlockZeroError("USAGE", "a chain has many subnets", "say which with --netuid");
  const chain = await connectChain({ endpoint, log, signal });
  return { chain, netuid, close: () => chain.close() };
};

/** Asks who announced a file, then the validators and the owner. */
const remoteFiles = (chain: Chain, netuid: number, { allowPrivateAddresses, log, signal }: SubnetLocation) => {
  const client = createBlobClient({ allowPrivateAddresses, log });
  return async ({ hash, maxBytes, location }: FileRequest): Promise<Uint8Array> => {
    const locations = [...(location === undefined ? [] : [location]), ...(await subnetServers(chain, netuid))];
    const incoming = incomingBytes(hash);
    await client.receive({ locations: [...new Set(locations)], hash, maxBytes, signal }, incoming);
    return incoming.bytes();
  };
};
