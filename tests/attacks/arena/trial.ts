import type { Attack } from "../attack.js";
import { type Campaign, campaign } from "./arena.js";
import { type Ground, openGround } from "./ground.js";
import type { ArenaModel } from "./models/arena-model.js";
import { type Observation, observationOf } from "./observation.js";
import { openScope } from "./scope.js";

export interface TrialOptions {
  readonly model: ArenaModel;
  /** Another genesis model, hence another hash, hence other draws everywhere. */
  readonly seed: string;
  readonly cycles: number;
}

/** Lives through attacks with one seed, one after the other, each on a subnet of its own; the runs that they are measured against once. */
export interface Trial {
  run(attack: Attack): Promise<Observation>;
  close(): Promise<void>;
}

export const openTrial = async ({ model, seed, cycles }: TrialOptions): Promise<Trial> => {
  const scope = openScope();
  const genesis = await model.genesis(seed);
  const opened: Field[] = [];
  const fieldOf = (attack: Attack): Field => {
    const { network, hasEnded, honest: others } = attack;
    const isSame = (one: Field) => one.network === network && one.hasEnded === hasEnded && one.others === others;
    const known = opened.find(isSame);
    if (known) return known;
    const ground = openGround({ model, seed, genesis }, attack);
    scope.after(() => ground.gym.dispose());
    const field = {
      network,
      hasEnded,
      others,
      ground,
      absent: once(ground, nobody(others), cycles),
      honest: new Map(),
    };
    opened.push(field);
    return field;
  };
  return {
    async run(attack) {
      const { ground, absent, honest } = fieldOf(attack);
      const machines = attack.machines ?? 1;
      const reference = {
        absent: await absent,
        honest: honest.get(machines) ?? (await once(ground, honestMiners(machines, attack.honest), cycles)),
      };
      honest.set(machines, reference.honest);
      return observationOf(attack, seed, await once(ground, attack, cycles), reference);
    },
    close: () => scope.close(),
  };
};

/** Attacks of one network and number of honest miners, and what they are measured against. */
interface Field {
  readonly network: Attack["network"];
  readonly hasEnded: Attack["hasEnded"];
  readonly others: Attack["honest"];
  readonly ground: Ground;
  readonly absent: Promise<Campaign>;
  /** By number of machines. */
  readonly honest: Map<number, Campaign>;
}

const nobody = (others: Attack["honest"]): Attack => ({
  name: "absent",
  description: "stays away",
  ...(others !== undefined && { honest: others }),
  submit: async () => [],
});

const honestMiners = (machines: number, others: Attack["honest"]): Attack => ({
  ...nobody(others),
  name: "honest",
  description: "trains honestly, a hotkey a machine",
  identities: machines,
  submit: ({ identities, train, forge }) =>
    Promise.all(
      identities.map(async (miner) => ({ forged: forge({ miner, tensors: await train({ stream: miner }) }) })),
    ),
});

const once = async (ground: Ground, attack: Attack, cycles: number): Promise<Campaign> => {
  const scope = openScope();
  try {
    return await campaign(scope, ground, attack, cycles);
  } finally {
    await scope.close();
  }
};
