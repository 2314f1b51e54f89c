import { batchRows } from "#shared/data/batch-rows.js";
import type { Device } from "#shared/engine/device.js";
import { expertsOf } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import type { Network } from "#shared/protocol/network.js";
import { mean } from "#shared/util/mean.js";
import { referenceBatches } from "./reference-text.js";
import { createRoutingMeter, meanRelevance, measureEach } from "./routing-meter.js";

/**
 * How often the router sends a group's reference text to the group's own experts: a share, averaged over layers. 1 where the whole model routes
 * as a shard.
 *
 * @param signal ends it between two runs of a layer, with its reason
 */
export const ownChoices = async (
  device: Device,
  network: Pick<Network, "model" | "groups" | "data" | "scoring">,
  parameters: Parameters,
  signal?: AbortSignal,
): Promise<Record<string, number>> => {
  const { model, groups, data, scoring } = network;
  const meter = createRoutingMeter(device, model, {
    batchSize: scoring.eval_batch_size,
    sequenceLength: data.sequence_length,
    model: async () => parameters,
    ...(signal && { signal }),
  });
  try {
    const names = Object.keys(groups);
    const rows = await measureEach(
      meter,
      names.map((name) => referenceBatches(network, name).flatMap(batchRows)),
    );
    const shareOf = (group: ExpertGroup, relevance: readonly (readonly number[])[]): number => {
      const own = expertsOf(model, group);
      return mean(meter.layers.map((layer, i) => own[layer]!.reduce((sum, expert) => sum + relevance[i]![expert]!, 0)));
    };
    return Object.fromEntries(
      names.map((name, i) => [name, shareOf(groups[name]!, meanRelevance(rows[i]!, "selected"))]),
    );
  } finally {
    await meter.dispose();
  }
};
