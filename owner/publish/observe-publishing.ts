import type { Chain } from "#shared/chain/chain.js";
import { reasonOf } from "#shared/errors/error.js";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { observeDisk } from "#shared/participant/observe/observe-disk.js";
import { observeHead } from "#shared/participant/observe/observe-head.js";
import { showSubnet } from "#shared/participant/observe/observe-standing.js";
import type { Network } from "#shared/protocol/network.js";
import { networkRecordOf } from "#shared/replay/succession.js";
import type { Log } from "#shared/telemetry/log.js";
import type { Telemetry } from "#shared/telemetry/telemetry.js";
import { onAbort } from "#shared/util/on-abort.js";

export interface Publishing {
  readonly chain: Chain;
  readonly network: Network;
  /** Hash of the network file that is served. */
  readonly hash: string;
  readonly home: string;
  readonly telemetry: Telemetry;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Blocks between two reads of the subnet's state. */
const EVERY_BLOCKS = 25;

/** Shows the subnet whose network file is served, until the signal aborts: head, cycle, size, and whether the chain still names the file. */
export const observePublishing = async (publishing: Publishing): Promise<void> => {
  const { chain, network, hash, home, telemetry, log, signal } = publishing;
  const { instruments } = telemetry;
  const clock = await startBlockClock(chain, signal);
  observeHead(clock, telemetry, signal, { phases: network.phases });
  onAbort(signal, observeDisk(home, instruments));
  const read = async () => {
    const [metagraph, parameters, commitments] = await Promise.all([
      chain.metagraph(network.netuid),
      chain.hyperParameters(network.netuid),
      chain.commitments(network.netuid),
    ]);
    showSubnet(metagraph, parameters, instruments);
    const isOurs = networkRecordOf(commitments, metagraph.ownerHotkey)?.record.hash === hash;
    instruments.set("blockzero_network_record_in_force", isOurs ? 1 : 0);
  };
  let last = Number.NEGATIVE_INFINITY;
  const readAt = (number: number) => {
    if (number < last + EVERY_BLOCKS) return;
    last = number;
    read().catch((thrown: unknown) => {
      instruments.add("blockzero_chain_state_failures_total", 1);
      log.debug("the subnet's figures not read", { reason: reasonOf(thrown) });
    });
  };
  readAt(clock.head.number);
  clock.onHead(({ number }) => readAt(number), signal);
};
