/** What a key of the network file means, and its unit, for docs/network-file.md. */
export const about = (description: string, unit = "") => ({ description, unit });
