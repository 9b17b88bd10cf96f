import * as v from "valibot";

/** What is wrong with a request, as an answer. */
export type Refusal = { status: number; body: { message: string } };

export const refuse = (status: number, message: string): Refusal => ({ status, body: { message } });

/** A request's JSON as `schema` makes it, or what is wrong with it. */
export function readBody<Output>(
  body: string | undefined,
  schema: v.GenericSchema<unknown, Output>,
): { value: Output } | { refusal: Refusal } {
  const read = v.safeParse(
    v.pipe(v.string("The body is missing"), v.parseJson({}, "The body is no JSON"), schema),
    body,
  );
  if (read.success) return { value: read.output };
  const [{ message, path }] = read.issues;
  const place = path?.map(({ key }) => String(key)).join(".");
  return { refusal: refuse(400, place === undefined ? message : `${place}: ${message}`) };
}
