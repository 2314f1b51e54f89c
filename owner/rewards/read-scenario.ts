import { z } from "zod";
import { readYaml, yamlValue } from "#shared/config/yaml-file.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { curveSchema } from "#shared/protocol/network-file/curve.js";
import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import { TYPICAL_ECONOMY } from "./economy.js";
import { BEHAVIOURS, TYPICAL_POPULATION } from "./population.js";
import type { PayRules } from "./replay.js";
import type { Scenario } from "./scenario.js";

/** Identities of one simulated subnet: what the chain has uids for, and more than any subnet. */
const MOST_IDENTITIES = 4096;

const share = z.number().min(0).max(1);
const positive = z.number().positive();
const amount = z.number().min(0).max(1e9);

const economySchema = z.strictObject({
  curve: curveSchema,
  burn: share,
  window: z.int().min(1).max(1000),
  merged: z.int().min(1).max(MOST_IDENTITIES),
  confidence: z.number().gt(0.5).lt(1),
  exponent: positive.max(16),
  batches: z.int().min(2).max(100_000),
  batchNoise: positive,
  duplicateRecall: share,
  concavity: positive.max(1),
  identityCost: amount,
  emission: positive.max(1e9),
  validators: z.int().min(1).max(64),
});

const kindSchema = z.strictObject({
  name: z.string().min(1).max(40),
  behaviour: z.enum(BEHAVIOURS),
  count: z.int().min(1).max(MOST_IDENTITIES),
  skill: positive.max(100),
  spread: z.number().min(0).max(3),
  dataQuality: share.default(1),
  work: share.default(1),
  availability: share.default(1),
  cost: amount,
  arrives: z.int().min(0).default(0),
  identities: z.int().min(1).max(256).default(1),
});

const scenarioSchema = z
  .strictObject({
    economy: economySchema.partial().prefault({}),
    kinds: z.array(kindSchema).min(1).max(64).optional(),
  })
  .refine(
    ({ kinds = [] }) => kinds.reduce((sum, { count, identities }) => sum + count * identities, 0) <= MOST_IDENTITIES,
    { error: `there are more than ${MOST_IDENTITIES} identities in all`, path: ["kinds"] },
  );

/** @throws SCENARIO_INVALID naming the field */
const parse = (given: unknown, source: string): z.infer<typeof scenarioSchema> => {
  const parsed = scenarioSchema.safeParse(given ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BlockZeroError(
      "SCENARIO_INVALID",
      `${source}: ${issue!.path.join(".") || "it"}: ${issue!.message}`,
      "correct that field; `blockzero rewards simulate --print-scenario` shows a whole file",
    );
  }
  return parsed.data;
};

/** The typical scenario with what `given` says otherwise. @throws SCENARIO_INVALID */
export const scenarioOf = (given: unknown, source: string): Scenario => {
  const { economy, kinds = TYPICAL_POPULATION } = parse(given, source);
  const changes = Object.fromEntries(Object.entries(economy).filter(([, value]) => value !== undefined));
  return { economy: { ...TYPICAL_ECONOMY, ...changes }, kinds };
};

const CODES = { missing: "SCENARIO_MISSING", malformed: "SCENARIO_MALFORMED" } as const;

const valueIn = (file: string): unknown => yamlValue(file, readYaml(file, CODES), CODES);

export const readScenario = (file: string): Scenario => scenarioOf(valueIn(file), file);

/** What a scenario changes of a network's pay: the curve, and burn and window where it names them. @throws SCENARIO_INVALID */
export const payRulesOf = (given: unknown, source: string): Partial<PayRules> => {
  const { curve = DEFAULT_CURVE, burn, window } = parse(given, source).economy;
  return { rewards: curve, ...(burn !== undefined && { burn }), ...(window !== undefined && { window }) };
};

/** The same of a file; without one the default curve. */
export const readPayRules = (file: string | undefined): Partial<PayRules> =>
  file === undefined ? payRulesOf({}, "") : payRulesOf(valueIn(file), file);
