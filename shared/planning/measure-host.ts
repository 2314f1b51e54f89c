import { ADAMW_DEFAULTS, scalarsAt } from "#shared/engine/optim/adamw.js";
import { adamwInPlace } from "#shared/engine/optim/adamw-in-place.js";
import { BYTES } from "#shared/engine/tensor.js";
import { type FloatDType, floatBytes, widen } from "#shared/tensor-files/float-dtype.js";
import { medianSeconds, realClock } from "./laps.js";
import { seededPiece } from "./seeded-pool.js";

/** Elements of an array that is measured: more than a cache holds, with the others beside it. */
const OPTIMISER_ELEMENTS = 1 << 22;
/** Elements of a tensor that is read. */
const READ_ELEMENTS = 1 << 20;

/**
 * Seconds that AdamW in host memory takes a parameter: the gradient's norm, and the step. Of further micro-batches: adding one's gradient.
 *
 * @throws the signal's reason when it aborts
 */
export const measureOptimiser = async (
  signal?: AbortSignal,
): Promise<{ readonly step: number; readonly adding: number }> => {
  const [one] = adamwInPlace(ADAMW_DEFAULTS, [OPTIMISER_ELEMENTS], { accumulates: true });
  const { parameter, gradient, addend } = one!;
  for (const array of [parameter, gradient, addend!]) array.set(seededPiece("optimiser", OPTIMISER_ELEMENTS, 0.04));
  const at = scalarsAt(ADAMW_DEFAULTS, 1, 1e-6);
  const runs = [
    timed(() => {
      one!.sumOfSquares();
      one!.update(at, { factor: 1, decay: true });
    }),
    timed(() => one!.addGradients()),
  ];
  const [step, adding] = await medianSeconds(runs, signal);
  return { step: step! / OPTIMISER_ELEMENTS, adding: adding! / OPTIMISER_ELEMENTS };
};

/**
 * Seconds that an element of a frozen weight takes from the system's file cache to float32 in new memory.
 *
 * @throws the signal's reason when it aborts
 */
export const measureReading = async (dtype: FloatDType, signal?: AbortSignal): Promise<number> => {
  const size = floatBytes(dtype);
  const file = new Uint8Array(seededPiece("file", READ_ELEMENTS, 0.04).buffer, 0, size * READ_ELEMENTS);
  const run = timed(() => {
    const into = new Float32Array(READ_ELEMENTS);
    if (dtype === "F32") return widen(dtype, file, into);
    // As a part is read: halves into the upper half, from where each is widened.
    const halves = new Uint8Array(into.buffer, (BYTES.float32 - size) * READ_ELEMENTS);
    halves.set(file);
    widen(dtype, halves, into);
  });
  const [seconds] = await medianSeconds([run], signal);
  return seconds! / READ_ELEMENTS;
};

const timed = (work: () => void) => async (): Promise<number> => {
  const begun = realClock();
  work();
  return (realClock() - begun) / 1000;
};
