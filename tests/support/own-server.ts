import { dirname, join } from "node:path";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { type BlobStore, directoryStore } from "#shared/blobs/blob-store.js";
import type { Participant } from "#shared/participant/participant.js";
import { type Scope, temporaryFolder } from "../shared/artifact/temporary.js";
import { collectingLog } from "../shared/chain/support.js";
import { type Forged, serve } from "./updates.js";

/** A server of the miner's own, which may answer as it likes. */
export const ownServer = async (
  t: Scope,
  forged: Forged,
  change: (store: BlobStore) => BlobStore = (store) => store,
) => {
  const store = directoryStore(temporaryFolder(t));
  await serve({ store }, forged);
  const { log } = collectingLog();
  const server = await startBlobServer({ host: "127.0.0.1", port: 0, store: change(store), visible: () => true, log });
  t.after(() => server.close());
  return server;
};

/** The folder of a participant's own store. */
export const blobsOf = ({ home }: Pick<Participant, "home">): string => join(dirname(home), "blobs");
