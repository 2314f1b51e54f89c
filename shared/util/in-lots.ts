/** A list cut into lists of `size`, in its order; the last may be shorter. @param size at least 1 */
export const inLots = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, lot) => all.slice(lot * size, (lot + 1) * size));
