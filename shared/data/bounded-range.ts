/** Numbers of one `range()` of a template: more than any conversation has messages. */
const MOST = 100_000;

/**
 * Jinja's `range()` with an end. The template engine's own makes whatever list it is asked for, and a heap that is full ends the process, whatever
 * time the template has.
 *
 * @throws RangeError for more than 100,000 numbers, or a step of 0
 */
const boundedRange = (first: number, second?: number, step = 1): readonly number[] => {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new RangeError("range() with a step of 0");
  const numbers: number[] = [];
  for (let i = start; step > 0 ? i < stop : i > stop; i += step) {
    if (numbers.length === MOST) throw new RangeError(`range() of more than ${MOST} numbers`);
    numbers.push(i);
  }
  return numbers;
};

/** A template that takes `range()` from `BOUNDED`: who renders one declares that name, and only the template itself may give it another value. */
export const withBoundedRange = (template: string): string => `{%- set range = bounded_range %}\n${template}`;

/** What a template by `withBoundedRange` is given, beside its own variables. */
export const BOUNDED = { bounded_range: boundedRange };
