import { join } from "node:path";
import type { BlobServer } from "#shared/blobs/blob-server.js";
import { layeredSource } from "#shared/blobs/layered-store.js";
import { openNonceMark } from "#shared/blobs/nonce-mark.js";
import type { Metagraph } from "#shared/chain/chain.js";
import { reasonOf } from "#shared/errors/error.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { verify } from "#shared/wallet/index.js";
import { serveOnKeptPort } from "../files/kept-port.js";
import { followRoles } from "../hotkey-roles.js";
import { showStanding, showSubnet } from "../observe/observe-standing.js";
import type { Participant, ParticipantConfig } from "../participant.js";
import type { ParticipantBlobs } from "./open-blobs.js";

export interface ServeBlobsOptions
  extends Pick<Participant, "chain" | "clock" | "signer" | "embargo" | "log" | "signal">,
    Pick<ParticipantBlobs, "store" | "far"> {
  /** Undefined if it is the server's own address. */
  readonly origin: string | undefined;
  readonly instruments: Instruments;
  /** Whether somebody watches: the subnet's figures are then shown. */
  readonly isWatched: boolean;
}

/** Serves a home's blobs to the subnet, those under embargo to nobody. Close it. @throws what reading the metagraph and listening throw */
export const serveBlobs = async (
  { netuid, listen }: ParticipantConfig,
  home: string,
  options: ServeBlobsOptions,
): Promise<BlobServer> => {
  const { chain, clock, signer, embargo, store, far, origin, instruments, isWatched, log, signal } = options;
  const showFigures = async (metagraph: Metagraph): Promise<void> => {
    try {
      const parameters = await chain.hyperParameters(netuid);
      showSubnet(metagraph, parameters, instruments);
      showStanding(metagraph, parameters, signer.address, instruments);
    } catch (thrown) {
      instruments.add("blockzero_chain_state_failures_total", 1);
      log.debug("the subnet's figures not read", { reason: reasonOf(thrown) });
    }
  };
  const onRead = isWatched ? showFigures : undefined;
  return serveOnKeptPort(listen, join(home, "port"), {
    store: far === null ? store : layeredSource(store, far),
    visible: embargo.isLifted,
    origin,
    admission: {
      verify,
      roleOf: await followRoles({ chain, clock, netuid, log, signal, onRead }),
      serveStrangers: listen.strangers,
      perHotkey: listen.requests_per_minute,
      perAddress: listen.stranger_requests_per_minute,
      nonceMark: openNonceMark(join(home, "request-nonce"), log),
    },
    maxConnectionsPerAddress: listen.connections_per_address,
    instruments,
    log,
  });
};
