import { existsSync } from "node:fs";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { openStore } from "#shared/blobs/open-store.js";
import { ARCHIVE_FORMS, parseStore } from "#shared/blobs/store-setting.js";
import type { Chain } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { agreedFiles } from "#shared/participant/agreement/agreed-network.js";
import { networkHash } from "#shared/protocol/network.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { CycleSource } from "#shared/replay/source.js";
import { firstCycleFrom, networkInForce } from "#shared/replay/succession.js";
import type { Log } from "#shared/telemetry/log.js";
import { blobFolders } from "./blob-folders.js";
import { openSubnetFiles, type SubnetFiles } from "./files.js";
import { openLocalnetChain } from "./localnet-chain.js";
import { archivedCopies, type RemoteCopies, serverCopies } from "./remote-copies.js";
import { subnetServers } from "./subnet-servers.js";

export interface SubnetLocation {
  /** A localnet's home, or beside a chain that of any participant. */
  readonly home: string | undefined;
  /** A node's endpoint, or several of one chain; unset, the chain is the localnet's. */
  readonly chain: string | readonly string[] | undefined;
  readonly netuid: number | undefined;
  readonly allowPrivateAddresses: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The operator's own copy of the network file. */
  readonly networkFile?: string | undefined;
  /** Whose requests to servers these are; unset: a stranger's. */
  readonly signer?: Pick<Signer, "address" | "sign"> | undefined;
  /** A folder in which what servers gave is kept for the next time; unset: nothing is. */
  readonly cache?: string;
  /** Participants' archives, as their setting `store` names them, asked after everybody else. */
  readonly archives?: readonly string[] | undefined;
  /** Every server is asked for every file, also when somebody gave it. */
  readonly everyServer?: boolean | undefined;
}

/** A subnet at one block, with the network that is in force there. */
export interface SubnetView {
  readonly source: Omit<CycleSource, "chain"> & { readonly chain: Chain };
  /** The newest block. */
  readonly head: number;
  /** The first cycle and the newest whose evaluate phase is over; none are there yet where `last` is below `first`. */
  readonly first: number;
  readonly last: number;
}

/** The whole of a subnet as anybody can look at it: nothing is registered, sent or changed. Closing it names the faulty copies that nobody took. */
export interface OpenedSubnet extends SubnetView {
  readonly files: SubnetFiles;
  /** The same subnet at the block that is the newest by now. @throws what connecting and reading the network file throw */
  look(): Promise<SubnetView>;
  close(): Promise<void>;
}

/** @throws BlockZeroError USAGE, HOME_WITHOUT_CHAIN, HOME_MISSING, and what connecting and reading the network file throw */
export const openSubnet = async (location: SubnetLocation): Promise<OpenedSubnet> => {
  const { home, log, signal, networkFile, cache, everyServer } = location;
  if (home !== undefined && !existsSync(home))
    throw new BlockZeroError("HOME_MISSING", `there is no ${home}`, "name a home that exists");
  const { chain, netuid, close: closeChain } = await openChain(location);
  const closing: (() => Promise<void>)[] = [closeChain];
  const close = async () => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    // A localnet's chain is a copy that stands still, its servers are perhaps gone: all its files are in the home.
    let phases: PhaseLengths | undefined;
    let servers: RemoteCopies = async () => [];
    const slow = new Set<string>();
    const remote = oneAfterAnother([(file) => servers(file), ...(await openArchives(location))]);
    const folders = [...(home === undefined ? [] : blobFolders(home)), ...(cache === undefined ? [] : [cache])];
    const files = openSubnetFiles({
      folders,
      remote,
      everyCopy: everyServer,
      cache: cache === undefined ? cache : directoryStore(cache, log),
    });
    closing.push(async () => {
      for (const { path, unreadable } of files.takeFaulty())
        log.warn(unreadable ?? "a file is not what its hash says", { path });
      await files.close();
    });
    const look = async (): Promise<SubnetView> => {
      // Who serves is found out anew; who was slow comes last until it is not.
      if (location.chain !== undefined) servers = remoteFiles(chain, netuid, () => phases, slow, location);
      const { network: agreed, beyond } = await agreedFiles({
        chain,
        netuid,
        file: networkFile,
        fetch: (file) => files.fetch(file),
        log,
      });
      const reading = { chain, fetch: files.fetch, open: files.open };
      const head = (await chain.head()).number;
      const published = { ...reading, network: agreed, networkHash: networkHash(agreed) };
      const { source } = await networkInForce(
        published,
        head,
        beyond.map(({ hash }) => hash),
      );
      const { network } = source;
      phases = network.phases;
      const { cycle } = phaseAt(head, network.phases);
      const isOver = head >= phaseWindow(cycle, "merge", network.phases).start;
      log.debug("looked at a subnet", { netuid, head, network: source.networkHash });
      return { source, head, first: await firstCycleFrom(source, 0), last: isOver ? cycle : cycle - 1 };
    };
    const view = await look();
    signal.throwIfAborted();
    return { ...view, files, look, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
};

const openChain = async ({ home, chain: endpoint, netuid, log, signal }: SubnetLocation) => {
  if (endpoint === undefined) {
    if (home === undefined)
      throw new BlockZeroError("USAGE", "there is no chain to look at", "give --home, or --chain and --netuid");
    return openLocalnetChain(home, log);
  }
  if (netuid === undefined) throw new BlockZeroError("USAGE", "a chain has many subnets", "say which with --netuid");
  const chain = await connectChain({ endpoint, log, signal });
  return { chain, netuid, close: () => chain.close() };
};

/** Asks who announced a file, then the validators and the owner. */
const remoteFiles = (
  chain: Chain,
  netuid: number,
  phases: () => PhaseLengths | undefined,
  slow: Set<string>,
  location: SubnetLocation,
): RemoteCopies => {
  const { allowPrivateAddresses, log, signal, signer } = location;
  const client = createBlobClient({ allowPrivateAddresses, log, ...(signer && { signer }), busyPausesMs: [] });
  return serverCopies({ client, servers: subnetServers(chain, netuid, phases), signal, slow });
};

const openArchives = ({ archives = [], signal }: SubnetLocation): Promise<readonly RemoteCopies[]> =>
  Promise.all(
    archives.map(async (setting) => {
      const choice = parseStore(setting);
      const store = choice && (await openStore(choice, process.env, { signal }));
      if (store === null) throw new BlockZeroError("USAGE", `${setting} is no archive`, `give ${ARCHIVE_FORMS}`);
      return archivedCopies(store, setting, signal);
    }),
  );

const oneAfterAnother =
  (sources: readonly RemoteCopies[]): RemoteCopies =>
  async (file) =>
    (await Promise.all(sources.map((copiesOf) => copiesOf(file)))).flat();
