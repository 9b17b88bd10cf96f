/** What `hubbub doctor` found of one thing; `unknown` if it could not be looked at, or is not the case here. */
export type Finding = {
  /** The same in every version: programs find it by this name. */
  name: string;
  state: "ok" | "warning" | "wrong" | "unknown";
  found: string;
  /** What to do. */
  advice?: string;
};
