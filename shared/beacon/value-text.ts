import { type BeaconValue, isWeaker } from "./value.js";

/** How a value came about and what it is worth, in one line for people: origin, who is in it, and who was asked and is not, with the reason. */
export const valueText = (
  value: BeaconValue,
  nameOf: (hotkey: string) => string = (hotkey) => hotkey.slice(0, 8),
): string => {
  const { origin, contributors, dropped } = value;
  const made =
    origin === "contributions"
      ? `contributions of ${contributors.map(nameOf).join(", ")}`
      : origin === "group"
        ? `the signature of a threshold group that ${contributors.map(nameOf).join(", ")} formed`
        : origin === "pulse"
          ? "a pulse and a block hash alone"
          : "block hashes alone";
  const left = dropped.map(({ hotkey, why }) => `${nameOf(hotkey)}: ${why}`).join("; ");
  return [
    `${value.value.slice(0, 12)} of ${made}`,
    ...(isWeaker(value) ? [`a fallback, which is weaker`] : []),
    ...(left === "" ? [] : [`without ${left}`]),
  ].join(" · ");
};
