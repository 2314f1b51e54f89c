/** Seconds that Subtensor takes for a block: what plans reckon with where nothing else is said. */
export const SUBTENSOR_BLOCK_SECONDS = 12;
