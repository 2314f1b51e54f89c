import type { PackSettings } from "../settings.js";
import type { Filter } from "./filter.js";
import { languageFilter } from "./language.js";
import { lengthFilter } from "./length.js";
import { repetitionFilter } from "./repetition.js";
import { symbolFilter } from "./symbols.js";

/** The filters of the settings, the cheapest first, by name. */
export const filtersOf = ({
  filters: { length, repetition, symbols, language },
}: Pick<PackSettings, "filters">): ReadonlyMap<string, Filter> =>
  new Map<string, Filter>([
    ...(length.use ? [["length", lengthFilter(length)] as const] : []),
    ...(symbols.use ? [["symbols", symbolFilter(symbols)] as const] : []),
    ...(repetition.use ? [["repetition", repetitionFilter(repetition)] as const] : []),
    ...(language.only.length > 0 ? [["language", languageFilter(language)] as const] : []),
  ]);
