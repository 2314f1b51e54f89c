/** Sets of numbers that are joined; each is known by its least member (Tarjan, "Efficiency of a good but not linear set union algorithm", 1975). */
export interface UnionFind {
  /** The least member of the set that has this one. */
  find(member: number): number;
  join(a: number, b: number): void;
}

export const unionFind = (size: number): UnionFind => {
  const parents = Uint32Array.from({ length: size }, (_, i) => i);
  const find = (member: number): number => {
    let at = member;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!;
      at = parents[at]!;
    }
    return at;
  };
  return {
    find,
    join: (a, b) => {
      const [first, second] = [find(a), find(b)];
      parents[Math.max(first, second)] = Math.min(first, second);
    },
  };
};
