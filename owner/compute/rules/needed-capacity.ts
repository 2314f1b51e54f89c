/**
 * How many times the hardware a host needs that is there only from a window's beginning on and must load first, to prove as much as one that
 * is always there: window/(window − load), without bound where loading takes the whole window. Time before `counted`, where the inputs' seed
 * is not known yet or a grace period lasts, earns nobody anything, so that loading in it is free:
 * (window − counted)/(window − max(counted, load)).
 *
 * Source: the proposal on continuous proofs, discussion 802 of Gonka, comment 3. In any unit of time.
 */
export const neededCapacity = (window: number, load: number, counted = 0): number => {
  if (!(window > counted && counted >= 0 && load >= 0)) throw new RangeError(`no window of ${window} from ${counted}`);
  const left = window - Math.max(counted, load);
  return left > 0 ? (window - counted) / left : Infinity;
};
