import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A line between a client and a server that can be lost, refused, held up and slow, whatever is spoken over it. */
export interface TcpProxy {
  readonly port: number;
  /** Nobody gets in. */
  isRefusing: boolean;
  /** Milliseconds by which each piece of data is late, either way. */
  delayMs: number;
  /** Open lines. */
  readonly lines: number;
  /** Breaks every line that is open. */
  cut(): void;
  close(): Promise<void>;
}

/** @param target the server's port on loopback, asked for at each connection: it may move. 0 where there is none yet */
export const startTcpProxy = async (target: () => number): Promise<TcpProxy> => {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const port = target();
    if (proxy.isRefusing || port === 0) {
      client.on("error", () => {});
      return void client.destroy();
    }
    const there = connect(port, "127.0.0.1");
    open.add(client);
    const end = () => {
      open.delete(client);
      client.destroy();
      there.destroy();
    };
    for (const socket of [client, there]) socket.on("error", end).on("close", end);
    forward(client, there);
    forward(there, client);
  });

  const forward = (from: Socket, to: Socket): void => {
    /** When the last piece goes on: what is read later never overtakes it. */
    let last = 0;
    from.on("data", (bytes) => {
      last = Math.max(last, performance.now() + proxy.delayMs);
      const wait = last - performance.now();
      const send = () => void (to.destroyed || to.write(bytes));
      if (wait <= 0) send();
      else setTimeout(send, wait);
    });
  };

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    isRefusing: false,
    delayMs: 0,
    get lines() {
      return open.size;
    },
    cut: () => {
      for (const socket of [...open]) socket.destroy();
    },
    close: async () => {
      server.close();
      proxy.cut();
      await once(server, "close");
    },
  };
  return proxy;
};
