import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";

/** What went over a WebSocket. */
export interface Traffic {
  /** Messages of the client. */
  readonly questions: number;
  /** Of the node, in all. */
  readonly bytes: number;
}

/** Stands between clients and a node, and counts. */
export interface CountingProxy {
  readonly endpoint: string;
  /** Since the last time it was asked. */
  take(): Traffic;
  close(): Promise<void>;
}

export const startCountingProxy = async (target: string): Promise<CountingProxy> => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  let questions = 0;
  let bytes = 0;
  server.on("connection", (client) => {
    const node = new WebSocket(target, { perMessageDeflate: false });
    const open = once(node, "open");
    client.on("message", (data) => {
      questions++;
      void open.then(() => node.send(String(data)));
    });
    node.on("message", (data) => {
      const text = String(data);
      bytes += Buffer.byteLength(text);
      client.send(text);
    });
    client.on("close", () => node.close());
    node.on("close", () => client.close());
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    endpoint: `ws://127.0.0.1:${port}`,
    take: () => {
      const traffic = { questions, bytes };
      questions = 0;
      bytes = 0;
      return traffic;
    },
    close: async () => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
