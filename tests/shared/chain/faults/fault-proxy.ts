import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

/** What befalls one submission on its way. */
export type SubmitFault =
  /** The line breaks before the node has it. */
  | "cut before"
  /** The line breaks when the node has it and before the client knows. */
  | "cut after"
  /** A block holds it, and the line breaks before the client knows. */
  | "cut after inclusion"
  /** The node gets it twice. */
  | "twice";

export interface FaultProxy {
  readonly endpoint: string;
  /** Befalls the next submission. */
  submitFault: SubmitFault | undefined;
  /** Submissions are accepted and go nowhere. */
  isBlackHole: boolean;
  /** Nobody gets in. */
  isRefusing: boolean;
  /** Requests with this method are answered with an error, as a node does that has too many. */
  refusedMethod: string | undefined;
  /** Connections of the client so far. */
  readonly connections: number;
  /** Submissions that the client sent so far, by their bytes. */
  readonly submissions: readonly string[];
  /** Nothing of the node's reaches the client until it connects anew. */
  mute(): void;
  /** Nothing that the node announces reaches the client until it connects anew. What it asks is answered. */
  endSubscriptions(): void;
  /** Announces this to the client, as if the node did. */
  announce(method: string, params: unknown): void;
  cut(): void;
  close(): Promise<void>;
}

/** A devchain's, and a Substrate node's. */
const SUBMIT = /^author_submit(Extrinsic)?$/;

interface Rpc {
  readonly id?: number;
  readonly method?: string;
  readonly params?: readonly unknown[];
}

/**
 * A WebSocket proxy before a node, which breaks the traffic between it and a client as the test says.
 * @param target  the node's endpoint now; it may move
 * @param include builds a block
 */
export const startFaultProxy = async (target: () => string, include: () => void): Promise<FaultProxy> => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const open = new Set<WebSocket>();
  const submissions: string[] = [];
  let connections = 0;
  let epoch = 0;
  let subscriptions = 0;
  const clients = new Set<WebSocket>();

  const proxy: FaultProxy = {
    endpoint: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    submitFault: undefined,
    isBlackHole: false,
    isRefusing: false,
    refusedMethod: undefined,
    get connections() {
      return connections;
    },
    submissions,
    mute: () => {
      epoch++;
    },
    endSubscriptions: () => {
      subscriptions++;
    },
    announce: (method, params) => {
      for (const client of clients) client.send(JSON.stringify({ jsonrpc: "2.0", method, params }));
    },
    cut: () => {
      for (const socket of open) socket.terminate();
    },
    close: async () => {
      proxy.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  server.on("connection", (client) => {
    if (proxy.isRefusing) return client.terminate();
    connections++;
    const born = epoch;
    const subscribed = subscriptions;
    clients.add(client);
    const node = new WebSocket(target());
    const waiting: string[] = [];
    const answers = new Map<number, "cut after" | "cut after inclusion">();
    for (const socket of [client, node]) {
      open.add(socket);
      socket.on("error", () => socket.terminate());
      socket.on("close", () => {
        open.delete(socket);
        clients.delete(client);
        client.terminate();
        node.terminate();
      });
    }
    const toNode = (text: string) => (node.readyState === WebSocket.OPEN ? node.send(text) : waiting.push(text));
    node.on("open", () => {
      for (const text of waiting) node.send(text);
    });

    client.on("message", (data) => {
      const text = String(data);
      const { id = 0, method, params = [] }: Rpc = JSON.parse(text);
      if (method !== undefined && method === proxy.refusedMethod) {
        const error = { code: -32029, message: "Too many requests" };
        return client.send(JSON.stringify({ jsonrpc: "2.0", id, error }));
      }
      if (!SUBMIT.test(method ?? "")) return void toNode(text);
      const extrinsic = JSON.stringify(params[0]);
      submissions.push(extrinsic);
      if (proxy.isBlackHole) {
        const result = { status: "pool", hash: "0".repeat(64) };
        return client.send(JSON.stringify({ jsonrpc: "2.0", id, result }));
      }
      const fault = proxy.submitFault;
      proxy.submitFault = undefined;
      if (fault === "cut before") return client.terminate();
      toNode(text);
      if (fault === "twice") toNode(text);
      else if (fault) answers.set(id, fault);
    });
    node.on("message", (data) => {
      const text = String(data);
      const { id = 0, method }: Rpc = JSON.parse(text);
      if (method !== undefined && subscribed !== subscriptions) return;
      const fault = answers.get(id);
      if (fault === "cut after inclusion") include();
      if (fault) client.terminate();
      else if (born === epoch) client.send(text);
    });
  });
  return proxy;
};
