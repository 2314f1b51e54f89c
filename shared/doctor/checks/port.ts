import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { type BlobServer, startBlobServer } from "#shared/blobs/blob-server.js";
import { askHealth } from "#shared/blobs/health-request.js";
import { memoryStore } from "#shared/blobs/memory-store.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import { ownLocation } from "#shared/participant/files/own-location.js";
import { hotkeyAddress } from "#shared/signing/open-signer.js";
import { silentLog } from "#shared/telemetry/log.js";
import { type Check, type Finding, failure, ok, warning } from "../check.js";
import type { Examined } from "../examined.js";

/** What this machine's own request to the announced address can show, and what it cannot. */
const FROM_HERE = "asked from this machine: a firewall towards the outside shows only from elsewhere, as with curl";

/**
 * Whether files can be had at the address that goes on chain. Serves random bytes on the port and asks for them at that address, through a
 * socket of its own. If the port is taken, the program itself may be running: then its health is asked for.
 */
export const portCheck: Check = {
  name: "port",
  deadlineMs: 20_000,
  run: async (about, signal) => {
    const { listen } = about.config;
    const announced = ownLocation(about.config);
    const blob = randomBytes(64);
    const store = memoryStore();
    const hash = await store.put(blob);
    let server: BlobServer | undefined;
    try {
      server = await startBlobServer({
        host: listen.host,
        port: await portOf(about),
        store,
        visible: () => true,
        log: silentLog,
      });
    } catch (thrown) {
      if (!hasCode(thrown, "SERVER_FAILED")) throw thrown;
      if (listen.port === 0) return ok("any free port; that of the last run is taken, perhaps by the program itself");
      return taken(announced ?? `http://${listen.host}:${listen.port}`, thrown, signal);
    }
    try {
      const location = announced ?? server.url;
      // It is one's own address, from one's own settings.
      const client = createBlobClient({ allowPrivateAddresses: true, log: silentLog, graceMs: 8_000 });
      await client.fetchBlob({ hash, location, maxBytes: blob.length, signal });
      return ok(`${location} serves this machine's files; ${FROM_HERE} ${location}/health while the program runs`);
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof BlockZeroError)) throw thrown;
      return warning(
        `${announced ?? server.url} does not serve this machine's files: ${thrown.message}`,
        `forward the port to ${server.url}, or correct listen.public_url; some routers do not lead a machine to its own outer address: then ask from elsewhere`,
      );
    } finally {
      await server.close();
    }
  },
};

const taken = async (location: string, refused: BlockZeroError, signal: AbortSignal): Promise<Finding> => {
  try {
    const { status } = await askHealth(location, { allowPrivateAddresses: true }, signal);
    if (status === 200) return ok(`${location} answers: the program is running, or another one; ${FROM_HERE}`);
    return failure(`the port is taken, and ${location} answers ${status}`, "stop what uses it, or choose another port");
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof BlockZeroError)) throw thrown;
    return failure(
      `${reasonOf(refused)}, and ${location} does not answer`,
      "stop what uses the port, or choose another listen.host or listen.port",
    );
  }
};

/** The configured port; of a program that takes any, the one of its last run. */
const portOf = async ({ config: { listen, wallet, checkpoint_dir } }: Examined): Promise<number> => {
  if (listen.port !== 0) return listen.port;
  try {
    const address = await hotkeyAddress(wallet);
    return Number(readFileIfAny(join(checkpoint_dir, address, "port")) ?? 0);
  } catch {
    return 0;
  }
};
