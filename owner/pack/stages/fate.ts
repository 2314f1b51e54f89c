/** What becomes of a document that passed the filters. */
export const TRAINING = 0;
export const HELD_OUT = 1;
export const EXACT_DUPLICATE = 2;
export const NEAR_DUPLICATE = 3;
export const OVERLAP = 4;
