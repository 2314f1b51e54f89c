import type { ExactDials } from "./dials.js";
import { leaveThread, takeThread } from "./processor-threads.js";

/** How a processor computes a network: all of it in kernels of our own, or its products by another library. The outputs are the same. */
export type Way = "kernels" | "products";

/** Below it the calls and the passes between products take longer than what a wider instruction gains. */
const LEAST_WIDTH = 128;

const known = new Map<string, Promise<Way>>();

/**
 * The faster way for layers of such a size on this machine, tried once on a thread of its own. Kernels where the trial fails.
 * @param dials that `fitsProcessor`
 */
export const fasterWay = async (dials: ExactDials): Promise<Way> => {
  const { width, inner } = dials;
  if (width < LEAST_WIDTH) return "kernels";
  const size = `${width} ${inner}`;
  const found = known.get(size) ?? tryWays(dials);
  known.set(size, found);
  return found;
};

const tryWays = async (dials: ExactDials): Promise<Way> => {
  const thread = takeThread();
  const { isFaster } = await thread.ask({ do: "compare", dials }).catch(() => ({ isFaster: false }));
  await leaveThread(thread);
  return isFaster ? "products" : "kernels";
};
