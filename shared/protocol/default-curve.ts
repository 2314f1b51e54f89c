/**
 * What a network pays by where its file does not say. Splitting gains nothing where half of a work scores at most 0.757 of it
 * (`mostGainOf`: concavity 0.4), as in all that `npm run bench -- splitting` measures; docs/rewards.md has the figures.
 */
export const DEFAULT_CURVE = { curve: "proportional", exponent: 2.5 } as const;
