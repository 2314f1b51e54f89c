import { type BlobServerOptions, startBlobServer } from "#shared/blobs/blob-server.js";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";

/**
 * Serves blobs on the configured port. If any port will do, uses the port of the last run again if it is free: other participants still
 * look there for what was announced before a restart.
 *
 * @param portFile stores the port
 */
export const serveOnKeptPort = async (
  { host, port }: Pick<BlobServerOptions, "host" | "port">,
  portFile: string,
  options: Omit<BlobServerOptions, "host" | "port">,
): ReturnType<typeof startBlobServer> => {
  const last = port === 0 ? Number(readFileIfAny(portFile) ?? 0) : port;
  const server = await startBlobServer({ ...options, host, port: last }).catch((thrown: unknown) => {
    if (port !== 0 || last === 0) throw thrown;
    return startBlobServer({ ...options, host, port: 0 });
  });
  writeFileAtomic(portFile, String(server.port));
  return server;
};
