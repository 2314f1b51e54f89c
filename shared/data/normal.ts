import type { Random } from "./xoshiro.js";

/** A standard normal number (Box and Muller, "A note on the generation of random normal deviates", 1958); takes two of the stream's. */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
