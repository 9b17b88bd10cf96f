/** What `hubbub init` can begin a folder with; the first is what it takes when none is named. */
export const templates = ["chat", "feed", "dashboard", "api"] as const;
