import type { FloatTensor } from "#shared/engine/tensor.js";
import { floatTensor } from "#shared/engine/tensor.js";
import { addInto } from "./add-into.js";

/** The gradients of a step: each is written by a program that gives it first, and added to by those that give more of it. */
export interface GradientSums {
  /** Forgets all of them: what comes next is a new step's. */
  begin(): void;
  /**
   * Runs a program that gives some gradients.
   *
   * @param wanted name of the trained tensor, by the program's output; of a matrix perhaps only some rows
   * @param run    is given a place for each output
   */
  collect(
    wanted: Readonly<Record<string, { readonly name: string; readonly rows?: readonly [first: number, end: number] }>>,
    run: (into: Readonly<Record<string, FloatTensor>>) => Promise<unknown>,
  ): Promise<void>;
}

/** @param gradients where the sums are, by the trained tensors' names */
export const gradientSums = (gradients: Readonly<Record<string, FloatTensor>>): GradientSums => {
  /** Rows that have been written, by tensor: up to the first that has not. */
  const written = new Map<string, number>();
  return {
    begin: () => written.clear(),
    async collect(wanted, run) {
      const into: Record<string, FloatTensor> = {};
      const adding: { readonly sum: Float32Array; readonly addend: Float32Array }[] = [];
      for (const [output, { name, rows }] of Object.entries(wanted)) {
        const whole = gradients[name]!;
        const height = whole.shape[0]!;
        const [first, end] = rows ?? [0, height];
        const width = whole.data.length / height;
        const data = whole.data.subarray(first * width, end * width);
        const shape = whole.shape.with(0, end - first);
        const isFirst = first >= (written.get(name) ?? 0);
        into[output] = isFirst ? floatTensor(data, shape) : floatTensor(new Float32Array(data.length), shape);
        if (isFirst) written.set(name, end);
        else adding.push({ sum: data, addend: into[output].data });
      }
      await run(into);
      for (const { sum, addend } of adding) addInto(sum, addend);
    },
  };
};
