/** What the part after `#` names. */
export type Route =
  | { readonly view: "overview" }
  | { readonly view: "miner"; readonly uid: number; readonly cycle: number | null };

/** Anything that is no miner's page is the overview. */
export const routeOf = (hash: string): Route => {
  const [, uid, cycle] = /^#\/miner\/(\d{1,5})(?:\/(\d{1,10}))?$/.exec(hash) ?? [];
  if (uid === undefined) return { view: "overview" };
  return { view: "miner", uid: Number(uid), cycle: cycle === undefined ? null : Number(cycle) };
};

export const minerHref = (uid: number, cycle: number | null): string =>
  `#/miner/${uid}${cycle === null ? "" : `/${cycle}`}`;
