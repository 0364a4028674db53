// Made by Auth.WriteClientFields of the server. Do not edit.
import { inferAdditionalFields } from "better-auth/client/plugins";

export const additionalFields = inferAdditionalFields({
  user: {
    "role": { type: "string", input: false, defaultValue: "member" },
  },
  session: {
    "theme": { type: ["light","dark","sepia"], defaultValue: "light" },
    "tenant": { type: "string", input: false, defaultValue: "none" },
  },
});
