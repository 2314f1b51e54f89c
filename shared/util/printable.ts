/** A stranger's text for a line on a terminal: no control or format character, and nothing that Unicode has not given away, is left of it. */
export const printable = (text: string): string => text.replace(/\p{C}/gu, "?");
