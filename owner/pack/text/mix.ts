/** MurmurHash3's finaliser: every bit of the input changes every bit of the result half of the time. 32 bits, without sign. */
export const mix = (x: number): number => {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};
