import type { Random } from "#shared/data/random.js";

/** How large the numbers are. */
export type Level = 1 | 2 | 3;

/** One problem with its solution, lines without a newline at the end. */
export type Problem = (random: Random, level: Level) => string;

export interface Topic {
  readonly title: string;
  readonly problems: readonly [Problem, ...Problem[]];
}

const between = (random: Random, low: number, high: number): number => low + random.below(high - low + 1);

/** A number with exactly so many digits. */
const withDigits = (random: Random, digits: number): number => between(random, 10 ** (digits - 1), 10 ** digits - 1);

/** Units first. */
const digitsOf = (value: number): number[] => [...String(value)].reverse().map(Number);

const lines = (...parts: readonly (string | readonly string[])[]): string => parts.flat().join("\n");

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

const sum: Problem = (random, level) => {
  const a = withDigits(random, level + 1);
  const b = withDigits(random, between(random, 2, level + 1));
  return lines(`Add ${a} and ${b}.`, columnSum(a, b), `${a} + ${b} = ${a + b}`);
};

const columnSum = (a: number, b: number): string[] => {
  const upper = digitsOf(a);
  const lower = digitsOf(b);
  const steps: string[] = [];
  let carry = 0;
  for (let place = 0; place < Math.max(upper.length, lower.length); place++) {
    const terms = [upper[place] ?? 0, lower[place] ?? 0, ...(carry > 0 ? [carry] : [])];
    const total = terms.reduce((left, right) => left + right);
    carry = Math.floor(total / 10);
    steps.push(
      `${terms.join(" + ")} = ${total}, ${carry > 0 ? `write ${total % 10}, carry ${carry}` : `write ${total}`}`,
    );
  }
  if (carry > 0) steps.push(`write the carry ${carry}`);
  return steps;
};

const sumOfThree: Problem = (random, level) => {
  const [a, b, c] = [withDigits(random, level + 1), withDigits(random, level), withDigits(random, level + 1)];
  return lines(`Add ${a}, ${b} and ${c}.`, `${a} + ${b} = ${a + b}`, `${a + b} + ${c} = ${a + b + c}`);
};

const difference: Problem = (random, level) => {
  const a = withDigits(random, level + 1);
  const b = between(random, 10 ** (level - 1), a - 1);
  const upper = digitsOf(a);
  const lower = digitsOf(b);
  const steps: string[] = [];
  let borrowed = 0;
  for (let place = 0; place < upper.length; place++) {
    const top = (upper[place] ?? 0) - borrowed;
    const bottom = lower[place] ?? 0;
    const lack = top < bottom;
    steps.push(
      lack ? `borrow 10: ${top + 10} - ${bottom} = ${top + 10 - bottom}` : `${top} - ${bottom} = ${top - bottom}`,
    );
    borrowed = lack ? 1 : 0;
  }
  return lines(`Subtract ${b} from ${a}.`, steps, `${a} - ${b} = ${a - b}`, `Check: ${a - b} + ${b} = ${a}`);
};

const product: Problem = (random, level) => {
  const a = withDigits(random, level === 1 ? 2 : level);
  const b = withDigits(random, level === 1 ? 1 : 2);
  return lines(`Multiply ${a} by ${b}.`, partsOfProduct(a, b), `${a} * ${b} = ${a * b}`);
};

const partsOfProduct = (a: number, b: number): string[] => {
  const parts = digitsOf(b)
    .map((digit, place) => digit * 10 ** place)
    .filter((part) => part > 0)
    .reverse();
  const products = parts.map((part) => a * part);
  const steps = parts.map((part, i) => `${a} * ${part} = ${products[i]}`);
  return parts.length < 2 ? splitProduct(a, b) : [...steps, `${products.join(" + ")} = ${a * b}`];
};

const splitProduct = (a: number, b: number): string[] => {
  const units = a % 10;
  const tens = a - units;
  return [`${tens} * ${b} = ${tens * b}`, `${units} * ${b} = ${units * b}`, `${tens * b} + ${units * b} = ${a * b}`];
};

const division: Problem = (random, level) => {
  const divisor = between(random, 2, 9);
  const dividend = withDigits(random, level + 1);
  const steps: string[] = [];
  let remainder = 0;
  for (const digit of digitsOf(dividend).reverse()) {
    const part = remainder * 10 + digit;
    remainder = part % divisor;
    steps.push(`${part} = ${divisor} * ${Math.floor(part / divisor)} + ${remainder}`);
  }
  const quotient = Math.floor(dividend / divisor);
  return lines(
    `Divide ${dividend} by ${divisor}.`,
    steps,
    `${dividend} / ${divisor} is ${quotient} remainder ${remainder}`,
    `Check: ${quotient} * ${divisor} + ${remainder} = ${dividend}`,
  );
};

const linearEquation: Problem = (random, level) => {
  const x = between(random, 2, level * 12);
  const a = between(random, 2, level * 5 + 4);
  const b = between(random, 1, level * 30);
  const minus = random.below(2) === 1;
  const c = minus ? a * x - b : a * x + b;
  const [sign, inverse] = minus ? ["-", "+"] : ["+", "-"];
  return lines(
    `Solve ${a}x ${sign} ${b} = ${c}.`,
    `${a}x = ${c} ${inverse} ${b}`,
    `${c} ${inverse} ${b} = ${a * x}`,
    `${a * x} / ${a} = ${x}`,
    `x = ${x}`,
  );
};

const bracketEquation: Problem = (random, level) => {
  const x = between(random, 1, level * 10);
  const a = between(random, 2, 9);
  const b = between(random, 1, level * 8);
  const c = a * (x + b);
  return lines(
    `Solve ${a}(x + ${b}) = ${c}.`,
    `${c} / ${a} = ${x + b}, so x + ${b} = ${x + b}`,
    `${x + b} - ${b} = ${x}`,
    `x = ${x}`,
  );
};

const names = ["Ada", "Omar", "Mei", "Ivan", "Rosa", "Kofi", "Lena", "Ravi", "Zoe", "Tomas"] as const;
const things = ["apples", "pencils", "marbles", "stamps", "coins", "shells", "cards", "buttons"] as const;

const boxes: Problem = (random, level) => {
  const [name, thing] = [random.pick(names), random.pick(things)];
  const count = between(random, 2, 3 + level * 3);
  const each = between(random, 3, level * 12);
  const given = between(random, 1, count * each - 1);
  return lines(
    `${name} has ${count} boxes with ${each} ${thing} each and gives away ${given}. How many ${thing} are left?`,
    `${count} * ${each} = ${count * each}`,
    `${count * each} - ${given} = ${count * each - given}`,
    `${name} has ${count * each - given} ${thing} left.`,
  );
};

const sharing: Problem = (random, level) => {
  const [name, thing] = [random.pick(names), random.pick(things)];
  const friends = between(random, 2, 4 + level * 2);
  const each = between(random, 2, level * 10);
  const rest = random.below(friends);
  const total = friends * each + rest;
  return lines(
    `${name} shares ${total} ${thing} among ${friends} friends. How many does each get, and how many remain?`,
    `${friends} * ${each} = ${friends * each}`,
    `${total} - ${friends * each} = ${rest}`,
    `Each gets ${each}, and ${rest} remain.`,
  );
};

const journey: Problem = (random, level) => {
  const name = random.pick(names);
  const hours = between(random, 2, 2 + level * 2);
  const speed = between(random, 4, 10 + level * 25);
  const more = between(random, 1, level * 20);
  return lines(
    `${name} travels ${hours} hours at ${speed} km an hour, then ${more} km more. How far is that?`,
    `${hours} * ${speed} = ${hours * speed}`,
    `${hours * speed} + ${more} = ${hours * speed + more}`,
    `${name} travels ${hours * speed + more} km.`,
  );
};

const percentage: Problem = (random, level) => {
  const percent = random.pick([5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 80, 90]);
  const whole = between(random, 1, level * 9) * 20;
  const part = (whole * percent) / 100;
  return lines(
    `A coat costs ${whole} and is sold ${percent} percent cheaper. What is the new price?`,
    `${whole} * ${percent} = ${whole * percent}`,
    `${whole * percent} / 100 = ${part}`,
    `${whole} - ${part} = ${whole - part}`,
  );
};

const reduceFraction: Problem = (random, level) => {
  const bottom = between(random, 3, 6 + level * 3);
  const top = between(random, 1, bottom - 1);
  const factor = between(random, 2, 3 + level * 2);
  return lines(`Reduce ${top * factor}/${bottom * factor}.`, reduction(top * factor, bottom * factor));
};

const reduction = (top: number, bottom: number): string[] => {
  const divisor = greatestCommonDivisor(top, bottom);
  if (divisor === 1) return [`${top}/${bottom} is in lowest terms`];
  return [
    `${top} / ${divisor} = ${top / divisor}`,
    `${bottom} / ${divisor} = ${bottom / divisor}`,
    `${top}/${bottom} = ${top / divisor}/${bottom / divisor}`,
  ];
};

const addFractions: Problem = (random, level) => {
  const [b, d] = [between(random, 2, 4 + level * 2), between(random, 2, 4 + level * 2)];
  const [a, c] = [between(random, 1, b - 1), between(random, 1, d - 1)];
  const common = (b * d) / greatestCommonDivisor(b, d);
  const [left, right] = [a * (common / b), c * (common / d)];
  return lines(
    `Add ${a}/${b} and ${c}/${d}.`,
    `The common denominator is ${common}.`,
    `${a}/${b} = ${left}/${common}`,
    `${c}/${d} = ${right}/${common}`,
    `${left} + ${right} = ${left + right}`,
    reduction(left + right, common),
  );
};

const sequence: Problem = (random, level) => {
  const step = between(random, 2, level * 12);
  const start = between(random, 1, level * 30);
  const terms = Array.from({ length: 4 }, (_, i) => start + i * step);
  const last = start + 3 * step;
  return lines(
    `Continue ${terms.join(", ")}.`,
    `${start + step} - ${start} = ${step}`,
    `${last} + ${step} = ${last + step}`,
    `${last + step} + ${step} = ${last + 2 * step}`,
    `Next come ${last + step} and ${last + 2 * step}.`,
  );
};

export const topics: readonly [Topic, ...Topic[]] = [
  { title: "Sums", problems: [sum, sum, sumOfThree] },
  { title: "Differences", problems: [difference] },
  { title: "Sums and differences", problems: [sum, difference, sequence] },
  { title: "Products", problems: [product] },
  { title: "Division with remainder", problems: [division] },
  { title: "Products and division", problems: [product, division] },
  { title: "Equations", problems: [linearEquation, bracketEquation] },
  { title: "Word problems", problems: [boxes, sharing, journey, percentage] },
  { title: "Fractions", problems: [reduceFraction, addFractions] },
];
