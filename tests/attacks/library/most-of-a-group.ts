import type { KnownHarms } from "../arena/harm.js";

/** What independence does not stop: whose hotkeys are two thirds of a group or more may be taken for the crowd. */
export const MOST_OF_A_GROUP: KnownHarms = {
  pay: "its hotkeys are two thirds of the group or more, where splitting may pay (docs/independence.md)",
};
