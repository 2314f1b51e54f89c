import { PRETRAINING, TRAINING } from "#localnet/training.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { expertsOf } from "#shared/model/groups.js";
import type { Network } from "#shared/protocol/network.js";
import { AFFINITY, pretrain } from "#shared/training/pretrain.js";
import type { Base, MakeBases } from "./base.js";

const TEMPLATE = "configs/localnet/network.yaml";
/** Experts of every layer that no group owns here, so that each mode is tried on the same groups. */
const ANCHORS = [3, 7];

/** The localnet's model, once with routers trained for the groups and once with others. */
export async function* localnetBases({ pretraining, steps, onStep, ...making }: MakeBases): AsyncGenerator<Base> {
  for (const [routers, affinity] of [
    ["for the groups", AFFINITY],
    ["at large", 0],
  ] as const) {
    const network = networkOf();
    const parameters = await pretrain({
      ...making,
      ...PRETRAINING,
      network,
      affinity,
      seed: "shards",
      steps: pretraining,
      onStep: (step) => onStep?.(`pretraining, routers ${routers}`, step + 1, pretraining),
    });
    yield { routers, network, parameters, training: { ...TRAINING, max_steps: steps } };
  }
}

/** The localnet's model and groups, with the settings of docs/by-hand.md for its miners. */
export const localnetBase = async ({ pretraining, steps, onStep, ...making }: MakeBases): Promise<Base> => {
  const network: Network = { ...loadNetworkTemplate(TEMPLATE), genesis: "0".repeat(64) };
  const parameters = await pretrain({
    ...making,
    ...PRETRAINING,
    network,
    seed: "shards",
    steps: pretraining,
    onStep: (step) => onStep?.("pretraining", step + 1, pretraining),
  });
  const training = { ...TRAINING, learning_rate: 1e-3, warmup_steps: 10, max_steps: steps };
  return { routers: "for the groups", network, parameters, training };
};

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
