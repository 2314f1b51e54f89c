import { normal } from "#shared/data/normal.js";
import type { Random } from "#shared/data/random.js";
import type { CodecName } from "#shared/protocol/network.js";

/** An update's elements, tensor after tensor. */
export type Elements = Float32Array;

/** How a thief makes another's update look like its own. */
export interface Disguise {
  readonly name: string;
  readonly apply: (stolen: Elements, means: Means) => Elements;
}

/** What a thief works with beside the update that was revealed. */
export interface Means {
  readonly random: Random;
  /** Its own work, coded. */
  readonly other: Elements;
  /** The stolen update before it was coded, as only somebody inside its author's machine has it. */
  readonly uncoded: Elements;
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

/** Changes √(2·share) of the norm where elements are about equally large. */
const moved = (share: number): Disguise => ({
  name: `${share} of its places given up for one's own`,
  apply: (stolen, { random, other }) => {
    const left = mapped(stolen, (value) => (value !== 0 && random.next() < share ? 0 : value));
    const isFree = (i: number) => stolen[i] === 0 && other[i] !== 0;
    const free = stolen.filter((_, i) => isFree(i)).length;
    const wanted = share * stolen.filter((value) => value !== 0).length;
    return mapped(left, (value, i) => (isFree(i) && random.next() * free < wanted ? other[i]! : value));
  },
});

const disguises: readonly Disguise[] = [
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

/** Of sparse updates, values matter less than which places they are at. */
const sparseDisguises: readonly Disguise[] = [
  ...[0.3, 0.5].map((share) => ({
    name: `noise of ${share} of the norm before coding`,
    apply: (_: Elements, means: Means) => noised(share).apply(means.uncoded, means),
  })),
  ...[0.3, 0.5].map((share) => ({
    name: `noise of ${share} of the norm at its places`,
    apply: (stolen: Elements, { random }: Means) => {
      const noise = mapped(stolen, (value) => (value === 0 ? 0 : normal(random)));
      const scale = (share * norm(stolen)) / norm(noise);
      return mapped(stolen, (value, i) => value + scale * noise[i]!);
    },
  })),
  moved(0.125),
  moved(0.25),
];

/** The disguises that are tried on updates of a codec. */
export const disguisesOf = (codec: CodecName): readonly Disguise[] =>
  codec === "topk-2bit" ? [...disguises, ...sparseDisguises] : disguises;

const norm = (elements: Elements): number => Math.sqrt(elements.reduce((sum, value) => sum + value * value, 0));
