import { fileURLToPath } from "node:url";

/** Where a compiled module lies. @param module from the folder of all, such as `cli/main.js` */
export const compiled = (module: string): string => fileURLToPath(new URL(`../../${module}`, import.meta.url));
