import type { Random } from "#shared/data/random.js";

type Elements = Float32Array;

/** What is made of one training for so many hotkeys. */
export interface Disguise {
  readonly name: string;
  readonly apply: (own: Elements, identities: number, random: Random) => readonly Elements[];
}

const lengthOf = (elements: Elements): number => Math.sqrt(elements.reduce((sum, value) => sum + value * value, 0));

const noise = (like: Elements, share: number, random: Random): Elements => {
  // Uniform on ±√3 deviations.
  const widest = (share * lengthOf(like) * Math.sqrt(3)) / Math.sqrt(like.length);
  return like.map(() => widest * (2 * random.next() - 1));
};

const plus = (a: Elements, b: Elements, factor = 1): Elements => a.map((value, i) => value + factor * b[i]!);

const times = <T>(count: number, make: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => make(i));

const underNoise = (share: number): Disguise => ({
  name: `noise of ${share} of the norm`,
  apply: (own, identities, random) => times(identities, () => plus(own, noise(own, share, random))),
});

const besideOriginal = (share: number): Disguise => ({
  name: `the original, and noise of ${share}`,
  apply: (own, identities, random) => times(identities, (i) => (i === 0 ? own : plus(own, noise(own, share, random)))),
});

/** Noises that sum to nothing, so that each pair has less in common; two are u + n and u − n. */
const simplex = (share: number): Disguise => ({
  name: `noises of ${share} that sum to nothing`,
  apply(own, identities, random) {
    const noises = times(identities, () => noise(own, share, random));
    const middle = own.map((_, i) => noises.reduce((sum, one) => sum + one[i]!, 0) / identities);
    const longer = Math.sqrt(identities / (identities - 1));
    return noises.map((one) => plus(own, plus(one, middle, -1), longer));
  },
});

export const disguises: readonly Disguise[] = [
  { name: "exact copies", apply: (own, identities) => times(identities, () => own) },
  ...[0.1, 0.3, 0.5, 1, 2].map(underNoise),
  ...[0.3, 1].map(besideOriginal),
  ...[0.3, 0.6, 1].map(simplex),
  {
    name: "parts by element, scaled up",
    apply: (own, identities, random) => {
      const places = own.map(() => Math.floor(random.next() * identities));
      return times(identities, (part) => own.map((value, i) => (places[i] === part ? identities * value : 0)));
    },
  },
];
