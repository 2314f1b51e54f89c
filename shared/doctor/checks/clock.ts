import { askHealth } from "#shared/blobs/health-request.js";
import { rankServers, readServers } from "#shared/participant/files/subnet-servers.js";
import { NONCE_WINDOW_MS } from "#shared/protocol/request.js";
import { formatDuration } from "#shared/telemetry/progress.js";
import { lowerMedian } from "#shared/util/lower-median.js";
import { type Check, type Finding, failure, ok, warning } from "../check.js";
import type { Examined, ReadableChain } from "../examined.js";

/** A clock that is so far off is said, though all still works. */
const OFF_MS = 5_000;
/** A block that is older says nothing about the clock: the node may lag. */
const FRESH_MS = 60_000;
/** Servers whose dates are read at most. */
const SERVERS = 5;

/** This machine's clock beside the chain's newest block and the dates that the subnet's servers send. */
export const clockCheck: Check = {
  name: "clock",
  deadlineMs: 20_000,
  needs: "chain",
  run: async (about, signal) => {
    const chain = await about.chain();
    const { timestamp } = await chain.head();
    const dates = await aheadOfServers(about, chain, signal);
    return verdictOf(about.machine.now() - timestamp, dates);
  },
};

/** The same by the chain alone. */
export const chainClockCheck: Check = {
  name: "clock",
  deadlineMs: 5_000,
  needs: "chain",
  run: async ({ chain, machine }) => {
    const { timestamp } = await (await chain()).head();
    return verdictOf(machine.now() - timestamp, []);
  },
};

/**
 * The chain decides where its newest block is fresh: servers are strangers. Where it is old, their dates tell a slow node from a fast clock.
 *
 * @param sinceBlock milliseconds by this clock since the newest block
 * @param ahead milliseconds by which this clock is ahead of each server's
 */
const verdictOf = (sinceBlock: number, ahead: readonly number[]): Finding => {
  const remedy = "set the clock: enable NTP, as with timedatectl set-ntp true";
  const ofServers = `the dates of ${ahead.length} of the subnet's servers`;
  if (sinceBlock < -OFF_MS) return failure(`${formatDuration(-sinceBlock)} behind the chain's newest block`, remedy);
  if (sinceBlock <= FRESH_MS) return ok(`${formatDuration(Math.max(0, sinceBlock))} after the chain's newest block`);
  if (ahead.length === 0)
    return warning(
      `${formatDuration(sinceBlock)} ahead of the chain's newest block`,
      `${remedy}; or the node lags: see blockzero chain status`,
    );
  const off = lowerMedian(ahead);
  if (Math.abs(off) <= OFF_MS) return ok(`in step with ${ofServers}; the chain's newest block is old`);
  const says = `${formatDuration(Math.abs(off))} ${off > 0 ? "ahead of" : "behind"} ${ofServers}`;
  if (Math.abs(off) <= NONCE_WINDOW_MS) return warning(says, remedy);
  return failure(`${says}; signatures of requests count for ${NONCE_WINDOW_MS / 1000} s`, remedy);
};

/** Dates have whole seconds: half of one is taken off. Servers that do not answer say nothing. */
const aheadOfServers = async (
  { config, machine }: Examined,
  chain: ReadableChain,
  signal: AbortSignal,
): Promise<readonly number[]> => {
  const servers = rankServers(await readServers(chain, config.netuid)).slice(0, SERVERS);
  const limits = { allowPrivateAddresses: config.allow_private_addresses };
  const answers = await Promise.allSettled(servers.map((location) => askHealth(location, limits, signal)));
  return answers.flatMap((answer) =>
    answer.status === "fulfilled" && answer.value.date !== null ? [machine.now() - answer.value.date - 500] : [],
  );
};
