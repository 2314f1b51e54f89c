import { PRETRAINING, TRAINING } from "#localnet/training.js";
import { minerSettings } from "#miner/config.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { loadConfig } from "#shared/config/load.js";
import type { Device } from "#shared/engine/device.js";
import { groupShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import { inMemory, readAll } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { pretrain } from "#shared/training/pretrain.js";

/** A young network as the localnet makes it, and miners that train on it. */
export interface Nursery {
  readonly network: Network;
  /** The genesis model. */
  readonly base: Parameters;
  /** What an honest miner's cycle gives, and the tensors that it trained; `steps` ends it before its schedule does. */
  train(
    group: string,
    miner: string,
    options?: { from?: Parameters; cycle?: number; steps?: number; training?: Partial<typeof TRAINING> },
  ): Promise<Parameters>;
}

const TEMPLATE = "configs/localnet/network.yaml";

export const openNursery = async (device: Device, { seed = "nursery", steps = 250 } = {}): Promise<Nursery> => {
  const network: Network = { ...loadNetworkTemplate(TEMPLATE), genesis: "0".repeat(64) };
  const { signal } = new AbortController();
  const base = await pretrain({ network, device, seed, steps, ...PRETRAINING, signal });
  return {
    network,
    base,
    async train(group, miner, { from = base, cycle = 1, training, steps } = {}) {
      const settings = { ...TRAINING, ...training };
      const own = Object.keys(groupShapes(network.model, network.groups[group]!));
      const split = (keep: boolean) =>
        Object.fromEntries(Object.entries(from).filter(([name]) => own.includes(name) === keep));
      const config = loadConfig(minerSettings, { env: {}, flags: { ...settings, expert_group: group } });
      const trainer = await createShardTrainer({
        device,
        network,
        group,
        config,
        hub: frozenInMemory(split(false)),
        miner,
      });
      try {
        const { update } = await trainer.train(inMemory(split(true)), {
          cycle,
          maxSteps: steps ?? settings.max_steps,
          stop: () => false,
        });
        return Object.fromEntries(Object.entries(await readAll(update)).sort(([a], [b]) => (a < b ? -1 : 1)));
      } finally {
        await trainer.dispose();
      }
    },
  };
};
