import { networkDifferences } from "#shared/config/load-network.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type Network, networkHash } from "#shared/protocol/network.js";
import { phaseAt } from "#shared/protocol/phases.js";
import { changeOf, originOf } from "#shared/protocol/succession.js";
import { printable } from "#shared/util/printable.js";
import { lacksInFirstCycle } from "./first-cycle.js";

/** A network file that is to take the place of a published one, and what that does, for people. */
export interface PlannedChange {
  readonly network: Network;
  readonly says: readonly string[];
}

export interface ChangeOptions {
  readonly former: Network;
  /** As its owner wrote it: what it succeeds and from when is filled in here. */
  readonly next: Network;
  /** The newest block. */
  readonly head: number;
  /** The first cycle under the new file; unset: the one after the next. */
  readonly fromCycle: number | undefined;
}

/** Cycles from the one under way to the first under a new file: one passes meanwhile, in which everybody learns of it. */
const AHEAD = 2;

/**
 * Where the model can be kept, gives the change a first cycle that has not begun, so that everybody goes over in it; else the network begins anew.
 *
 * @throws NETWORK_CHANGE_LATE, NETWORK_CHANGE_UNDATED
 */
export const planChange = ({ former, next: written, head, fromCycle }: ChangeOptions): PlannedChange => {
  const { succeeds: _, ...next } = written;
  const differences = networkDifferences(undated(former), undated(next)).map(
    ({ field, left, right }) => `  ${field}: ${shown(left)} → ${shown(right)}`,
  );
  const change = changeOf(former, next);
  if (change.effect === "resets") {
    if (fromCycle !== undefined)
      throw new BlockZeroError(
        "NETWORK_CHANGE_UNDATED",
        `--from-cycle: this change begins anew (${change.reasons[0]}), and nobody can go over to it`,
        "leave it out: the file's own first_cycle says when it begins",
      );
    const says = ["this change resets the model to genesis:", ...change.reasons.map((reason) => `  ${reason}`)];
    return { network: next, says: ["changes:", ...differences, ...says, "everybody has to start again"] };
  }
  const formerHash = networkHash(former);
  const current = phaseAt(head + 1, former.phases).cycle;
  const earliest = Math.max(current, former.first_cycle) + 1;
  const first = fromCycle ?? Math.max(current + AHEAD, earliest);
  if (first < earliest)
    throw new BlockZeroError(
      "NETWORK_CHANGE_LATE",
      `cycle ${first} has begun, or is not after the first one of the file that is to be succeeded`,
      `name cycle ${earliest} or a later one with --from-cycle`,
    );
  return {
    network: {
      ...next,
      first_cycle: first,
      succeeds: { network: formerHash, origin: originOf(former, formerHash) },
    },
    says: [
      "changes:",
      ...differences,
      `this change keeps the model, scores and cycles: it holds from cycle ${first} on, now is cycle ${current}`,
      "everybody goes over by itself",
      ...lacksInFirstCycle(former, next, first),
    ],
  };
};

const undated = ({ succeeds: _, first_cycle: __, ...network }: Network) => network;

/** A value of a network file, which may be a stranger's, for a line of a terminal. */
export const shown = (value: unknown): string => (value === undefined ? "(none)" : printable(JSON.stringify(value)));
