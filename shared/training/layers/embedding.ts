import type { FloatTensor, IntTensor } from "#shared/engine/tensor.js";

/** Rows of the embedding by ids [N], times a factor, into a hidden state [N, d]. Of a frozen embedding only the rows that occur are read. */
export const embed = async (
  { data: ids }: IntTensor,
  hidden: FloatTensor,
  { rows, scale }: { scale: number; rows: (first: number, end: number) => Promise<FloatTensor> },
): Promise<void> => {
  const [, width] = hidden.shape as readonly [number, number];
  const places = new Map<number, number[]>();
  for (const [place, id] of ids.entries()) {
    const known = places.get(Number(id));
    if (known) known.push(place);
    else places.set(Number(id), [place]);
  }
  for (const id of [...places.keys()].sort((a, b) => a - b)) {
    const { data } = await rows(id, id + 1);
    const [first, ...others] = places.get(id)!;
    const target = hidden.data.subarray(first! * width, (first! + 1) * width);
    for (let i = 0; i < width; i++) target[i] = scale * data[i]!;
    for (const place of others) hidden.data.set(target, place * width);
  }
};

/** Adds the gradient by each token's row [N, d], times the factor, to the gradient by the embedding. */
export const addEmbeddingGradient = (
  { data: ids }: IntTensor,
  { data: byToken, shape }: FloatTensor,
  { data: gradient }: FloatTensor,
  scale: number,
): void => {
  const [, width] = shape as readonly [number, number];
  for (const [place, id] of ids.entries()) {
    const row = Number(id) * width;
    for (let i = 0; i < width; i++) gradient[row + i]! += Math.fround(scale * byToken[place * width + i]!);
  }
};
