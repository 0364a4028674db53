import { createAuthClient } from "better-auth/client";
import { settings } from "./settings";

/** The official client, talking to the API on this page's own origin. */
export const client = createAuthClient({
  baseURL: window.location.origin,
  basePath: settings.basePath,
});

export type Session = typeof client.$Infer.Session;
