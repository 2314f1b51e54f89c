import { createServer, type RequestListener } from "node:http";
import type { TestContext } from "node:test";
import type { Log } from "#shared/telemetry/log.js";

export const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** An HTTP server of somebody else's on loopback; its origin. */
export const listen = async (t: Pick<TestContext, "after">, listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new TypeError("not listening");
  return `http://127.0.0.1:${address.port}`;
};
