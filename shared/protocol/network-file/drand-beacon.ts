import { z } from "zod";
import { about } from "./about.js";
import { contributionRulesSchema } from "./contribution-rules.js";
import { groupRulesSchema } from "./group-rules.js";

/** A drand beacon of the scheme `bls-unchained-g1-rfc9380`. */
export const drandBeaconSchema = z.strictObject({
  public_key: z
    .string()
    .regex(/^[0-9a-f]{192}$/, "a beacon's public key is 192 hex digits")
    .meta({ ...about("The beacon's key, a compressed point of G2."), takes: "192 hex digits" }),
  genesis_time: z.number().min(0).meta(about("When round 1 is published.", "seconds since 1970")),
  period: z.number().min(0.01).meta(about("Time between two rounds.", "seconds")),
});

/** The beacon that the chain follows. Its pulses make evaluation seeds: see `seed.ts`. */
export const seedBeaconSchema = drandBeaconSchema
  .extend({
    delay: z
      .int()
      .min(1)
      .max(1000)
      .default(5)
      .meta(
        about(
          "Rounds from the newest one at the last block before a seed to the round that makes it. It must be more than a block takes, so that the block's producer cannot know it.",
          "rounds",
        ),
      ),
    contributions: contributionRulesSchema
      .optional()
      .meta(
        about(
          "Sealed contributions of miners and validators, which every seed is mixed with: [beacon.md](beacon.md). Without it pulse and block hashes make seeds.",
        ),
      ),
    group: groupRulesSchema
      .optional()
      .meta(
        about(
          "In place of contributions: a group of validators whose one signature of a cycle every seed is mixed with: [beacon.md](beacon.md).",
        ),
      ),
  })
  .refine(({ contributions, group }) => contributions === undefined || group === undefined, {
    path: ["group"],
    message: "is there in place of contributions, not beside them",
  });

export type DrandBeacon = z.infer<typeof drandBeaconSchema>;
export type SeedBeacon = z.infer<typeof seedBeaconSchema>;

/** Whether seeds are mixed with a value of the cycle, of contributions or of a group's signature. */
export const hasCycleValue = (beacon: SeedBeacon | undefined): boolean =>
  beacon?.contributions !== undefined || beacon?.group !== undefined;
