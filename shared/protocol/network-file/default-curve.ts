/**
 * Default reward curve, if the network file gives none. Splitting gains nothing if half of a work scores at most 0.757 of the whole
 * (`mostGainOf`: concavity 0.4), as in all measurements of `npm run bench -- splitting`. docs/rewards.md has the figures.
 */
export const DEFAULT_CURVE = { curve: "proportional", exponent: 2.5 } as const;
