import { join } from "node:path";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
import type { BlobSource } from "#shared/blobs/layered-store.js";
import { listedSource } from "#shared/blobs/listed-source.js";
import { observeFetches } from "#shared/blobs/observe-fetches.js";
import { openStore } from "#shared/blobs/open-store.js";
import { freeSpace } from "#shared/files/free-space.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { joinSignals } from "#shared/util/join-signals.js";
import { faultFields } from "../fault-fields.js";
import { openArchive } from "../files/archive.js";
import { type Blobs, createBlobs } from "../files/blobs.js";
import { keptCycles } from "../files/kept-cycles.js";
import { openUsedCycles, USED_FILE } from "../files/used-cycles.js";
import { peerClasses } from "../observe/peer-classes.js";
import type { Participant, ParticipantConfig } from "../participant.js";

export interface ParticipantBlobs {
  readonly store: LocalStore;
  /** What published blobs were copied to, as it is asked for them. Null if the settings name no such store. */
  readonly far: BlobSource | null;
  readonly blobs: Blobs;
  /** Gives up what is being copied, and then all else that the store elsewhere is asked. */
  close(): Promise<void>;
}

/**
 * The blobs in a home, and those of others. Close them.
 *
 * @param instruments undefined if nobody watches
 * @throws what `openStore` and `openArchive` throw
 */
export const openParticipantBlobs = async (
  config: ParticipantConfig,
  home: string,
  { chain, clock, signer, log, signal }: Pick<Participant, "chain" | "clock" | "signer" | "log" | "signal">,
  instruments: Instruments | undefined,
): Promise<ParticipantBlobs> => {
  const store = directoryStore(join(home, "blobs"), log);
  const client = createBlobClient({
    allowPrivateAddresses: config.allow_private_addresses,
    signer,
    log,
    observer: instruments && observeFetches(instruments, peerClasses({ chain, clock, netuid: config.netuid })),
  });
  const over = new AbortController();
  const opened = joinSignals(over, signal);
  const remote = await openStore(config.store, process.env, {
    onDown: (fault) => log.warn("the store does not answer: copies wait for it", faultFields(fault)),
    signal: over.signal,
  }).finally(opened);
  // What a folder has costs a look.
  const listed = remote === null || config.store.kind === "directory" ? undefined : listedSource(remote);
  const queue = join(home, "archive.json");
  const folder = config.store.kind === "directory" ? config.store.path : undefined;
  const archive = remote === null ? undefined : openArchive({ local: store, remote, listed, folder, queue, log });
  const blobs = await createBlobs(store, client, keptCycles(config), {
    quota: config.cache_gib * 2 ** 30,
    instruments,
    usedCycles: openUsedCycles(join(home, USED_FILE)),
    archive,
    free: () => freeSpace(home),
  });
  return {
    store,
    far: listed ?? remote,
    blobs,
    close: async () => {
      await archive?.close();
      over.abort();
    },
  };
};
