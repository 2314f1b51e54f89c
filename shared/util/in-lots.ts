/** A list cut into lists of `size`, in its order; the last may be shorter. @param size at least 1, infinite for one lot */
export const inLots = <T>(all: readonly T[], size: number): readonly (readonly T[])[] => {
  const each = Math.min(size, Math.max(1, all.length));
  return Array.from({ length: Math.ceil(all.length / each) }, (_, lot) => all.slice(lot * each, (lot + 1) * each));
};
