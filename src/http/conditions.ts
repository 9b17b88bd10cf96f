/** What tells one state of a file from another. */
export type Validators = {
  /** A strong entity tag, with its quotes. */
  etag: string;
  /** When it was changed; absent if nobody knows. */
  modifiedAt?: Date | undefined;
};

/**
 * The status that a GET's conditions call for, in the order of RFC 9110 section 13.2.2: 304 if the client has this state, 412
 * if it wants another one; undefined if the file is to be sent.
 */
export function checkConditions(headers: Headers, { etag, modifiedAt }: Validators): 304 | 412 | undefined {
  const ifMatch = headers.get("if-match");
  if (ifMatch !== null) {
    if (!listTags(ifMatch).some((tag) => tag === "*" || tag === etag)) return 412;
  } else if (isBefore(headers.get("if-unmodified-since"), modifiedAt)) {
    return 412;
  }
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null) {
    return listTags(ifNoneMatch).some((tag) => tag === "*" || tag.replace(/^W\//, "") === etag) ? 304 : undefined;
  }
  return isBefore(headers.get("if-modified-since"), modifiedAt) === false ? 304 : undefined;
}

function listTags(header: string): string[] {
  return header.split(",").map((tag) => tag.trim());
}

/** Whether `date` lies before the second of `modifiedAt`; undefined if one of them is not known. */
function isBefore(date: string | null, modifiedAt: Date | undefined): boolean | undefined {
  const time = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(time) || modifiedAt === undefined) return undefined;
  return time < Math.floor(modifiedAt.getTime() / 1000) * 1000;
}
