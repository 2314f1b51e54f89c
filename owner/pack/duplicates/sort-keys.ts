const DIGIT_BITS = 16;
const DIGITS = 1 << DIGIT_BITS;

/** Positions of keys of 64 bits in ascending order; equal ones as they stood. Least significant digit first: four passes, whatever the keys. */
export const sortedOrder = (highs: Uint32Array, lows: Uint32Array): Uint32Array => {
  let order = Uint32Array.from(highs, (_, i) => i);
  let other = new Uint32Array(order.length);
  const starts = new Uint32Array(DIGITS);
  for (const { keys, shift } of [
    { keys: lows, shift: 0 },
    { keys: lows, shift: DIGIT_BITS },
    { keys: highs, shift: 0 },
    { keys: highs, shift: DIGIT_BITS },
  ]) {
    starts.fill(0);
    for (const key of keys) starts[(key >>> shift) & (DIGITS - 1)]!++;
    let sum = 0;
    for (let digit = 0; digit < DIGITS; digit++) {
      const count = starts[digit]!;
      starts[digit] = sum;
      sum += count;
    }
    for (const at of order) {
      const digit = (keys[at]! >>> shift) & (DIGITS - 1);
      other[starts[digit]!++] = at;
    }
    [order, other] = [other, order];
  }
  return order;
};
