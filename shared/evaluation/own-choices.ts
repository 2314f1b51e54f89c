import type { Device } from "#shared/engine/device.js";
import { expertsOf } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { mean } from "#shared/util/mean.js";
import { referenceBatches } from "./reference-text.js";
import { createRoutingMeter, meanRelevance, type RoutingRow } from "./routing-meter.js";

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
    const shares: Record<string, number> = {};
    for (const [name, group] of Object.entries(groups)) {
      const own = expertsOf(model, group);
      const rows: RoutingRow[] = [];
      for (const { ids, batchSize, sequenceLength: length } of referenceBatches(network, name)) {
        const all = Array.from({ length: batchSize }, (_, row) => ids.subarray(row * length, (row + 1) * length));
        rows.push(...(await meter.measure(all)));
      }
      const relevance = meanRelevance(rows, "selected");
      shares[name] = mean(
        meter.layers.map((layer, i) => own[layer]!.reduce((sum, expert) => sum + relevance[i]![expert]!, 0)),
      );
    }
    return shares;
  } finally {
    await meter.dispose();
  }
};
