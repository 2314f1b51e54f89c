import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** A parser of sizes in bytes: `5GB` (10⁹), `512MiB` (2²⁰), `1000` (bytes). */
export const byteSize = (text: string): number => {
  const [, digits, unit = "B"] = /^(\d+(?:\.\d+)?) ?([a-z]+)?$/i.exec(text) ?? [];
  const factor = Object.hasOwn(UNITS, unit.toUpperCase()) ? UNITS[unit.toUpperCase()]! : Number.NaN;
  const bytes = Math.floor(Number(digits) * factor);
  if (Number.isSafeInteger(bytes) && bytes >= 1) return bytes;
  throw new InvalidArgumentError("It must be a size such as 5GB or 512MiB.");
};
