import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import type { Chain, PendingWeights } from "#shared/chain/chain.js";
import type { Beacon } from "#shared/chain/timelock/beacon.js";
import { type BlockRange, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { shortHash } from "#shared/protocol/records.js";
import type { Purpose, Signer } from "#shared/protocol/signer.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import type { Log } from "#shared/telemetry/log.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";
import type { BlockClock } from "../block-clock.js";
import type { Participant } from "../participant.js";
import { type Journal, openJournal } from "../writes/journal.js";
import { type BlockTime, watchBlockTime } from "./block-time.js";
import { type WeightsJournal, weightsJournalSchema } from "./weights-journal.js";

/** [uid, u16] pairs, the largest weight 65,535. */
export type Weights = readonly (readonly [number, number])[];

/** What is needed to set and reveal weights. */
export interface WeightsContext {
  readonly chain: Chain;
  readonly clock: BlockClock;
  readonly blockTime: BlockTime;
  readonly signer: Signer;
  readonly netuid: number;
  /** The cycle of a block, and the network in force. */
  readonly cycleAt: (block: number) => Pick<Purpose, "network" | "cycle">;
  /** The blocks in which a cycle's own weights are set: the first such window that is not over at this block. */
  readonly nextWindow: (block: number) => BlockRange;
  readonly journal: Journal<WeightsJournal>;
  /** The drand beacon that the chain follows. */
  readonly beacon: Beacon;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
  readonly instruments?: Instruments | undefined;
  readonly metrics?: Pick<MetricsSink, "write"> | undefined;
  readonly signal: AbortSignal;
}

export const openWeights = (
  { chain, clock, signer, network, networkHash, home, log, telemetry, signal }: Participant,
  beacon: Beacon,
  metrics?: Pick<MetricsSink, "write">,
): WeightsContext => ({
  chain,
  clock,
  blockTime: watchBlockTime(clock, signal),
  signer,
  netuid: network.netuid,
  cycleAt: (block) => ({ network: shortHash(networkHash), cycle: phaseAt(block, network.phases).cycle }),
  nextWindow: (block) => {
    const { cycle } = phaseAt(block, network.phases);
    const window = phaseWindow(cycle, "merge", network.phases);
    return block < window.end ? window : phaseWindow(cycle + 1, "merge", network.phases);
  },
  // Outside the folders of the networks: a commitment under one network file must still be revealed under the next.
  journal: openJournal(join(dirname(home), `weights-${network.netuid}.json`), weightsJournalSchema),
  beacon,
  random: randomBytes,
  instruments: telemetry.instruments,
  log,
  metrics,
  signal,
});

/** This hotkey's commitments that the chain has and nobody has revealed. */
export const pendingOf = ({ chain, netuid, signer }: WeightsContext): Promise<readonly PendingWeights[]> =>
  chain.pendingWeights(netuid, signer.address);
