import type { KnownHarms } from "../arena/harm.js";
import type { Attack } from "../attack.js";

/** A network file that asks for no witnesses. */
export const unwitnessed: NonNullable<Attack["network"]> = (network) => {
  const { witness: _, ...scoring } = network.scoring;
  return { ...network, scoring };
};

/** What independence does not stop without witnesses: whose hotkeys are two thirds of a group or more may be taken for the crowd. */
export const MOST_OF_A_GROUP: KnownHarms = {
  pay: "its hotkeys are two thirds of the group or more, where splitting may pay without witnesses (docs/independence.md)",
};
