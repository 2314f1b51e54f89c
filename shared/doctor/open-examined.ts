import { createBlobClient } from "#shared/blobs/blob-client.js";
import type { Chain } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import { agreedNetwork, networkFrom } from "#shared/participant/agreement/agreed-network.js";
import type { Network } from "#shared/protocol/network.js";
import { silentLog } from "#shared/telemetry/log.js";
import type { Examined } from "./examined.js";
import { thisMachine } from "./machine.js";

export interface OpenedExamination {
  readonly about: Examined;
  close(): Promise<void>;
}

/** Longest wait for the first answer of an endpoint. */
const CONNECT_MS = 10_000;

/** A program's configuration on this machine. Connects and fetches only when a check asks for it, and once. */
export const openExamined = (
  about: Pick<Examined, "role" | "config" | "env" | "beacon" | "requirements">,
  signal: AbortSignal,
): OpenedExamination => {
  const { config, env } = about;
  let connecting: Promise<Chain> | undefined;
  let reading: Promise<Network> | undefined;
  const chain = () => {
    connecting ??= connectChain({ endpoint: config.chain_endpoint, timeoutMs: CONNECT_MS, signal });
    return connecting;
  };
  const read = async () => {
    const client = createBlobClient({ allowPrivateAddresses: config.allow_private_addresses, log: silentLog });
    const fetch = networkFrom(client, signal);
    return agreedNetwork({ chain: await chain(), netuid: config.netuid, file: config.network, fetch });
  };
  return {
    about: {
      ...about,
      machine: thisMachine(env),
      chain,
      network: () => {
        reading ??= read();
        return reading;
      },
    },
    close: async () => {
      const connected = await connecting?.catch(() => undefined);
      await connected?.close();
    },
  };
};
