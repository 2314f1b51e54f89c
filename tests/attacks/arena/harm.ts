/** What an attack may come to that it should not, by name, in words. */
export const HARMS = {
  pay: "pays more than honest work",
  model: "makes the model worse",
  rejected: "has honest miners rejected",
  abstained: "has honest miners left out of a cycle",
  agreed: "keeps a model from being agreed on",
  paid: "keeps honest miners from being paid",
  idle: "pays a validator that does nothing as much as one that works",
} as const;

export type Harm = keyof typeof HARMS;

/** Harm that the rules are known not to stop, each with the reason. */
export type KnownHarms = Readonly<Partial<Record<Harm, string>>>;
