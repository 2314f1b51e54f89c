import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
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

/** Sends what is asked for of some bytes, so many a second. */
export const stream = (
  { headers }: IncomingMessage,
  response: ServerResponse,
  {
    bytes,
    rate,
    onSent,
  }: { readonly bytes: Uint8Array; readonly rate: number; readonly onSent?: (count: number) => void },
): void => {
  let from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "bytes=0-")?.[1]);
  const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(from > 0 ? 206 : 200, from > 0 ? { "content-range": range } : {});
  const timer = setInterval(() => {
    const chunk = bytes.subarray(from, from + rate / 20);
    from += chunk.length;
    onSent?.(chunk.length);
    response.write(chunk);
    if (from === bytes.length) response.end(() => clearInterval(timer));
  }, 50);
  response.once("close", () => clearInterval(timer));
};
