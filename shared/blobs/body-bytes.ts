/** Bytes of what a request sends; 0 where that is not known before it is read. */
export const bodyBytes = (body: RequestInit["body"]): number => {
  if (typeof body === "string") return Buffer.byteLength(body);
  if (body instanceof Blob) return body.size;
  return body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? body.byteLength : 0;
};
