import { normal } from "#shared/data/normal.js";
import type { Random } from "#shared/data/random.js";

/** An update's elements, tensor after tensor. */
export type Elements = Float32Array;

/** How a thief makes another's update look like its own. */
export interface Disguise {
  readonly name: string;
  readonly apply: (stolen: Elements, options: { random: Random; other: Elements }) => Elements;
}

const mapped = (elements: Elements, f: (value: number, i: number) => number): Elements =>
  Float32Array.from(elements, f);

const noised = (share: number): Disguise => ({
  name: `noise of ${share} of the norm`,
  apply: (stolen, { random }) => {
    const noise = Float32Array.from(stolen, () => normal(random));
    const scale = (share * norm(stolen)) / norm(noise);
    return mapped(stolen, (value, i) => value + scale * noise[i]!);
  },
});

export const disguises: readonly Disguise[] = [
  noised(0.1),
  noised(0.3),
  noised(0.5),
  { name: "scaled by 0.7", apply: (stolen) => mapped(stolen, (value) => 0.7 * value) },
  {
    name: "each element scaled by 0.25–4",
    apply: (stolen, { random }) => mapped(stolen, (value) => value * 4 ** (2 * random.next() - 1)),
  },
  {
    name: "square roots of the elements",
    apply: (stolen) => mapped(stolen, (x) => Math.sign(x) * Math.sqrt(Math.abs(x))),
  },
  {
    name: "a quarter set to zero",
    apply: (stolen, { random }) => mapped(stolen, (value) => (random.next() < 0.25 ? 0 : value)),
  },
  {
    name: "a tenth of the signs flipped",
    apply: (stolen, { random }) => mapped(stolen, (value) => (random.next() < 0.1 ? -value : value)),
  },
  {
    name: "a third of one's own work mixed in",
    apply: (stolen, { other }) => mapped(stolen, (value, i) => (2 * value + other[i]!) / 3),
  },
];

export const norm = (elements: Elements): number => Math.sqrt(elements.reduce((sum, value) => sum + value * value, 0));
