import type { Attack } from "../attack.js";
import { type Campaign, campaign } from "./arena.js";
import { type Ground, genesisModel, openGround } from "./ground.js";
import { type Reference, type Result, resultOf } from "./result.js";
import { openScope } from "./scope.js";

/** Lives through attacks one after the other, each on a subnet of its own; the runs that they are measured against once. */
export interface Trial {
  run(attack: Attack): Promise<Result>;
  close(): Promise<void>;
}

export const openTrial = async (cycles: number): Promise<Trial> => {
  const scope = openScope();
  const genesis = await genesisModel();
  const opened = new Map<Attack["network"], { ground: Ground; reference: Promise<Reference> }>();
  const fieldOf = ({ network, sealed }: Attack) => {
    const known = opened.get(network);
    if (known) return known;
    const ground = openGround(genesis, (usual) => network?.(usual) ?? usual, sealed);
    scope.after(() => ground.gym.dispose());
    const field = { ground, reference: referenceFor(ground, cycles) };
    opened.set(network, field);
    return field;
  };
  return {
    async run(attack) {
      const { ground, reference } = fieldOf(attack);
      const measuredAgainst = await reference;
      return resultOf(attack, await once(ground, attack, cycles), measuredAgainst);
    },
    close: () => scope.close(),
  };
};

const referenceFor = async (ground: Ground, cycles: number): Promise<Reference> => {
  const honest: Attack = {
    name: "honest",
    description: "one more honest miner",
    submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train() }) }],
  };
  const absent: Attack = { ...honest, name: "absent", submit: async () => [] };
  return { absent: await once(ground, absent, cycles), honest: await once(ground, honest, cycles) };
};

const once = async (ground: Ground, attack: Attack, cycles: number): Promise<Campaign> => {
  const scope = openScope();
  try {
    return await campaign(scope, ground, attack, cycles);
  } finally {
    await scope.close();
  }
};
