import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Miner } from "#miner/context.js";
import { minerJournalSchema } from "#miner/journal.js";
import { createIdleGate } from "#shared/continuous/idle-gate.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import type { MetricValues } from "#shared/telemetry/metrics.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import type { Flags, Joined, Subnet } from "./subnet.js";
import { device, genesisBase } from "./updates.js";

export interface TestMiner extends Miner {
  readonly participant: Joined;
  /** What it measured. */
  readonly measured: readonly MetricValues[];
}

/** A miner as its program makes it, for one cycle at a time. */
export const openMiner = async (
  t: TestContext,
  subnet: Subnet,
  name: string,
  flags: Flags = {},
): Promise<TestMiner> => {
  const { network } = subnet;
  const participant = await subnet.join(name);
  const config = subnet.minerConfig(name, flags);
  const group = config.expert_group;
  const base = genesisBase(subnet);
  const trainer = await createShardTrainer({
    device,
    network,
    group,
    config,
    miner: config.wallet.hotkey,
    hub: frozenInMemory(base.hub),
  });
  t.after(() => trainer.dispose());
  const measured: MetricValues[] = [];
  return {
    participant,
    config,
    trainer,
    measured,
    metrics: { write: (values) => void measured.push(values), close: async () => {} },
    journal: openJournal(join(participant.home, "miner.json"), minerJournalSchema),
    gate: createIdleGate(),
  };
};
