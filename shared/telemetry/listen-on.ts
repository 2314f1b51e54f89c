import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { ListenAddress } from "./listen-address.js";

/** Where a server listens, e.g. `http://127.0.0.1:9701`. */
export interface Listening {
  readonly url: string;
  readonly port: number;
}

/** Binds a server's address. From then on its errors are the caller's. @throws what Node's `listen` throws */
export const listenOn = async (server: Server, { host, port }: ListenAddress): Promise<Listening> => {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: bound } = server.address() as AddressInfo;
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`, port: bound };
};

/** The same for a server without which a program does not go on. @throws BlockZeroError SERVER_FAILED */
export const mustListenOn = async (server: Server, address: ListenAddress): Promise<Listening> => {
  try {
    return await listenOn(server, address);
  } catch (cause) {
    const problem = `cannot serve on ${address.host}:${address.port}: ${reasonOf(cause)}`;
    throw new BlockZeroError("SERVER_FAILED", problem, "choose another port", { cause });
  }
};
