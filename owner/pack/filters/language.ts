import { franc } from "franc-min";
import type { PackSettings } from "../settings.js";
import type { Filter } from "./filter.js";

/** Characters that the language is told by. */
const SAMPLE = 2000;

/** The language by its trigrams, as franc tells it: of a text too short for that, none. ISO 639-3 codes, such as `eng`. */
export const languageFilter =
  ({ only }: PackSettings["filters"]["language"]): Filter =>
  (text) => {
    const language = franc(text.slice(0, SAMPLE));
    return only.includes(language) ? null : `language ${language}`;
  };
