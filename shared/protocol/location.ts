/** Greatest length of a location in a record, in characters. */
export const MAX_LOCATION_CHARS = 36;

const ORIGIN = /^https?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?$/;

/**
 * Whether the text names a blob server in the form of records: an http(s) origin in its one normal form (lower case, no default port, no
 * path, no credentials), at most 36 characters. This does not mean that the address is safe to contact.
 */
export const isLocation = (text: string): boolean => {
  if (text.length > MAX_LOCATION_CHARS || !ORIGIN.test(text)) return false;
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
};
