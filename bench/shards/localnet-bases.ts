import { PRETRAINING, TRAINING } from "#localnet/training.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { expertsOf } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { mapValues } from "#shared/training/objective.js";
import { AFFINITY, pretrain } from "#shared/training/pretrain.js";
import type { Base, MakeBases } from "./base.js";

const TEMPLATE = "configs/localnet/network.yaml";
/** Experts of every layer that no group owns here, so that each mode is tried on the same groups. */
const ANCHORS = [3, 7];

/** The localnet's model, once with routers trained for the groups and once with others. */
export async function* localnetBases(making: MakeBases): AsyncGenerator<Base> {
  for (const [routers, affinity] of [
    ["for the groups", AFFINITY],
    ["at large", 0],
  ] as const) {
    const network = networkOf();
    const parameters = await pretrained(network, affinity, { ...making, what: `pretraining, routers ${routers}` });
    yield { routers, network, parameters, training: { ...TRAINING, max_steps: making.steps } };
  }
}

/**
 * The localnet's model and groups, with the settings of docs/by-hand.md for its miners.
 *
 * @param shape another depth or width of the model; each group has in every layer the experts that it has in the first
 */
export const localnetBase = async (
  making: MakeBases,
  shape: Readonly<Partial<Network["model"]>> = {},
): Promise<Base> => {
  const template = loadNetworkTemplate(TEMPLATE);
  const model = { ...template.model, ...shape };
  const layers = Array.from({ length: model.num_hidden_layers }, (_, layer) => layer);
  const groups = mapValues(template.groups, (group) => ({
    ...group,
    experts: Object.fromEntries(layers.map((layer) => [layer, group.experts[0]!])),
  }));
  const network: Network = { ...template, model, groups, genesis: "0".repeat(64) };
  const parameters = await pretrained(network, AFFINITY, { ...making, what: "pretraining" });
  const training = { ...TRAINING, learning_rate: 1e-3, warmup_steps: 10, max_steps: making.steps };
  return { routers: "for the groups", network, parameters, training };
};

const pretrained = (
  network: Network,
  affinity: number,
  { device, signal, pretraining, what, onStep }: MakeBases & { readonly what: string },
): Promise<Parameters> =>
  pretrain({
    ...PRETRAINING,
    ...{ device, signal, network, affinity, seed: "shards", steps: pretraining },
    onStep: (step) => onStep?.(what, step + 1, pretraining),
  });

/** The localnet's, whose groups leave the anchors to nobody. */
const networkOf = (): Network => {
  const template = loadNetworkTemplate(TEMPLATE);
  const groups = Object.entries(template.groups).map(([name, group]) => {
    const experts = expertsOf(template.model, group).map((ids) =>
      ids.filter((id) => !ANCHORS.includes(id)).slice(0, 3),
    );
    return [name, { ...group, experts: Object.fromEntries(experts.map((ids, layer) => [layer, ids])) }] as const;
  });
  return { ...template, groups: Object.fromEntries(groups), genesis: "0".repeat(64) };
};
